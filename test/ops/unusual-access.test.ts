/** The report as the security officer runs it, on the traces that a server left. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Report } from '../../src/audit/unusual/report.ts';
import { durationOf } from '../../src/cli/duration.ts';
import { clientFor, testServer, type TestServer } from '../support/server.ts';

const run = promisify(execFile);
const ROOT = new URL('../..', import.meta.url).pathname;
const PATIENTS = 6;

let carnet: TestServer;

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  for (let index = 0; index < PATIENTS; index += 1) {
    const id = `martinez-${index}`;
    await carnet
      .as('all')
      .put(`Patient/${id}`, { resourceType: 'Patient', id, name: [{ family: 'Martinez' }] });
    const token = carnet.tokenFor(
      {
        reference: 'Practitioner/curious-claire',
        purposes: ['BTG'],
        emergency: { patient: `Patient/${id}`, reason: 'found unconscious', since: Date.now() - 1000 },
      },
      'emergency',
    );
    const { status } = await clientFor(carnet.base, token).get(`Patient/${id}`);
    expect(status).toBe(200);
  }
}, 120_000);
afterAll(() => carnet.close());

function command(...args: string[]) {
  const env = {
    PATH: process.env.PATH,
    MONGODB_URI: carnet.database.uri,
    MONGODB_DATABASE: carnet.database.dbName,
    KEY_FILE: join(carnet.dataDir, 'kek.json'),
    DATA_DIR: carnet.dataDir,
    DEMO: 'on',
  };
  const hook = './test/support/typescript.mjs';
  return run(process.execPath, ['--import', hook, 'src/cli/unusual-access.ts', ...args], { cwd: ROOT, env });
}

async function report(...args: string[]): Promise<Report> {
  return JSON.parse((await command('--json', ...args)).stdout) as Report;
}

const traces = async (): Promise<string[]> => {
  const { json } = await carnet.as('all').get('AuditEvent?agent=Device/carnet-unusual-access&_count=100');
  const { entry = [] } = json as { entry?: { resource: unknown }[] };
  return entry.map(({ resource }) => JSON.stringify(resource));
};

it('lists who stands out, names neither them nor any patient, and leaves a trace that concerns none', async () => {
  const { unusual, traces: read } = await report('--since', '2h');
  expect(read).toBeGreaterThanOrEqual(PATIENTS);
  expect(unusual).toEqual([
    expect.objectContaining({
      kind: 'Practitioner',
      patients: PATIENTS,
      busiestDay: PATIENTS,
      emergencies: PATIENTS,
      because: ['emergencies'],
    }),
  ]);
  expect(JSON.stringify(unusual)).not.toMatch(/martinez|claire/i);
  const left = await traces();
  expect(left.length).toBe(1);
  expect(left[0]).not.toContain('Patient/');
}, 60_000);

it('reveals a pseudonym, and from where they came, for a reason that is traced, and not without', async () => {
  const { stdout: text } = await command();
  const [caller] = /^[0-9a-f]{16}/m.exec(text)!;
  await expect(command('--reveal', caller)).rejects.toMatchObject({ code: 1 });
  const { stdout } = await command('--reveal', caller, '--reason', 'asked by the data protection officer');
  const [who, address, ...others] = stdout.trimEnd().split('\n');
  expect([who, others]).toEqual(['Practitioner/curious-claire', []]);
  expect(address).toMatch(new RegExp(`^  127\\.0\\.0\\.1: ${PATIENTS} traces, the last 20`));
  const told = (await traces()).flatMap((each) =>
    [...each.matchAll(/"query":"([^"]+)"/g)].map(([, query]) => Buffer.from(query!, 'base64').toString()),
  );
  expect(told.filter((query) => query.includes('asked by the data protection officer')).length).toBe(1);
}, 60_000);

it.each(['7', '0d', '400d', '1w', '-1d', ''])('understands no time such as `%s`', (since) => {
  expect(() => durationOf(since)).toThrow(/hours or days/);
});

it('looks back hours and days', () => {
  expect([durationOf('24h'), durationOf('7d')]).toEqual([86_400_000, 7 * 86_400_000]);
});
