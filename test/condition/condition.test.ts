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
  matches,
  or,
} from '../../src/condition/condition.ts';
import { toMongo } from '../../src/store/condition.ts';
import { type Database, connect } from '../../src/store/database.ts';
import { type Doc, attributes } from '../../src/store/document.ts';
import { testDatabase } from '../support/database.ts';

const TYPES = ['DocumentReference', 'Observation', 'Device', 'AuditEvent'];
const PATIENTS = ['p1', 'p2', 'p.3', '?', '$ne'];
const DEPOSITORS = ['Organization/a', 'Practitioner/b', 'Patient/p1', 'carnet'];
const LABELS = ['MASQUE', 'R', '.*', '$gt', ''];

let database: Database;
const rows: Doc[] = [];

beforeAll(async () => {
  const { uri, dbName } = testDatabase(import.meta.url);
  database = await connect(uri, dbName);
  const others = [undefined, null, [], ['p2'], ['p1', 'p.3'], ['?'], [''], ['p2', 'p2']];
  const labels = [[], ['R'], ['MASQUE', 'R'], ['.*'], ['$gt', '']];
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
    fc.subarray(LABELS).map((among): Condition => ({ is: 'label', among })),
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
