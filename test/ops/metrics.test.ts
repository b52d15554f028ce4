/** What Prometheus is told, by a whole server: who may ask, what is counted, and that no label tells of anybody. */
import { readFileSync } from 'node:fs';
import { ROUTES } from '../../src/http/routes.ts';
import { clientFor, freePort, testServer, type TestServer } from '../support/server.ts';

const TOKEN = 'only-for-prometheus-0123456789';

let carnet: TestServer;
let port: number;

beforeAll(async () => {
  port = await freePort();
  carnet = await testServer(import.meta.url, { metrics: { port, host: '127.0.0.1', token: TOKEN } });
}, 120_000);
afterAll(() => carnet.close());

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

async function samples(): Promise<Sample[]> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^([a-z_]\w*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key!, text!]);
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }];
  });
}

async function valueOf(name: string, labels: Record<string, string> = {}): Promise<number> {
  const fitting = (await samples()).filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
  );
  return fitting.reduce((sum, { value }) => sum + value, 0);
}

const page = (headers: Record<string, string>, path = '/metrics') =>
  fetch(new URL(path, carnet.base), { headers });

async function patients(count: number, prefix: string): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  for (const id of ids) {
    const { status } = await carnet.as('all').put(`Patient/${id}`, { resourceType: 'Patient', id });
    expect(status).toBe(201);
  }
  return ids;
}

describe('the page of metrics', () => {
  it('is given to its token, and to everybody else it is as any address where nothing is', async () => {
    expect((await page({ authorization: `Bearer ${TOKEN}` })).status).toBe(200);
    const others = [
      {},
      { authorization: 'Bearer another-token-of-the-same-length' },
      { authorization: TOKEN },
      { authorization: `Bearer ${carnet.token('all')}` },
    ] as Record<string, string>[];
    for (const headers of others) {
      const [asked, unknown] = await Promise.all([page(headers), page(headers, '/nothing-is-here')]);
      expect([asked.status, await asked.text()]).toEqual([unknown.status, await unknown.text()]);
      expect(asked.status).toBeGreaterThanOrEqual(400);
    }
  });

  it('is on its own port without a token, and nothing else is there', async () => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    expect((await fetch(`http://127.0.0.1:${port}/fhir/Patient`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status).toBe(404);
  });

  it("isn't there, on any port, when nobody asked for it", async () => {
    const other = await testServer(`${import.meta.url}-without`, { types: ['Patient'] });
    try {
      const { status } = await clientFor(other.base, other.token('all')).get(
        new URL('/metrics', other.base).href,
      );
      expect(status).toBe(404);
      expect((await fetch(new URL('/metrics', other.base))).status).toBe(401);
    } finally {
      await other.close();
    }
  }, 60_000);
});

describe('what is counted', () => {
  it('counts requests by route, method and class of status', async () => {
    const count = (route: string, method: string, status: string) =>
      valueOf('carnet_requests_total', { route, method, status });
    const before = await count('read', 'GET', '4xx');
    await carnet.as('all').get('Patient/nobody-has-this');
    await carnet.as('all').get('Patient/nobody-has-this-either');
    expect((await count('read', 'GET', '4xx')) - before).toBe(2);
    expect(await valueOf('carnet_request_seconds_count', { route: 'read' })).toBeGreaterThanOrEqual(2);
  });

  it('counts commits, traces, policies and the time that traces wait', async () => {
    const names = [
      'carnet_commit_seconds_count',
      'carnet_audit_write_seconds_count',
      'carnet_policies_compiled_total',
    ];
    const before = await Promise.all(names.map((name) => valueOf(name)));
    await patients(1, 'counted');
    await carnet.as('gp').get('DocumentReference?patient=counted-0');
    const after = await Promise.all(names.map((name) => valueOf(name)));
    expect(after.every((value, index) => value > before[index]!)).toBe(true);
    expect(await valueOf('carnet_audit_lag_seconds')).toBeLessThan(5);
    expect(await valueOf('carnet_audit_failures_total')).toBe(0);
  });

  it.each([
    ['missing', undefined],
    ['malformed', 'Basic bWFydGluOm1hcnRpbg=='],
    ['untrusted', `Bearer ${Buffer.from('{"alg":"RS256","kid":"x"}').toString('base64url')}.e30.x`],
  ])('counts a %s token by why it is refused', async (reason, authorization) => {
    const before = await valueOf('carnet_tokens_refused_total', { reason });
    const { status } = await page(authorization === undefined ? {} : { authorization }, '/fhir/Patient/x');
    expect(status).toBe(401);
    expect((await valueOf('carnet_tokens_refused_total', { reason })) - before).toBe(1);
  });

  it('counts an emergency once, however much is read in it, and not where nothing was given', async () => {
    const [open, other] = await patients(2, 'emergency');
    const since = Date.now() - 1000;
    const token = carnet.tokenFor(
      {
        purposes: ['BTG'],
        emergency: { patient: `Patient/${open}`, reason: 'unconscious in the waiting room', since },
      },
      'emergency',
    );
    const before = await valueOf('carnet_emergency_accesses_total', { mode: 'BTG' });
    const doctor = clientFor(carnet.base, token);
    expect((await doctor.get(`Patient/${open}`)).status).toBe(200);
    expect((await doctor.get(`Patient/${open}`)).status).toBe(200);
    expect((await doctor.get(`Patient/${other}`)).status).toBe(404);
    expect((await valueOf('carnet_emergency_accesses_total', { mode: 'BTG' })) - before).toBe(1);
  });

  it('tells how many patients one account read, and not which account', async () => {
    const ids = await patients(12, 'many');
    const curious = clientFor(carnet.base, carnet.tokenFor({ reference: 'Device/curious' }, 'all'));
    for (const id of ids) expect((await curious.get(`Patient/${id}`)).status).toBe(200);
    // an estimate: two of them may look the same
    expect(await valueOf('carnet_account_patients_max', { role: 'all' })).toBeGreaterThanOrEqual(10);
    expect(JSON.stringify(await samples())).not.toContain('curious');
  });

  it('tells that the database answers, what it takes on the disk, and when jobs last ended well', async () => {
    expect(await valueOf('carnet_ready', { check: 'database' })).toBe(1);
    expect(await valueOf('carnet_storage_bytes', { collection: 'resources' })).toBeGreaterThan(0);
    expect(await valueOf('carnet_database_disk_total_bytes')).toBeGreaterThan(0);
    const last = await valueOf('carnet_task_last_success_timestamp_seconds', { task: 'sweep' });
    expect(Math.abs(Date.now() / 1000 - last)).toBeLessThan(600);
  });
});

describe('labels', () => {
  it('come from closed lists, whatever a caller sends', async () => {
    await fetch(`${carnet.base}/Patient/martin-1954`, { method: 'OPTIONS' });
    await carnet
      .as('all')
      .send('DELETE', 'Martin/$martin?martin=martin', undefined, { 'x-martin': 'martin' });
    const allowed: Record<string, readonly string[]> = {
      route: [...ROUTES.map(({ interaction }) => interaction), 'none'],
      method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'other'],
      status: ['2xx', '3xx', '4xx', '5xx'],
      reason: ['missing', 'malformed', 'untrusted', 'expired', 'invalid', 'unfit', 'suspended'],
      mode: ['BTG', 'ETREAT'],
      role: ['patient', 'representative', 'professional', 'system', 'app', 'operator', 'all'],
      check: ['database'],
      collection: ['resources', 'history', 'audit', 'spill.chunks'],
    };
    const ours = (await samples()).filter(({ name }) => name.startsWith('carnet_'));
    expect(ours.length).toBeGreaterThan(50);
    for (const { labels } of ours)
      for (const [name, value] of Object.entries(labels)) {
        if (name === 'le') expect(value).toMatch(/^(\d+(\.\d+)?|\+Inf)$/);
        else if (name === 'task') expect(value).toMatch(/^[a-z-]{1,30}$/);
        else expect(allowed[name]).toContain(value);
      }
  });
});

