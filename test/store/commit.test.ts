/** Writes: who fails, who waits, and what time they carry. */
import { Access } from '../../src/enforcement/access.ts';
import { type Change, type Commit, Stale, type Stored } from '../../src/enforcement/ports.ts';
import { type Database, connect, ensureIndexes } from '../../src/store/database.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { nationalRules } from '../../src/config/national-rules.ts';
import { Store } from '../../src/store/store.ts';
import { type TestServer, testServer } from '../support/server.ts';

let carnet: TestServer;
let database: Database;
let store: Store;
const access = Access.internal('a test of the store');

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  database = await connect(carnet.database.uri, carnet.database.dbName);
  await ensureIndexes(database, () => {});
  const ring = new KeyRing(database.records.keys, await keyFile(`${carnet.dataDir}/kek.json`));
  store = new Store(database, ring, carnet.base, nationalRules());
});
afterAll(async () => {
  await database?.close();
  await carnet?.close();
});

const change = (id: string, rest: Partial<Change> = {}): Change => ({
  method: 'PUT',
  type: 'Flag',
  id,
  resource: { resourceType: 'Flag', id, status: 'active', code: { text: id } },
  patients: ['p'],
  labels: [],
  by: 'Device/test',
  ...rest,
});
const commit = (changes: Change[], rest: Partial<Commit> = {}): Commit => ({
  changes,
  locks: [],
  audit: () => [],
  ...rest,
});
const outcomes = (results: PromiseSettledResult<unknown>[]) =>
  results.map((result) =>
    result.status === 'fulfilled' ? 'written' : (result.reason as Error).constructor.name,
  );
const current = async (id: string): Promise<Stored> => (await store.get(access, 'Flag', id))!;
async function write(id: string, rest?: Partial<Change>): Promise<Stored> {
  await store.commit(commit([change(id, rest)]));
  return current(id);
}

it('lets a write that comes too late fail alone, and not who shares its transaction', async () => {
  const first = await write('shared');
  await write('shared', { previous: first });
  const units = [
    ...Array.from({ length: 10 }, (_, i) => change(`alone-${i}`)),
    change('shared', { previous: first }),
    change('alone-0-too'),
  ];
  const results = await Promise.allSettled(units.map((each) => store.commit(commit([each]))));
  expect(outcomes(results)).toEqual([...Array.from({ length: 10 }, () => 'written'), 'Stale', 'written']);
});

it('lets a write that can not be encoded fail alone', async () => {
  const contained = Array.from({ length: 3_000 }, (_, i) => ({ reference: `Patient/p${i}` }));
  const faulty = change('faulty', { resource: { resourceType: 'Flag', id: 'faulty', contained } });
  const results = await Promise.allSettled(
    [change('good-1'), faulty, change('good-2')].map((each) => store.commit(commit([each]))),
  );
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

it('writes all of a unit or nothing', async () => {
  const first = await write('whole-1');
  await write('whole-1', { previous: first });
  const unit = commit([change('whole-2'), change('whole-1', { previous: first }), change('whole-3')]);
  await expect(store.commit(unit)).rejects.toThrow(Stale);
  expect(await Promise.all(['whole-2', 'whole-3'].map((id) => store.get(access, 'Flag', id)))).toEqual([
    undefined,
    undefined,
  ]);
  expect(await database.history.countDocuments({ rid: 'Flag/whole-1' })).toBe(1);
});

it('lets one of two that make the same resource win', async () => {
  const results = await Promise.allSettled([1, 2].map(() => store.commit(commit([change('same')]))));
  expect(outcomes(results).sort()).toEqual(['Stale', 'written']);
});

it('lets one of those that hold a lock in the same state win', async () => {
  const lock = await store.lock('condition');
  const results = await Promise.allSettled(
    [1, 2, 3].map((n) => store.commit(commit([change(`locked-${n}`)], { locks: [lock] }))),
  );
  expect(outcomes(results).sort()).toEqual(['Stale', 'Stale', 'written']);
  expect((await store.lock('condition')).seen).toBe(lock.seen + 1);
});

it('makes nothing again that was made and deleted meanwhile', async () => {
  const made = await write('again');
  const deleted = await write('again', { method: 'DELETE', resource: undefined, previous: made });
  await expect(store.commit(commit([change('again')]))).rejects.toThrow(Stale);
  const revived = await write('again', { previous: deleted });
  const deletedAgain = await write('again', { method: 'DELETE', resource: undefined, previous: revived });
  await expect(store.commit(commit([change('again', { previous: deleted })]))).rejects.toThrow(Stale);
  expect([made, deleted, revived, deletedAgain].map(({ version }) => version)).toEqual([1, 2, 3, 4]);
});

it('gives each version a later time than the one before, even when the clock goes back', async () => {
  const real = Date.now;
  const times: number[] = [];
  try {
    let version = await write('clock');
    times.push(version.at);
    for (const back of [0, 1_000, 60_000, 0]) {
      Date.now = () => real() - back;
      version = await write('clock', { previous: version });
      times.push(version.at);
    }
  } finally {
    Date.now = real;
  }
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
});

it('begins a write again with a new time when it took so long that who polls would miss it', async () => {
  const { resources } = database;
  const times: number[] = [];
  const real = Date.now;
  let ahead = 0;
  const slow = jestSpy(resources, 'bulkWrite', () => (ahead = times.length === 1 ? 30_000 : ahead));
  try {
    Date.now = () => real() + ahead;
    const [stored] = await store.commit({ ...commit([change('late')]), audit: (at) => (times.push(at), []) });
    expect(times).toHaveLength(2);
    expect(stored!.at).toBe(times[1]);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(30_000);
  } finally {
    Date.now = real;
    slow();
  }
});

/** Calls `before` ahead of each call of a method; gives what takes it away again. */
function jestSpy<T extends object>(target: T, name: keyof T, before: () => void): () => void {
  const original = target[name] as (...args: unknown[]) => unknown;
  Object.defineProperty(target, name, {
    configurable: true,
    value: (...args: unknown[]) => {
      before();
      return original.apply(target, args);
    },
  });
  return () => delete target[name];
}
