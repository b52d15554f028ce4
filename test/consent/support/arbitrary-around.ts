/** What stands around Consents, at random: the Patient, relatives, care teams, groups and roles. */
import fc from 'fast-check';
import type { Json, Resource } from '../../../src/fhir/resource.ts';
import { DELEGATION, PATIENT, SPACE } from './universe.ts';

export const pick = fc.constantFrom;
/** Nearly always `usual`. */
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: pick(...others) });
export const sometimes = <T>(value: fc.Arbitrary<T>, share = 0.5) =>
  fc.oneof(
    { weight: share * 100, arbitrary: value },
    { weight: 100 - share * 100, arbitrary: fc.constant(undefined) },
  );
const present = (value: Json): Json =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));
const reference = (name: string | undefined): Json | undefined =>
  name === undefined ? undefined : { reference: name };
const resource = (resourceType: string, id: string, value: Json): Resource => ({
  resourceType,
  id,
  meta: { versionId: '1' },
  ...present(value),
});

const period = mostly<Json | undefined>(
  undefined,
  { start: '2019' },
  { end: '2024-02-29' },
  { end: 'tomorrow' },
  { start: '2027', end: '2026' },
);
const otherwise = {
  modifierExtension: mostly<unknown>(undefined, []),
  implicitRules: mostly<unknown>(undefined, ''),
};

const relationship = fc
  .array(
    fc.oneof(
      {
        weight: 9,
        arbitrary: pick('legal-representative', 'legal-protection', 'caregiver', 'caregiver').map((code) => ({
          system: DELEGATION,
          code,
        })),
      },
      {
        weight: 2,
        arbitrary: pick<Json>(
          { system: 'https://other.example', code: 'caregiver' },
          { system: DELEGATION, code: 'friend' },
          {},
        ),
      },
    ),
    { maxLength: 2 },
  )
  .chain((codings) =>
    mostly<Json[]>([], [{ code: 'mother' }]).map((beside) =>
      codings.map((coding) => ({ coding: [coding, ...beside] })),
    ),
  );
export const related = (id: string) =>
  fc
    .record({ active: mostly<unknown>(undefined, true, false), period, relationship, ...otherwise })
    .map((value) => resource('RelatedPerson', id, { ...value, patient: reference(`Patient/${PATIENT}`) }));

const space = fc
  .array(
    pick('open', 'open', 'closed', 'opposed', undefined).map((valueCode) =>
      present({ url: SPACE, valueCode }),
    ),
    { minLength: 1, maxLength: 2 },
  )
  .map((extension): Json[] | undefined => extension);
export const patients = fc
  .record({
    active: fc.oneof(
      { weight: 50, arbitrary: pick<unknown>(undefined, true) },
      { weight: 1, arbitrary: fc.constant(false) },
    ),
    extension: fc.oneof({ weight: 14, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: space }),
    link: fc.oneof(
      { weight: 30, arbitrary: fc.constant(undefined) },
      {
        weight: 1,
        arbitrary: pick('replaced-by', 'replaces', 'seealso').map((type): Json[] => [
          { other: { reference: 'Patient/other' }, type },
        ]),
      },
    ),
    birthDate: pick<unknown>(
      '2010-05-05',
      '2010-05-05',
      '2008-03-10',
      '2008-03-11',
      '2008-02-29',
      '1980-01-01',
      '2010-05',
      '2010-02-30',
      undefined,
    ),
    generalPractitioner: sometimes(
      fc.array(
        pick<Json>(
          { reference: 'Practitioner/gp' },
          { reference: 'Practitioner/dentist' },
          { reference: 'Organization/practice' },
          { reference: 'PractitionerRole/gp' },
          { identifier: { value: 'Practitioner/gp' } },
          { reference: '#gp' },
        ),
        { maxLength: 2 },
      ),
    ),
  })
  .map((value) => resource('Patient', PATIENT, value));

const member = fc.oneof(
  {
    weight: 12,
    arbitrary: pick(
      'Practitioner/gp',
      'Practitioner/dentist',
      'Organization/practice',
      'RelatedPerson/aunt',
      'Organization/hospital',
      'Device/app',
      'Patient/other',
    ).map(reference),
  },
  {
    weight: 1,
    arbitrary: pick<Json | undefined>(
      { reference: 'PractitionerRole/gp' },
      { reference: 'CareTeam/u' },
      { identifier: { value: '1' } },
      { display: 'Dr X' },
      undefined,
    ),
  },
);
export const team = (id: string) =>
  fc
    .record({
      status: mostly<unknown>('active', 'inactive', 'proposed', undefined),
      period,
      subject: pick(`Patient/${PATIENT}`, `Patient/${PATIENT}`, 'Patient/other', undefined).map(reference),
      encounter: pick<Json | undefined>(
        ...['Encounter/e', 'Encounter/e', 'Encounter/1', 'CarePlan/c', '#e'].map(reference),
        undefined,
      ),
      participant: fc.array(fc.record({ member, period }).map(present), { maxLength: 3 }),
      ...otherwise,
    })
    .map((value) => resource('CareTeam', id, value));
export const group = fc
  .record({
    actual: mostly<unknown>(true, false, undefined),
    active: mostly<unknown>(undefined, true, false),
    characteristic: mostly<unknown>(undefined, [{}]),
    member: fc.array(
      fc.record({ entity: member, period, inactive: mostly<unknown>(undefined, true, false) }).map(present),
      { maxLength: 3 },
    ),
    ...otherwise,
  })
  .map((value) => resource('Group', 'g', value));
export const role = (id: string) =>
  fc
    .record({
      practitioner: mostly<Json | undefined>(
        reference(`Practitioner/${id}`),
        reference('#gp'),
        { identifier: { value: '1' } },
        undefined,
      ),
      organization: pick(undefined, 'Organization/practice', 'Organization/hospital').map(reference),
      active: mostly<unknown>(undefined, true, false),
      period,
      ...otherwise,
    })
    .map((value) => resource('PractitionerRole', id, value));
