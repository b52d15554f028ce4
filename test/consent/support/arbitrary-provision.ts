/** Provisions at random, made of the few names and codes of the universe; now and then what can't be read. */
import fc from 'fast-check';
import type { Json } from './reference-words.ts';
import {
  CATEGORIES,
  CODES,
  DATES,
  HL7,
  LABELS,
  MARKS,
  NAMED,
  MASKS,
  NO_DATES,
  ODD_LABELS,
  PROFESSIONS,
  PROFILES,
  REFERENCES,
  THROUGH,
  TYPES,
  UNTELLABLE,
} from './universe.ts';

export const pick = fc.constantFrom;
const DEEPEST = 4;

/** Of a hundred: how often an element is there; then how often it can't be read. */
export const seldom = <T>(usual: fc.Arbitrary<T>, there: number, junk: fc.Arbitrary<unknown> = JUNK) =>
  fc.oneof(
    { weight: 100 - there, arbitrary: fc.constant(undefined) },
    { weight: there - 1, arbitrary: usual as fc.Arbitrary<unknown> },
    { weight: 1, arbitrary: junk },
  );
const JUNK = pick<unknown>(
  [],
  [{}],
  [null],
  {},
  null,
  'x',
  7,
  [{ coding: [] }],
  [{ coding: [{ code: 'x' }] }],
);

export const sometimes = <T>(value: fc.Arbitrary<T>) => fc.oneof(value, fc.constant(undefined));
export const some = <T>(item: fc.Arbitrary<T>, most = 2) => fc.array(item, { minLength: 1, maxLength: most });
export const present = (value: Json): Json =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));
export const system = (name: string, code: string) => ({ system: `${HL7}/${name}`, code });
export const concept = (...coding: Json[]) => ({ coding });

const date = fc.oneof(
  { weight: 40, arbitrary: pick<unknown>(...DATES) },
  { weight: 1, arbitrary: pick<unknown>(...NO_DATES) },
);
export const period = fc.oneof(
  { weight: 6, arbitrary: fc.record({ start: pick<unknown>('2019', '2024-02-29') }) },
  { weight: 6, arbitrary: fc.record({ end: pick<unknown>('2026', '2030', '2026-03-10') }) },
  { weight: 6, arbitrary: fc.record({ start: date, end: date }) },
  { weight: 1, arbitrary: fc.record({ start: date, _end: fc.constant({ extension: [] }) }) },
);

const role = fc.oneof(
  {
    weight: 12,
    arbitrary: pick('IRCP', 'IRCP', 'PRCP', 'GRANTEE').map((code) =>
      concept(system('v3-ParticipationType', code)),
    ),
  },
  {
    weight: 1,
    arbitrary: pick<Json>(
      concept(system('x-Type', 'IRCP')),
      concept(system('v3-ParticipationType', 'AUT')),
      {},
    ),
  },
);
const reference = fc.oneof(
  { weight: 14, arbitrary: pick(...NAMED) },
  { weight: 3, arbitrary: pick(...THROUGH) },
  { weight: 1, arbitrary: pick(...UNTELLABLE) },
);
const profession = fc.record({
  role: pick<Json>(
    ...['10', '10', '40', '28'].map((code) => concept({ system: PROFESSIONS, code })),
    concept({ system: 'urn:oid:1.2.250.1.71.1.2.7', code: '10' }),
    concept({ system: PROFESSIONS }),
  ),
  reference: pick<unknown>(
    { display: 'tout médecin' },
    { display: 'tout médecin' },
    { identifier: { value: '1' } },
    { reference: 'Practitioner/gp' },
  ),
});
export const actor = fc.oneof(
  { weight: 20, arbitrary: fc.record({ role, reference: fc.record({ reference }) }) },
  { weight: 5, arbitrary: profession },
  {
    weight: 1,
    arbitrary: fc.record({ role, reference: fc.record({ reference }), extension: fc.constant([]) }),
  },
);

