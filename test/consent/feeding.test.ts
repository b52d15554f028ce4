/** Which types of documents the French rules let whom deposit, and that what is served of it says the same. */
import { unfed } from '../../src/consent/feeding.ts';
import type { DocumentTypes } from '../../src/consent/rules.ts';
import type { Role } from '../../src/consent/subject.ts';
import { feeding } from '../../src/enforcement/feeding.ts';
import type { There } from '../../src/enforcement/vetting.ts';
import { readConformance } from '../../src/fhir/conformance/files.ts';
import type { Resource } from '../../src/fhir/resource.ts';
import { codesOf } from '../../src/fhir/terminology/expansion.ts';
import { translate } from '../../src/fhir/terminology/translation.ts';
import { nationalRules } from '../../src/config/national-rules.ts';
import { FhirError } from '../../src/fhir/outcome.ts';

type Type = DocumentTypes['types'][number] & { label: string; class?: string; place?: string };
const RULES = nationalRules().documentTypes!;
const TYPES = RULES.types as readonly Type[];
const LOINC = 'http://loinc.org';
const A05 = TYPES.find(({ code }) => code === 'REMB')!.system;
const OWN = 'https://carnet.example/fhir/';

const coding = (code: string) => ({ system: /^\d/.test(code) ? LOINC : A05, code });
const document = (codings: object[], more: object = {}): Resource => ({
  resourceType: 'DocumentReference',
  status: 'current',
  type: { coding: codings },
  content: [{ attachment: { title: 'x' } }],
  ...more,
});
const composition = (code: string, more: object = {}): Resource => ({
  resourceType: 'Composition',
  title: 'x',
  type: { coding: [coding(code)] },
  ...more,
});
const bundle = (...resources: Resource[]): Resource => ({
  resourceType: 'Bundle',
  type: 'document',
  entry: resources.map((resource, index) => ({ fullUrl: `urn:uuid:${index}`, resource })),
});
const of = (...codes: string[]): Resource => document(codes.map(coding));

it.each<[string, Role, Resource, boolean]>([
  ['a patient’s own document', 'patient', of('EXPPAT_2'), true],
  ['a patient’s report', 'patient', of('DOCPAT03'), true],
  ['a patient’s questionnaire', 'patient', of('74465-6'), true],
  ['a representative’s', 'representative', of('DOCPAT05'), true],
  ['an app’s', 'app', of('DOCPAT05'), true],
  ['a laboratory’s by a patient', 'patient', of('11502-2'), false],
  ['a laboratory’s by an app', 'app', of('11502-2'), false],
  ['a laboratory’s by a representative', 'representative', of('11502-2'), false],
  ['a laboratory’s beside the patient’s', 'patient', of('DOCPAT05', '11502-2'), false],
  [
    'a laboratory’s by the system’s other name',
    'patient',
    document([{ system: 'urn:oid:2.16.840.1.113883.6.1', code: '11502-2' }]),
    false,
  ],
  ['refunds by a patient', 'patient', of('REMB'), false],
  ['a type of another system', 'patient', document([{ system: 'urn:x', code: '11502-2' }]), true],
  ['a type without a system', 'patient', document([{ code: '11502-2' }]), true],
  ['a type that nobody knows', 'patient', of('0000-0'), true],
  ['a type in words', 'patient', document([], { type: { text: 'Compte rendu' } }), true],
  ['no type', 'patient', document([], { type: undefined }), true],
  ['a laboratory’s', 'system', of('11502-2'), true],
  ['a doctor’s', 'professional', of('11488-4'), true],
  ['a patient’s by a doctor', 'professional', of('DOCPAT03'), false],
  ['a patient’s by a system', 'system', of('EXPPAT_2'), false],
  ['wishes that a doctor was told', 'professional', of('EXPPAT_1'), true],
  ['directives that a doctor was given', 'professional', of('EXPPAT_3'), true],
  ['the profile that a system made', 'system', of('DOCPAT08'), true],
  ['refunds by a system', 'system', of('REMB'), true],
  ['refunds by a doctor', 'professional', of('REMB'), false],
  [
    'a patient’s that a system brings in',
    'system',
    document([coding('DOCPAT03')], { author: [{ reference: 'https://other.example/fhir/Patient/p' }] }),
    true,
  ],
  [
    'a relative’s that a system brings in',
    'system',
    document([coding('DOCPAT03')], {
      contained: [{ resourceType: 'RelatedPerson', id: 'r' }],
      author: [{ reference: '#r' }, { type: 'Patient', identifier: { value: '1' } }],
    }),
    true,
  ],
  [
    'a patient’s that a doctor wrote with them',
    'professional',
    document([coding('DOCPAT03')], {
      author: [{ reference: 'Patient/p' }, { reference: 'Practitioner/d' }],
    }),
    false,
  ],
  [
    'a doctor’s that the patient says is theirs',
    'patient',
    document([coding('11488-4')], { author: [{ reference: 'Practitioner/d' }] }),
    false,
  ],
  ['a laboratory’s Composition by a patient', 'patient', composition('11502-2'), false],
  ['a laboratory’s Composition', 'system', composition('11502-2'), true],
  ['a patient’s Composition', 'patient', composition('DOCPAT05'), true],
  ['a patient’s Composition by a doctor', 'professional', composition('DOCPAT05'), false],
  ['a laboratory’s FHIR document by a patient', 'patient', bundle(composition('11502-2')), false],
  ['a laboratory’s FHIR document', 'system', bundle(composition('11502-2')), true],
  [
    'a FHIR document with a laboratory’s',
    'patient',
    bundle(composition('DOCPAT05'), composition('11502-2')),
    false,
  ],
  ['a Bundle in which such a document lies', 'patient', bundle(bundle(composition('11502-2'))), false],
  [
    'a FHIR document that names a laboratory’s',
    'patient',
    bundle(composition('DOCPAT05'), of('11502-2')),
    true,
  ],
  ['a Bundle without documents', 'patient', bundle({ resourceType: 'Patient' }), true],
  ['a Bundle without entries', 'patient', { resourceType: 'Bundle', type: 'document' }, true],
  [
    'a patient’s FHIR document that a system brings in',
    'system',
    bundle(composition('DOCPAT05', { author: [{ reference: 'urn:uuid:1' }] }), { resourceType: 'Patient' }),
    true,
  ],
  [
    'a patient’s FHIR document that a doctor wrote',
    'system',
    bundle(composition('DOCPAT05', { author: [{ reference: 'urn:uuid:1' }] }), {
      resourceType: 'Practitioner',
    }),
    false,
  ],
])('%s (%s)', (_, role, deposit, allowed) => {
  expect(unfed(deposit, undefined, role, RULES) === undefined).toBe(allowed);
});