describe('the dashboard and the alerts', () => {
  const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const dashboard = read('ops/grafana-dashboard.json');
  const alerts = read('ops/prometheus-alerts.yml');

  it('name only metrics that a running server shows', async () => {
    const shown = new Set((await samples()).map(({ name }) => name));
    const expressions = [
      ...dashboard.matchAll(/"expr": "((?:[^"\\]|\\.)*)"/g),
      ...alerts.matchAll(/^ *expr: (.*)$/gm),
    ].map(([, expression]) => expression!);
    const named = expressions.flatMap((each) => each.match(/\b(?:carnet|nodejs|process)_\w+/g) ?? []);
    expect(named.length).toBeGreaterThan(25);
    expect(named.filter((name) => !shown.has(name))).toEqual([]);
  });

  it('are as Grafana and Prometheus read them', () => {
    const { panels, title } = JSON.parse(dashboard) as { title: string; panels: { title: string }[] };
    expect([title, panels.length > 10]).toEqual(['Carnet', true]);
    expect(new Set(panels.map((panel) => panel.title)).size).toBe(panels.length);
    expect(alerts).not.toContain('\t');
  });

  it('have an entry each in the operations page, which says what to do', () => {
    const named = [...alerts.matchAll(/^ *- alert: (\w+)$/gm)].map(([, name]) => name!);
    const page = read('docs/operations.md');
    const rows = [...page.matchAll(/^\| `(Carnet\w+)` +\| (.+) \|$/gm)];
    expect(named.length).toBeGreaterThanOrEqual(8);
    expect(rows.map(([, name]) => name)).toEqual(named);
    for (const [, , what] of rows) expect(what!.length).toBeGreaterThan(60);
  });
});