const action = fc.oneof(
  {
    weight: 8,
    arbitrary: pick('access', 'use', 'disclose').map((code) => concept(system('consentaction', code))),
  },
  { weight: 2, arbitrary: pick('collect', 'correct').map((code) => concept(system('consentaction', code))) },
  {
    weight: 1,
    arbitrary: pick<Json>(concept(system('other', 'access')), { text: 'read' }, concept({ code: 'access' })),
  },
);
export const purpose = fc.oneof(
  {
    weight: 12,
    arbitrary: pick('TREAT', 'TREAT', 'PurposeOfUse', 'ETREAT', 'BTG', 'HRESCH', 'CLINTRCH').map((code) =>
      system('v3-ActReason', code),
    ),
  },
  {
    weight: 1,
    arbitrary: pick<Json>({ code: 'TREAT' }, system('other', 'TREAT'), system('v3-ActReason', 'SECRET')),
  },
);
const label = fc.oneof(
  { weight: 8, arbitrary: pick<Json>(...MARKS) },
  { weight: 8, arbitrary: pick<Json>(...LABELS) },
  { weight: 2, arbitrary: pick<Json>(...MASKS, ...ODD_LABELS) },
  { weight: 1, arbitrary: pick<Json>({ code: 'R' }, { system: `${HL7}/v3-ActCode` }) },
);
export const aClass = fc.oneof(
  {
    weight: 10,
    arbitrary: pick(...TYPES).map((code) => ({ system: 'http://hl7.org/fhir/resource-types', code })),
  },
  { weight: 3, arbitrary: pick(...PROFILES).map((code) => ({ system: 'urn:ietf:rfc:3986', code })) },
  { weight: 5, arbitrary: pick<Json>(...CATEGORIES, ...CODES) },
  { weight: 1, arbitrary: pick<Json>({ code: 'Observation' }) },
);
const code = fc.oneof(
  {
    weight: 12,
    arbitrary: some(pick<Json>(...CODES, ...CATEGORIES, ...LABELS)).map((codings) => concept(...codings)),
  },
  { weight: 1, arbitrary: pick<Json>({ text: 'x' }, concept(CODES[0]!, { code: 'x' })) },
);
const datum = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      meaning: pick('instance', 'dependents', 'related', 'authoredby'),
      reference: pick(...REFERENCES).map((each) => ({ reference: each })),
    }),
  },
  {
    weight: 1,
    arbitrary: pick<Json>(
      { meaning: 'other', reference: { reference: 'Encounter/e' } },
      { meaning: 'instance' },
      { meaning: 'instance', reference: { reference: 'Observation/1' }, modifierExtension: [] },
    ),
  },
);
export const unknown = seldom(pick<unknown>([{ url: 'https://x.example' }]), 3);

/** A provision's elements, without its type and what is nested in it. */
export const elements = fc
  .record({
    period: seldom(period, 18),
    actor: seldom(some(actor), 40),
    action: seldom(some(action), 8),
    purpose: seldom(some(purpose), 12),
    securityLabel: seldom(some(label), 14),
    class: seldom(some(aClass), 14),
    code: seldom(some(code), 10),
    dataPeriod: seldom(period, 8),
    data: seldom(some(datum), 12),
    extension: unknown,
    modifierExtension: unknown,
  })
  .map(present);

export function provisions(
  depth = 0,
  types = pick<unknown>('permit', 'permit', 'permit', 'deny'),
): fc.Arbitrary<Json> {
  const nested: fc.Arbitrary<Json[] | undefined> =
    depth === DEEPEST
      ? fc.constant(undefined)
      : fc.oneof(
          { weight: 5 - depth, arbitrary: fc.constant(undefined) },
          { weight: 3, arbitrary: some(fc.constant(null).chain(() => provisions(depth + 1, NESTED_TYPES))) },
        );
  return fc
    .record({ type: types, elements, nested })
    .map(({ type, elements: own, nested: provision }) => present({ type, ...own, provision }));
}
export const NESTED_TYPES = pick<unknown>('permit', 'permit', 'permit', 'deny', 'deny', undefined, 'other');