it('a FHIR document that was there stays what it was too', () => {
  const before = bundle(composition('11502-2'));
  expect(unfed(bundle(composition('11502-2', { title: 'y' })), before, 'patient', RULES)).toBeUndefined();
  expect(unfed(bundle(composition('11488-4')), before, 'patient', RULES)).toMatchObject({
    type: `${LOINC}|11488-4`,
    expression: 'Bundle.entry[0].resource.type',
  });
});

it('a document that was there stays what it was, and becomes nothing else', () => {
  const before = of('11502-2');
  expect(unfed({ ...before, description: 'other' }, before, 'patient', RULES)).toBeUndefined();
  expect(unfed(of('11502-2', '11488-4'), before, 'patient', RULES)?.type).toBe(`${LOINC}|11488-4`);
});

it('who is refused is told what they may deposit', async () => {
  const told = async (role: Role, code: string, by: (code: string) => Resource = of): Promise<string> => {
    const change = { type: 'DocumentReference', id: 'd', patients: ['p'], by: 'x', labels: [] };
    const changes = [{ ...change, method: 'POST' as const, resource: by(code) }];
    const refused = await feeding(role, RULES)(changes, {} as There).catch((error) => error);
    if (!(refused instanceof FhirError)) return '';
    expect(refused.status).toBe(422);
    expect(refused.issues[0]?.expression).toMatch(
      /^(DocumentReference|Composition|Bundle\.entry\[0\]\.resource)\.type$/,
    );
    return refused.message;
  };
  expect(await told('patient', '11502-2')).toContain('`http://loinc.org|11502-2`');
  expect(await told('patient', '11502-2')).toMatch(/allowed: `74465-6`, `EXPPAT_1`.*`DOCPAT09`, and types/);
  expect(await told('professional', 'DOCPAT03')).toMatch(/every type but `EXPPAT_2`.*`REMB`, and types/);
  expect(await told('all', '11502-2')).toBe('');
  expect(await told('patient', '11502-2', composition)).toContain('`http://loinc.org|11502-2`');
  expect(await told('patient', '11502-2', (code) => bundle(composition(code)))).toContain('11502-2');
});

it('the value sets of depositors, the classes and the places that are served say what the rules say', () => {
  const named = ({ system, code }: Type): string => `${system}|${code}`;
  const listed = (set: string): string[] =>
    [...(codesOf(`${OWN}ValueSet/${set}`) ?? [])].flatMap(([system, codes]) =>
      [...codes].map((code) => `${system}|${code}`),
    );
  const fed = (role: Role): string[] =>
    TYPES.filter(({ feeders = RULES.feeders }) => feeders.includes(role)).map(named);
  expect(listed('document-types')).toEqual(TYPES.map(named));
  for (const role of ['patient', 'representative', 'app'] as const)
    expect(listed('document-types-of-patients')).toEqual(fed(role));
  expect(listed('document-types-of-professionals')).toEqual(fed('professional'));
  expect(listed('document-types-of-systems')).toEqual(fed('system'));
  const maps = readConformance('ConceptMap') as unknown as Parameters<typeof translate>[1][];
  const to = (id: string, type: Type): string | undefined =>
    translate(
      [type],
      maps.find((each) => each!.id === id),
    )[0]?.concept.code;
  for (const type of TYPES)
    expect([type.code, to('document-type-to-class', type), to('document-type-to-place', type)]).toEqual([
      type.code,
      type.class,
      type.place,
    ]);
  const places = codesOf(`${OWN}ValueSet/document-places`)!.get(`${OWN}CodeSystem/document-places`)!;
  // each place has something in it
  expect(new Set(TYPES.flatMap(({ place }) => place ?? []))).toEqual(new Set(places));
});
