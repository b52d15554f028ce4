/** State lives only in the database: two servers on one see each other's writes at once, and none is lost between them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../src/store/database.ts';
import { testDatabase } from '../support/database.ts';
import { type Router, router } from '../support/router.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { codesOf, verified } from './support/chain.ts';

let servers: TestServer[];
const all = (index: number) => servers[index % 2]!.as('all');
const flag = (id: string, text: string) => ({
  resourceType: 'Flag',
  id,
  status: 'active',
  code: { text },
  identifier: [{ system: 'http://flags.test', value: id }],
  subject: { reference: 'Patient/two' },
});

/** What a sharded cluster's router is asked otherwise than a replica set: see test/support/router.ts. */
const KINDS = ['a replica set', 'a router'];

describe.each(KINDS)('on %s', (kind) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'carnet-test-'));
  const database = testDatabase(import.meta.url);
  let between: Router | undefined;
  beforeAll(async () => {
    if (kind === 'a router') between = await router(database.uri);
    const like = { dataDir, database: { ...database, uri: between?.uri ?? database.uri } };
    servers = [await testServer(import.meta.url, { like }), await testServer(import.meta.url, { like })];
    await all(0).put('Patient/two', { resourceType: 'Patient', id: 'two' });
  });
  afterAll(async () => {
    for (const server of servers.toReversed()) await server.close();
    await between?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('shows each write to the next read, search and history at the other', async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      const written = await all(turn).put('Flag/seen', flag('seen', `turn ${turn}`));
      const other = all(turn + 1);
      const [read, found, history] = await Promise.all([
        other.get('Flag/seen'),
        other.get('Flag?patient=two&identifier=http://flags.test|seen'),
        other.get('Flag/seen/_history'),
      ]);
      expect(read.json).toEqual(written.json);
      expect(found.json.entry.map(({ resource }: never) => resource)).toEqual([written.json]);
      expect([history.json.total, history.json.entry[0].resource]).toEqual([turn + 1, written.json]);
    }
    await all(0).delete('Flag/seen');
    expect((await all(1).get('Flag/seen')).status).toBe(410);
    expect((await all(1).get('Flag?patient=two')).json.total).toBe(0);
  });

  it('shows a revoked consent to the next request at the other', async () => {
    const consent = (status: string) => ({
      resourceType: 'Consent',
      id: 'two',
      status,
      scope: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
      },
      category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
      patient: { reference: 'Patient/two' },
      policyRule: { text: 'x' },
      provision: {
        type: 'permit',
        actor: [
          {
            role: {
              coding: [
                { system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' },
              ],
            },
            reference: { reference: 'Practitioner/demo-gp' },
          },
        ],
      },
    });
    await all(0).put('Flag/granted', flag('granted', 'x'));
    for (let turn = 0; turn < 6; turn += 1) {
      const active = turn % 2 === 0;
      expect(
        (await all(turn).put('Consent/two', consent(active ? 'active' : 'inactive'))).status,
      ).toBeLessThan(300);
      const gp = servers[(turn + 1) % 2]!.as('gp');
      expect((await gp.get('Flag/granted')).status).toBe(active ? 200 : 404);
      expect((await gp.get('Flag?patient=two&identifier=http://flags.test|granted')).json.total).toBe(
        active ? 1 : 0,
      );
    }
  });

  it('gives 40 versions to 40 updates at once through both, none doubled, none lost', async () => {
    await all(0).put('Flag/race', flag('race', 'first'));
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, i) => all(i).put('Flag/race', flag('race', `update ${i}`))),
    );
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    expect(new Set(replies.map(({ json }) => json.meta.versionId)).size).toBe(40);
    const { json } = await all(1).get('Flag/race/_history?_count=100');
    expect(json.total).toBe(41);
    const versions: { meta: { versionId: string; lastUpdated: string }; code: { text: string } }[] =
      json.entry.map(({ resource }: never) => resource);
    expect(new Set(versions.map(({ code }) => code.text)).size).toBe(41);
    expect(new Set(versions.map(({ meta }) => meta.versionId)).size).toBe(41);
    const times = versions.map(({ meta }) => meta.lastUpdated);
    expect(times).toEqual([...new Set(times)].sort().reverse());
  });

  it('makes one resource of ten equal conditional creates at once through both', async () => {
    const { id: _id, ...once } = flag('once', 'x');
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        all(i).post('Flag', once, { 'if-none-exist': 'identifier=http://flags.test|once' }),
      ),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([
      ...Array.from({ length: 9 }, () => 200),
      201,
    ]);
    expect(new Set(replies.map(({ json }) => json.id)).size).toBe(1);
  });

  it('lets one of two updates with the same If-Match through', async () => {
    const made = await all(0).put('Flag/match', flag('match', 'x'));
    const headers = { 'if-match': `W/"${made.json.meta.versionId}"` };
    const replies = await Promise.all(
      [0, 1].map((i) => all(i).put('Flag/match', flag('match', `${i}`), headers)),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  it('leaves traces that are whole', async () => {
    const { uri, dbName } = servers[0]!.database;
    const store = await connect(uri, dbName);
    try {
      expect(store.sharded).toBe(kind === 'a router');
      for (const server of servers) await server.as('all').get('Flag/race');
      const { faults, records } = await verified(store, await codesOf(join(dataDir, 'kek.json')));
      expect([faults, records > 40]).toEqual([0, true]);
    } finally {
      await store.close();
    }
  });
});
