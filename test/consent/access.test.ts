/** The order of `conformance/consent-rules.md`, as far as it is in force: roles, depositors, several patients, traces. */
import fc from 'fast-check';
import { type Attributes, matches } from '../../src/condition/condition.ts';
import { type Policy, compile } from '../../src/consent/policy.ts';
import type { Role, Subject } from '../../src/consent/subject.ts';
import { Access } from '../../src/enforcement/access.ts';
import type { PolicySource } from '../../src/enforcement/ports.ts';
import type { Resource } from '../../src/fhir/resource.ts';
import { manyConsents } from './support/arbitrary.ts';
import { resources } from './support/arbitrary-resource.ts';
import { attributesOf } from './support/engine.ts';
import { allowed } from './support/reference.ts';
import { NOW } from './support/universe.ts';

const PATIENTS = ['p', 'q', 'r'];
const key = (term: string): string => `keyed ${term}`;
const directory = (name: string): Resource => ({ resourceType: 'Practitioner', id: name });

/** Consents of each patient, as the store hands them out. */
function sourceOf(said: ReadonlyMap<string, Resource[]>): PolicySource {
  return {
    policies: async (asked) =>
      new Map(asked.map((patient): [string, Policy] => [patient, compile(said.get(patient) ?? [])])),
    grantors: async () => PATIENTS,
    key,
  };
}

const WHO: Record<Exclude<Role, 'all'>, string> = {
  patient: 'Patient/p',
  professional: 'Practitioner/gp',
  system: 'Organization/hospital',
  app: 'Device/app',
  operator: 'Practitioner/gp',
};
const subjects = fc
  .record({
    role: fc.constantFrom<Exclude<Role, 'all'>>(
      ...(['professional', 'professional', 'system', 'app'] as const),
      'patient',
      'operator',
    ),
    organizations: fc.constantFrom<string[]>([], ['Organization/practice']),
    purposes: fc.constantFrom<string[]>(['TREAT'], ['TREAT'], ['HRESCH'], []),
  })
  .map(({ role, ...others }): Subject => ({
    ...others,
    role,
    reference: WHO[role],
    depositor: WHO[role],
    profession: role === 'professional' ? '10' : undefined,
    scopes: [{ context: 'user', type: '*', interactions: 'rs' }],
    rights: [],
    idPrefixes: [],
    client: 'test',
  }));

const groups = fc.oneof(
  { weight: 3, arbitrary: fc.constant(['p']) },
  { weight: 3, arbitrary: fc.subarray(PATIENTS, { minLength: 2 }) },
  { weight: 1, arbitrary: fc.constantFrom(['p', '?'], ['?']) },
);
const depositors = fc.constantFrom('Organization/lab', 'Organization/lab', ...Object.values(WHO));

/** Word by word: the lines in force, in their order. */
function wanted(
  subject: Subject,
  said: ReadonlyMap<string, Resource[]>,
  what: Resource,
  facts: Attributes,
): boolean {
  const ofDirectory = facts.patients.length === 0 && facts.type === 'Practitioner';
  if (ofDirectory) return true;
  if (subject.role === 'operator') return false;
  if (facts.by === subject.depositor) return true;
  if (subject.role === 'patient')
    return facts.patients.length > 0 && facts.patients.every((id) => `Patient/${id}` === subject.reference);
  const caller = {
    persons: [subject.reference],
    groups: subject.organizations,
    profession: subject.profession,
    professional: subject.role === 'professional',
    purposes: subject.purposes,
  };
  return (
    facts.patients.length > 0 &&
    facts.patients.every((id) => allowed(said.get(id) ?? [], what, caller, new Date(NOW)))
  );
}

it('the gate and the page agree', async () => {
  let given = 0;
  let shared = 0;
  const runs = 1500;
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(manyConsents, manyConsents, manyConsents),
      subjects,
      fc.oneof({ weight: 12, arbitrary: resources }, { weight: 1, arbitrary: fc.constant(directory('x')) }),
      fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
      groups,
      depositors,
      async (consents, subject, resource, trace, patients, by) => {
        const said = new Map(PATIENTS.map((patient, index) => [patient, consents[index]!]));
        const what = trace ? { ...resource, resourceType: 'AuditEvent' } : resource;
        const plain: Attributes = {
          ...attributesOf(what),
          type: what.resourceType,
          patients: what.resourceType === 'Practitioner' ? [] : patients,
          by,
        };
        const stored = {
          ...plain,
          labels: plain.labels.map((label) => key(`label=${label}`)),
          codes: plain.codes.map(key),
        };
        const access = Access.of(
          subject,
          sourceOf(said),
          () => Date.parse(NOW),
          () => {},
        );
        const verdict = wanted(subject, said, what, plain);
        const [checked] = await access.among([stored]);
        const condition = await access.condition(patients);
        expect([checked, matches(condition, stored)]).toEqual([verdict, verdict]);
        if (verdict) given += 1;
        if (verdict && patients.length > 1 && by === 'Organization/lab' && subject.role !== 'patient')
          shared += 1;
      },
    ),
    { numRuns: runs },
  );
  expect(given).toBeGreaterThan(runs / 8);
  expect(shared).toBeGreaterThan(5);
});
