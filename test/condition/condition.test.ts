/**
 * A condition is read twice, for one resource and as a query: both give the same. Rows are hostile on purpose; the
 * database is a real one.
 */
import fc from 'fast-check';
import {
  ALL,
  NONE,
  type Assumption,
  type Condition,
  and,
  assume,
  isTimeless,
  keyed,
  matches,
  or,
} from '../../src/condition/condition.ts';
import { toMongo } from '../../src/store/query/condition.ts';
import { type Database, connect } from '../../src/store/database.ts';
import { type Doc, attributes } from '../../src/store/document.ts';
import { testDatabase } from '../support/database.ts';

const TYPES = ['DocumentReference', 'Observation', 'Device', 'AuditEvent'];
const PATIENTS = ['p1', 'p2', 'p.3', '?', '$ne'];
const DEPOSITORS = ['Organization/a', 'Practitioner/b', 'Patient/p1', 'carnet'];
const LABELS = ['MASQUE', 'R', '.*', '$gt', ''];
const CODES = ['code=s|a', 'class=s|a', 'code=*', '^code', '$in'];
const REFERENCES = ['Encounter/e', 'Patient/p1', '*', 'Encounter/.*', 'Device/0', 'Observation/60'];
const TIMES = [-8.64e15, -1, 0, 1000, 2000, 8.64e15];

let database: Database;
const rows: Doc[] = [];

beforeAll(async () => {
  const { uri, dbName } = testDatabase(import.meta.url);
  database = await connect(uri, dbName);
  const others = [undefined, null, [], ['p2'], ['p1', 'p.3'], ['?'], [''], ['p2', 'p2']];
  const labels = [[], ['R'], ['MASQUE', 'R'], ['.*'], ['$gt', '']];
  // fields that are missing, null, empty, or hold an operator's name
  const codes = [undefined, ['code=s|a'], [], ['class=s|a', 'code=*'], null, ['$in', '^code'], ['other']];
  const references = [undefined, ['Encounter/e'], null, ['*', 'Patient/p1'], [], ['Encounter/.*', 'x']];
  const spans = [{}, { from: 0, until: 1000 }, { from: 1000, until: 1001 }, { from: 999, until: 8.64e15 }];
  const odder = [{ from: -8.64e15, until: 0 }, { from: 0 }, { until: 1000 }, { from: null, until: null }];
  const times = [...spans, ...odder];
  const turn = <T>(list: readonly T[], step: number): T => list[(rows.length * step) % list.length]!;
  const present = (row: object): object =>
    Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
  for (const type of TYPES) {
    for (const patient of ['', ...PATIENTS]) {
      for (const [index, other] of others.entries()) {
        if (patient === '' && other !== undefined) continue;
        const row = {
          _id: `${type}/${rows.length}`,
          type,
          patient,
          ...(other === undefined ? {} : { others: other }),
          by: DEPOSITORS[(rows.length + index) % DEPOSITORS.length],
          labels: labels[rows.length % labels.length],
          ...present({
            codes: turn(codes, 1),
            about: turn(references, 5),
            authors: turn(references, 1),
            ...turn(times, 3),
          }),
        };
        rows.push(row as unknown as Doc);
      }
    }
  }
  await database.resources.insertMany(
    rows.map((row) => ({ ...row })),
    { ignoreUndefined: false },
  );
});
afterAll(async () => {
  await database?.db.dropDatabase();
  await database?.close();
});

const conditions = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Condition>(ALL, NONE, { is: 'impersonal' }),
    fc.subarray(TYPES).map((among): Condition => ({ is: 'type', among })),
    fc.subarray(DEPOSITORS).map((among): Condition => ({ is: 'by', among })),
    fc.subarray([...PATIENTS, '']).map((among): Condition => ({ is: 'patients', among })),
    fc.subarray([...PATIENTS, '']).map((among): Condition => ({ is: 'concerns', among })),
    fc.subarray(LABELS).map((among): Condition => ({ is: 'label', among })),
    fc.subarray(CODES).map((among): Condition => ({ is: 'code', among })),
    fc
      .tuple(
        fc.constantFrom<'instance' | 'about' | 'author'>('instance', 'about', 'author'),
        fc.subarray(REFERENCES),
      )
      .map(([is, among]): Condition => ({ is, among })),
    fc
      .tuple(
        fc.constantFrom<'within' | 'touches'>('within', 'touches'),
        fc.constantFrom(...TIMES),
        fc.constantFrom(...TIMES),
      )
      .map(([is, from, until]): Condition => ({ is, from, until })),
    tie('condition').map((of): Condition => ({ is: 'not', of })),
    fc
      .tuple(
        fc.constantFrom<'and' | 'or'>('and', 'or'),
        fc.array(tie('condition'), { minLength: 1, maxLength: 3 }),
      )
      .map(([is, of]): Condition => ({ is, of })),
  ),
})).condition;

const allowed = (condition: Condition): string[] =>
  rows.filter((row) => matches(condition, attributes(row._id, row))).map(({ _id }) => _id);

async function found(condition: Condition): Promise<string[]> {
  const docs = await database.resources
    .find(toMongo(condition), { projection: { _id: 1 }, sort: { _id: 1 } })
    .toArray();
  return docs.map(({ _id }) => _id);
}

const sorted = (ids: readonly string[]): string[] => [...ids].sort((a, b) => (a < b ? -1 : 1));

it('what a query finds is what the check allows', async () => {
  await fc.assert(
    fc.asyncProperty(conditions, async (condition) => {
      expect(sorted(await found(condition))).toEqual(sorted(allowed(condition)));
    }),
    { numRuns: 600 },
  );
});

