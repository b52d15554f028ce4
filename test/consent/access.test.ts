/** The gate around the lines of `conformance/consent-rules.md`: several patients, nobody's data, patients who aren't known. */
import fc from 'fast-check';
import { type Attributes, matches } from '../../src/condition/condition.ts';
import { type Policy, compile } from '../../src/consent/policy.ts';
import type { Subject } from '../../src/consent/subject.ts';
import { Access } from '../../src/enforcement/access.ts';
import type { PolicySource, Stated } from '../../src/enforcement/ports.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { callers } from './support/arbitrary-caller.ts';
import { type Stated as Said, caseOf, deposits, statements } from './support/arbitrary-case.ts';
import { type Case, reference } from './support/case.ts';
import { attributesOf, engineCaller, namedIn, statedIn } from './support/engine.ts';
import { rulesWith } from './support/rules.ts';
import { NOW } from './support/universe.ts';

const PATIENTS = ['p', 'q', 'r'];
const UNKNOWN = '?';
const key = (term: string): string => `keyed ${term}`;

/** What was said of one patient, as if of another. */
function toldOf<T>(said: T, patient: string): T {
  const told = JSON.parse(JSON.stringify(said).replaceAll('"Patient/p"', `"Patient/${patient}"`)) as T & Said;
  return told.patient === undefined ? told : { ...told, patient: { ...told.patient, id: patient } };
}

/** What each patient stated, as the store hands it out. */
function sourceOf(cases: ReadonlyMap<string, Case>, changes: Json | undefined): PolicySource {
  const rules = rulesWith(changes);
  const policyOf = (patient: string): Policy => {
    const each = cases.get(patient);
    return compile(patient, each === undefined ? [] : statedIn(each), rules);
  };
  return {
    rules,
    policies: async (asked) =>
      new Map(
        asked.map((patient): [string, Stated] => [
          patient,
          { policy: policyOf(patient), named: namedIn(cases.get(patient)?.named ?? []) },
        ]),
      ),
    grantors: async () => PATIENTS,
    closed: async () => PATIENTS.filter((patient) => !policyOf(patient).open),
    key,
  };
}

function subjectOf(who: Case['caller']): Subject {
  const { persons, groups, profession, ...caller } = engineCaller(who);
  const [reference_ = '', ...related] = persons;
  return {
    ...caller,
    reference: reference_,
    related: [...related],
    organizations: [...groups],
    purposes: [...caller.purposes],
    rights: [...caller.rights],
    ...(profession === undefined ? {} : { profession }),
    scopes: [{ context: 'user', type: '*', interactions: 'rs' }],
    idPrefixes: [],
    client: 'test',
  };
}

const groups = fc.oneof(
  { weight: 4, arbitrary: fc.constant(['p']) },
  { weight: 4, arbitrary: fc.subarray(PATIENTS, { minLength: 2 }) },
  { weight: 1, arbitrary: fc.constantFrom(['p', UNKNOWN], [UNKNOWN]) },
);
const nobodys: fc.Arbitrary<Resource | undefined> = fc.oneof(
  { weight: 16, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('Practitioner', 'Basic').map((resourceType) => ({ resourceType, id: 'x' })),
  },
);

/** Word by word: what the page says before its lines. */
function wanted(cases: ReadonlyMap<string, Case>, { type, patients, by, authors }: Attributes): boolean {
  if (patients.length === 0 && type === 'Practitioner') return true;
  const { caller, rules } = [...cases.values()][0]!;
  const isExcluded = rulesWith(rules).excluded.includes(caller.role);
  const isAuthor = ['professional', 'system'].includes(caller.role) && authors.includes(caller.persons[0]!);
  if (!isExcluded && isAuthor && type === 'AuditEvent' && by === 'carnet') return true;
  const isDepositor = !isExcluded && by === caller.depositor;
  if (patients.length === 0) return isDepositor;
  return patients.every((patient) => {
    const each = cases.get(patient);
    return each === undefined ? isDepositor : reference(each, patient).effect === 'permit';
  });
}

it('the gate and the page agree', async () => {
  const given = { all: 0, ofSeveral: 0, unasked: 0 };
  const runs = Number(process.env['LAWS'] ?? 1000);
  // who states the same often permits the same
  const threeStatements = fc
    .tuple(statements, statements, statements)
    .chain(([one, two, three]) => fc.constantFrom([one, two, three], [one, one, one], [one, two, one]));
  await fc.assert(
    fc.asyncProperty(
      threeStatements,
      callers,
      deposits,
      nobodys,
      groups,
      async (said, caller, deposit, nobody, owners) => {
        const { rules } = said[0];
        const cases = new Map(
          PATIENTS.map((patient, index) => {
            const { rules: _others, ...told } = toldOf(said[index]!, patient);
            return [patient, caseOf({ ...told, ...(rules && { rules }) }, deposit, caller, NOW)];
          }),
        );
        const { resource, by, hiddenSince } = cases.get('p')!;
        const plain: Attributes = {
          ...attributesOf(nobody ?? resource, by, hiddenSince),
          patients: nobody === undefined ? owners : [],
        };
        const stored = {
          ...plain,
          labels: plain.labels.map((label) => key(`label=${label}`)),
          codes: plain.codes.map(key),
        };
        const source = sourceOf(cases, rules);
        const access = Access.of(
          subjectOf(caller),
          source,
          () => Date.parse(NOW),
          () => {},
        );
        const verdict = wanted(cases, plain);
        const [checked] = await access.among([stored]);
        const condition = await access.condition(plain.patients);
        expect([checked, matches(condition, stored)]).toEqual([verdict, verdict]);
        if (verdict) given.all += 1;
        if (verdict && plain.patients.length > 1 && by !== caller.depositor) given.ofSeveral += 1;
        const unasked = await access.condition(undefined).catch(() => undefined);
        if (unasked === undefined) return;
        expect(matches(unasked, stored)).toBe(verdict);
        if (verdict) given.unasked += 1;
      },
    ),
    { numRuns: runs },
  );
  expect(given.all).toBeGreaterThan(runs / 14);
  expect(given.ofSeveral).toBeGreaterThan(runs / 100);
  expect(given.unasked).toBeGreaterThan(runs / 20);
}, 120_000);

it('gives an app that nothing lets in nothing by a right either', async () => {
  const app: Case['caller'] = {
    role: 'app',
    persons: ['Device/app'],
    groups: [],
    purposes: ['TREAT'],
    regulator: false,
    depositor: 'Device/app',
    rights: ['registration.write'],
  };
  const [patient] = PATIENTS;
  const said = toldOf(
    {
      consents: [],
      relatedPersons: [],
      careTeams: [],
      named: [],
      patient: { resourceType: 'Patient', id: patient!, active: false },
    } as never,
    patient!,
  );
  const resource: Resource = { resourceType: 'Patient', id: patient! };
  const deposit = { resource, by: 'Organization/lab' } as never;
  for (const caller of [app, { ...app, role: 'system', persons: ['Organization/registry'] }]) {
    const cases = new Map([[patient!, caseOf(said, deposit, caller, NOW)]]);
    const access = Access.of(
      subjectOf(caller),
      sourceOf(cases, undefined),
      () => Date.parse(NOW),
      () => {},
    );
    const isRegistry = caller.role === 'system';
    const asked = { ...attributesOf(resource, 'Organization/lab', undefined), patients: [patient!] };
    expect(await access.among([asked as never])).toEqual([isRegistry]);
    expect(matches(await access.condition([patient!]), asked)).toBe(isRegistry);
  }
});
