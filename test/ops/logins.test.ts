/** `npm run logins`, as the desk that sends the letters runs it. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Oauth, oauthServer } from '../oauth/support/oauth.ts';
import { person } from '../leaks/support/content.ts';

const run = promisify(execFile);
const ROOT = new URL('../..', import.meta.url).pathname;
let at: Oauth;
beforeAll(async () => {
  at = await oauthServer(import.meta.url);
  await at.carnet.as('all').put('Patient/letter', person('letter', 'Martin', '280024588888869'));
}, 120_000);
afterAll(() => at?.carnet.close());

function command(...args: string[]) {
  const { carnet } = at;
  const env = {
    PATH: process.env.PATH,
    MONGODB_URI: carnet.database.uri,
    MONGODB_DATABASE: carnet.database.dbName,
    KEY_FILE: join(carnet.dataDir, 'kek.json'),
    DATA_DIR: carnet.dataDir,
    BASE_URL: carnet.base,
    DEMO: 'on',
  };
  const hook = './test/support/typescript.mjs';
  return run(process.execPath, ['--import', hook, 'src/cli/logins.ts', ...args], { cwd: ROOT, env });
}

const failure = (...args: string[]): Promise<string> =>
  command(...args).then(
    () => 'it went through',
    ({ stderr }: { stderr: string }) => stderr,
  );

it('prints a code that the running server takes once, and leaves a trace of the patient’s without it', async () => {
  const { stdout } = await command('code', 'letter');
  const code = stdout.trim();
  const { codes } = at.carnet.server.entrance!;
  expect([await codes.use('letter', code), await codes.use('letter', code)]).toEqual([true, false]);
  const { text } = await at.carnet.as('all').get('AuditEvent?patient=letter&_count=50');
  expect(text).toContain('code issued');
  expect(text).not.toContain(code);
}, 120_000);

it('suspends an account that is there, and lets it in again', async () => {
  const { logins } = at.carnet.server.entrance!;
  const login = { issuer: 'https://upstream.example', sub: 'somebody' };
  const person = {
    role: 'professional' as const,
    reference: 'Practitioner/x',
    related: [],
    organizations: [],
    purposes: ['TREAT'],
    regulator: false,
  };
  const account = (await logins.keep(login, [person]))!;
  expect(await logins.find(account)).toMatchObject({ persons: [{ reference: 'Practitioner/x' }] });
  await command('suspend', account);
  expect(await logins.find(account)).toBeUndefined();
  expect(await logins.keep(login, [person])).toBeUndefined();
  await command('resume', account);
  expect(await logins.find(account)).toBeDefined();
}, 120_000);

it.each([
  ['no patient', ['code', 'nobody'], 'there is no such patient'],
  ['no account', ['suspend', 'login-a_b-c'], 'there is no such account'],
  ['what isn’t there', ['toString', 'x'], 'usage:'],
])(
  'says what is wrong with %s',
  async (_, args, said) => {
    expect(await failure(...args)).toContain(said);
  },
  120_000,
);
