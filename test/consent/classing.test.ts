/** Whether a document's class is that of its type, as the French rules have it. */
import { misclassed } from '../../src/consent/classing.ts';
import { classing } from '../../src/enforcement/classing.ts';
import type { Change } from '../../src/enforcement/ports.ts';
import type { There } from '../../src/enforcement/vetting.ts';
import type { FhirError } from '../../src/fhir/outcome.ts';
import type { Resource } from '../../src/fhir/resource.ts';
import { nationalRules } from '../../src/config/national-rules.ts';

const RULES = nationalRules().documentTypes!;
const LOINC = 'http://loinc.org';
const TRE_A03 = 'https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument';
const OID = 'urn:oid:1.2.250.1.213.1.1.4.1';

const concept = (...codings: [system: string, code: string][]) => ({
  coding: codings.map(([system, code]) => ({ system, code })),
});
const document = (type: object | undefined, ...category: object[]): Resource => ({
  resourceType: 'DocumentReference',
  ...(type === undefined ? {} : { type }),
  ...(category.length === 0 ? {} : { category }),
});
const REPORT = concept([LOINC, '11488-4']);
const bundle = (resource: Resource): Resource => ({
  resourceType: 'Bundle',
  type: 'document',
  entry: [{ resource }],
});

it.each<[string, Resource, boolean]>([
  ['its own', document(REPORT, concept([TRE_A03, '10'])), true],
  ['another', document(REPORT, concept([TRE_A03, '31'])), false],
  ['one that the list hasn’t got', document(REPORT, concept([TRE_A03, '77'])), false],
  ['another by the system’s OID', document(REPORT, concept([OID, '31'])), false],
  [
    'another by the OIDs of both systems',
    document(concept(['urn:oid:2.16.840.1.113883.6.1', '11488-4']), concept([OID, '31'])),
    false,
  ],
  ['another beside its own', document(REPORT, concept([TRE_A03, '10']), concept([TRE_A03, '31'])), false],
  ['another in one concept with its own', document(REPORT, concept([TRE_A03, '10'], [TRE_A03, '31'])), false],
  [
    'another, of a type of TRE_A05',
    document(
      concept([RULES.types.find(({ code }) => code === 'DOCPAT04')!.system, 'DOCPAT04']),
      concept([TRE_A03, '90']),
    ),
    false,
  ],
  [
    'that of one of two types',
    document(concept([LOINC, '11488-4'], [LOINC, '18748-4']), concept([TRE_A03, '31'])),
    true,
  ],
  ['one of another system', document(REPORT, concept([LOINC, '47039-3'])), true],
  ['in words', document(REPORT, { text: 'Imagerie' }), true],
  ['none', document(REPORT), true],
  [
    'any, of a type without a class in the national map',
    document(concept([LOINC, '34895-3']), concept([TRE_A03, '31'])),
    true,
  ],
  [
    'any, of a type of another system',
    document(concept(['urn:x', '11488-4']), concept([TRE_A03, '31'])),
    true,
  ],
  ['any, without a type', document(undefined, concept([TRE_A03, '31'])), true],
  [
    'another, of a Composition',
    { ...document(REPORT, concept([TRE_A03, '31'])), resourceType: 'Composition' },
    false,
  ],
  [
    'another, of a FHIR document',
    bundle({ ...document(REPORT, concept([TRE_A03, '31'])), resourceType: 'Composition' }),
    false,
  ],
])('the class of a document that is %s', (_, sent, fits) => {
  expect(misclassed(sent, undefined, RULES) === undefined).toBe(fits);
});

it('what was there stays, and may be sent again; not what is added', () => {
  const before = document(REPORT, concept([TRE_A03, '31']));
  expect(misclassed(before, before, RULES)).toBeUndefined();
  expect(misclassed(document(REPORT, concept([TRE_A03, '42'])), before, RULES)).toMatchObject({
    found: '42',
  });
  const retyped = document(concept([LOINC, '11502-2']), concept([TRE_A03, '31']));
  expect(misclassed(retyped, before, RULES)).toMatchObject({ type: '11502-2' });
});

it('each type of the national list goes with its class, and with none of the others', () => {
  const classes = [...new Set(RULES.types.flatMap((each) => each.class ?? []))];
  expect(classes.length).toBeGreaterThan(9);
  for (const { system, code, class: own } of RULES.types)
    for (const each of classes) {
      const found = misclassed(document(concept([system, code]), concept([TRE_A03, each])), undefined, RULES);
      expect([code, each, found === undefined]).toEqual([code, each, own === undefined || own === each]);
    }
});

it('the refusal names the element, what was found and what is allowed', async () => {
  const resource = document(REPORT, concept([TRE_A03, '31']));
  const change = { type: 'DocumentReference', id: 'd', method: 'POST', resource } as Change;
  const refused = classing(RULES)([change], {} as There);
  const { status, issues } = (await refused.then(
    () => undefined,
    (error: FhirError) => error,
  )) as FhirError;
  expect([status, issues[0]]).toEqual([
    422,
    expect.objectContaining({
      code: 'business-rule',
      expression: 'DocumentReference.category',
      text: 'the class `31` is not that of the type `11488-4`; allowed: `10`, and classes of other systems',
    }),
  ]);
});
