/** Searches, and counts, of a moment that ask alike are one command, in which each is given what its own condition gives. */
import type { CollectionInfo } from 'mongodb';
import { type Database, connect, ensureIndexes } from '../../src/store/database.ts';
import { Alike } from '../../src/store/query/alike.ts';
import { Counting } from '../../src/store/query/counting.ts';
import type { Doc } from '../../src/store/document.ts';
import { testDatabase } from '../support/database.ts';

const { uri, dbName } = testDatabase(import.meta.url);
const TYPE = 'AllergyIntolerance';
const EACH = 6;
const OPTIONS = {
  projection: { terms: 0 },
  sort: { date: -1, _id: 1 },
  limit: 10,
  hint: 'patient_type_date',
} as const;

interface Ran {
  command: { find?: string; filter?: { $or?: unknown[] }; pipeline?: [{ $match: { $or: unknown[] } }] };
  planSummary: string;
  execStats: Stage;
  keysExamined: number;
}
interface Stage {
  stage: string;
  inputStage?: Stage;
  inputStages?: Stage[];
}

let database: Database;
let alike: Alike;

beforeAll(async () => {
  database = await connect(uri, dbName);
  await ensureIndexes(database, () => {});
  const patients = Array.from({ length: 20 }, (_, index) => `p${index}`);
  await database.resources.insertMany(patients.flatMap((patient) => rows(patient, EACH)) as Doc[]);
  await database.resources.insertMany(rows('many', 40) as Doc[]);
});
beforeEach(() => {
  alike = new Alike(database.resources);
});
afterAll(async () => {
  await database?.db.dropDatabase();
  await database?.close();
});

/** By one of two depositors in turn, the newest last. */
function rows(patient: string, count: number): Partial<Doc>[] {
  return Array.from({ length: count }, (_, at) => ({
    _id: `${TYPE}/${patient}-${String(at).padStart(2, '0')}`,
    type: TYPE,
    patient,
    by: at % 2 === 0 ? 'Organization/even' : 'Organization/odd',
    labels: at === 0 ? ['secret'] : [],
    terms: [],
    date: at,
    at,
    view: `xxxxxxxx${at === 0 ? 1 : 0}`,
  }));
}

const everything = (patient: string) => ({ $and: [{ patient }, { type: TYPE }] });
const gated = (patient: string, by: string) => ({
  $and: [
    { patient },
    { type: TYPE },
    { $or: [{ by }, { $and: [{ $nor: [{ labels: { $in: ['secret'] } }] }, { by: 'nobody' }] }] },
    { view: { $in: [/[0246]$/] } },
  ],
});
const ask = (patient: string, query: object = everything(patient)) =>
  alike.find(TYPE, { patient, query: query as Record<string, unknown> }, OPTIONS);
const idsOf = (docs: readonly Doc[]) => docs.map(({ _id }) => _id.slice(TYPE.length + 1));
const newest = (patient: string, ...at: number[]) =>
  at.map((each) => `${patient}-${String(each).padStart(2, '0')}`);

/** What the database ran meanwhile. */
async function ran(
  work: () => Promise<unknown>,
  of: object = { 'command.find': 'resources' },
): Promise<Ran[]> {
  const { db } = database;
  await db.command({ profile: 2 });
  await work();
  await db.command({ profile: 0 });
  const profile = db.collection<Ran & CollectionInfo>('system.profile');
  const found = await profile.find(of).toArray();
  await profile.drop();
  return found;
}

const stagesOf = ({ stage, inputStage, inputStages = [] }: Stage): string[] => [
  stage,
  ...(inputStage === undefined ? [] : stagesOf(inputStage)),
  ...inputStages.flatMap(stagesOf),
];

it('asks once, by the index and in its order, and gives each what is of its patient', async () => {
  let found: Doc[][] = [];
  const [only, ...others] = await ran(async () => {
    found = await Promise.all(['p1', 'p2', 'p3', 'nobody'].map((patient) => ask(patient)));
  });
  expect(found.map(idsOf)).toEqual([
    ...['p1', 'p2', 'p3'].map((patient) => newest(patient, 5, 4, 3, 2, 1, 0)),
    [],
  ]);
  expect(others).toEqual([]);
  const stages = stagesOf(only!.execStats);
  expect(stages).toContain('SORT_MERGE');
  expect(stages).not.toContain('SORT');
  expect(stages).not.toContain('COLLSCAN');
  expect(only!.keysExamined).toBeLessThanOrEqual(3 * EACH + 4);
});

it('holds each to its own condition, whoever asks beside it', async () => {
  const asked = [
    ask('p1', gated('p1', 'Organization/even')),
    ask('p2', gated('p2', 'Organization/odd')),
    ask('p3', gated('p3', 'Organization/neither')),
    ask('p4'),
  ];
  const found = await Promise.all(asked);
  expect(found.map(idsOf)).toEqual([
    newest('p1', 4, 2),
    newest('p2', 5, 3, 1),
    [],
    newest('p4', 5, 4, 3, 2, 1, 0),
  ]);
});