it.each<[string, Condition]>([
  ['no patient among', { is: 'patients', among: [] }],
  ['not of no patient', { is: 'not', of: { is: 'patients', among: [] } }],
  ['nobody’s name among patients', { is: 'patients', among: [''] }],
  ['not of a patient', { is: 'not', of: { is: 'patients', among: ['p1'] } }],
  ['not impersonal', { is: 'not', of: { is: 'impersonal' } }],
  ['no label', { is: 'not', of: { is: 'label', among: LABELS } }],
  ['the empty label', { is: 'label', among: [''] }],
  ['a pattern for a label is that label only', { is: 'label', among: ['.*'] }],
  ['an operator for a patient is that id only', { is: 'patients', among: ['$ne'] }],
  ['a pattern for a code is that code only', { is: 'code', among: ['^code'] }],
  ['not a code, where there are none', { is: 'not', of: { is: 'code', among: CODES } }],
  ['not about, where there is nothing', { is: 'not', of: { is: 'about', among: REFERENCES } }],
  ['not by an author, where there is none', { is: 'not', of: { is: 'author', among: REFERENCES } }],
  ['not one of these', { is: 'not', of: { is: 'instance', among: REFERENCES } }],
  ['not within a time, where nothing says when', { is: 'not', of: { is: 'within', from: 0, until: 2000 } }],
  [
    'not touching a time, where nothing says when',
    { is: 'not', of: { is: 'touches', from: 0, until: 1000 } },
  ],
  ['what touches a time, or says none', { is: 'touches', from: 1000, until: 1001 }],
  ['nobody’s name among those it concerns', { is: 'concerns', among: [''] }],
  ['not concerning a patient', { is: 'not', of: { is: 'concerns', among: ['p1'] } }],
  ['not not a type', { is: 'not', of: { is: 'not', of: { is: 'type', among: ['Device'] } } }],
])('%s: alike in both readings', async (_, condition) => {
  expect(sorted(await found(condition))).toEqual(sorted(allowed(condition)));
});

it('one more patient opens nothing that is nobody’s, and never more than their own', () => {
  fc.assert(
    fc.property(fc.subarray(PATIENTS), fc.constantFrom(...PATIENTS), (among, more) => {
      const before = new Set(allowed({ is: 'patients', among }));
      const opened = allowed({ is: 'patients', among: [...among, more] }).filter((id) => !before.has(id));
      for (const row of rows.filter(({ _id }) => opened.includes(_id))) {
        const { patients } = attributes(row._id, row);
        expect(patients.length > 0 && patients.includes(more)).toBe(true);
        expect([...among, more]).toEqual(expect.arrayContaining([...patients]));
      }
    }),
  );
});

it('an assumption changes no verdict on what satisfies it', () => {
  const known = fc.record<Assumption>(
    { types: fc.subarray(TYPES, { minLength: 1 }), patient: fc.constantFrom(...PATIENTS) },
    { requiredKeys: ['types'] },
  );
  const satisfies = (row: Doc, { types, patient }: Assumption): boolean => {
    const { patients } = attributes(row._id, row);
    return (
      types.includes(row.type) &&
      (patient === undefined || (patients.length === 1 && patients[0] === patient))
    );
  };
  fc.assert(
    fc.property(conditions, known, (condition, assumption) => {
      const smaller = assume(condition, assumption);
      for (const row of rows.filter((each) => satisfies(each, assumption))) {
        const facts = attributes(row._id, row);
        expect([row._id, matches(smaller, facts)]).toEqual([row._id, matches(condition, facts)]);
      }
    }),
    { numRuns: 300 },
  );
});

it('and, or: as their words say', () => {
  fc.assert(
    fc.property(fc.array(conditions, { maxLength: 3 }), (of) => {
      const facts = rows.map((row) => attributes(row._id, row));
      expect(facts.map((each) => matches(and(...of), each))).toEqual(
        facts.map((each) => of.every((one) => matches(one, each))),
      );
      expect(facts.map((each) => matches(or(...of), each))).toEqual(
        facts.map((each) => of.some((one) => matches(one, each))),
      );
    }),
  );
});

it('a timeless condition gives the same of all that differ in id and time alone', () => {
  fc.assert(
    fc.property(conditions.filter(isTimeless), (condition) => {
      for (const row of rows) {
        const facts = attributes(row._id, row);
        const bare = { ...facts, id: '', from: undefined, until: undefined };
        expect(matches(condition, bare)).toBe(matches(condition, facts));
      }
    }),
  );
  const within: Condition = { is: 'within', from: 0, until: 1 };
  expect(isTimeless({ is: 'not', of: { is: 'or', of: [{ is: 'by', among: [] }, within] } })).toBe(false);
});

it('keys labels and codes, and nothing else', () => {
  const key = (term: string): string => `<${term}>`;
  const each: Condition[] = [
    { is: 'type', among: ['Device'] },
    { is: 'about', among: ['Encounter/e'] },
    { is: 'author', among: ['Encounter/e'] },
    { is: 'instance', among: ['Device/0'] },
    { is: 'within', from: 0, until: 1 },
  ];
  expect(keyed({ is: 'and', of: each }, key)).toEqual({ is: 'and', of: each });
  expect(keyed({ is: 'not', of: { is: 'label', among: ['R'] } }, key)).toEqual({
    is: 'not',
    of: { is: 'label', among: ['<label=R>'] },
  });
  expect(keyed({ is: 'or', of: [{ is: 'code', among: ['code=s|a'] }] }, key)).toEqual({
    is: 'or',
    of: [{ is: 'code', among: ['<code=s|a>'] }],
  });
});