it('asks apart what is asked of one patient by several', async () => {
  const commands = await ran(async () => {
    const found = await Promise.all([
      ask('p1'),
      ask('p1', gated('p1', 'Organization/even')),
      ask('p2'),
      ask('p1', gated('p1', 'Organization/odd')),
    ]);
    expect(found.map(idsOf)).toEqual([
      newest('p1', 5, 4, 3, 2, 1, 0),
      newest('p1', 4, 2),
      newest('p2', 5, 4, 3, 2, 1, 0),
      newest('p1', 5, 3, 1),
    ]);
  });
  expect(commands).toHaveLength(3);
});

it('cuts nobody short for another who has more than a page', async () => {
  // of `many` there is more than all of them may be given together
  const found = await Promise.all(['many', 'p1', 'p2'].map((patient) => ask(patient)));
  expect(found.map(idsOf)).toEqual([
    newest('many', 39, 38, 37, 36, 35, 34, 33, 32, 31, 30),
    newest('p1', 5, 4, 3, 2, 1, 0),
    newest('p2', 5, 4, 3, 2, 1, 0),
  ]);
});

it('asks one by one what was longer than a page lately', async () => {
  await ask('many');
  const commands = await ran(() => Promise.all(['p1', 'p2', 'p3'].map((patient) => ask(patient))));
  expect(commands.map(({ command }) => command.filter?.$or)).toEqual([undefined, undefined, undefined]);
});

it('joins at most sixteen, and nothing that is long', async () => {
  const long = { $and: [everything('p0'), { by: { $nin: Array.from({ length: 700 }, String) } }] };
  const commands = await ran(async () => {
    const patients = Array.from({ length: 18 }, (_, index) => `p${index + 1}`);
    const found = await Promise.all([ask('p0', long), ...patients.map((patient) => ask(patient))]);
    expect(found.map((docs) => docs.length)).toEqual(Array.from({ length: 19 }, () => EACH));
  });
  expect(commands.map(({ command }) => command.filter?.$or?.length ?? 1).sort()).toEqual([1, 16, 2].sort());
});

it('tells each its own fault', async () => {
  const asked = await Promise.allSettled([ask('p1'), ask('p2', { $and: [{ patient: 'p2' }, { $bad: 1 }] })]);
  expect(asked.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
});

it('never lets a search join one that was sent before it', async () => {
  const early = ask('p1');
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  await database.resources.insertOne({ ...rows('late', 1)[0]!, labels: [] } as unknown as Doc);
  const late = ask('late');
  expect(idsOf(await late)).toEqual(newest('late', 0));
  expect(idsOf(await early)).toHaveLength(EACH);
});

describe('counts', () => {
  const COUNTS = { $or: [{ 'command.aggregate': 'resources' }, { 'command.count': 'resources' }] };
  let counting: Counting;
  beforeEach(() => {
    counting = new Counting(database.resources);
  });
  const of = (patient: string, query: object = everything(patient)) =>
    counting.count({ patient, query: query as Record<string, unknown> }, 'patient_type_date');

  it('are asked once, by the index, each by its own condition', async () => {
    let counts: number[] = [];
    const [only, ...others] = await ran(async () => {
      counts = await Promise.all([
        of('many'),
        of('p1', gated('p1', 'Organization/even')),
        of('p2', gated('p2', 'Organization/odd')),
        of('p3', gated('p3', 'Organization/neither')),
        of('nobody'),
      ]);
    }, COUNTS);
    expect(counts).toEqual([40, 2, 3, 0, 0]);
    expect(others).toEqual([]);
    expect(only!.planSummary).toMatch(/^IXSCAN \{ patient: 1, type: 1, date: -1, _id: 1, view: 1 \}/);
    expect(only!.keysExamined).toBeLessThanOrEqual(40 + 3 * EACH + 10);
  });

  it('are asked apart of one patient, and where they are long', async () => {
    const long = { $and: [everything('p4'), { by: { $nin: Array.from({ length: 700 }, String) } }] };
    const commands = await ran(async () => {
      const counts = await Promise.all([
        of('p1'),
        of('p1', gated('p1', 'Organization/even')),
        of('p2'),
        of('p4', long),
      ]);
      expect(counts).toEqual([EACH, 2, EACH, EACH]);
    }, COUNTS);
    expect(commands).toHaveLength(3);
  });

  it('tell each its own fault', async () => {
    const asked = [of('p1'), of('p2', { $and: [{ patient: 'p2' }, { $bad: 1 }] })];
    expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('never join one that was sent before them', async () => {
    const early = of('later');
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    await database.resources.insertOne({ ...rows('later', 1)[0]!, labels: [] } as unknown as Doc);
    expect(await of('later')).toBe(1);
    expect(await early).toBeLessThanOrEqual(1);
  });
});
