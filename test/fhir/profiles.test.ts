/** The profiles of MHD and PDSm: each rule is broken once, and told with the rule and where it is broken. */
import { readConformance } from '../../src/fhir/conformance/files.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import type { Issue } from '../../src/fhir/outcome.ts';
import { validate } from '../../src/fhir/validate/index.ts';
import { documentReference, folder, PDSM, provideBundle, submissionSet } from './support/documents.ts';

const OWN = 'https://carnet.example/fhir/StructureDefinition/';
const MHD = 'https://profiles.ihe.net/ITI/MHD/StructureDefinition/';

/** `code expression rule`, of errors. */
const told = (resource: Resource, options = {}): string[] =>
  validate(resource, options)
    .filter(({ severity }) => severity === 'error')
    .map(({ code, expression, rule }) => `${code} ${expression} ${rule?.element}`);
const warned = (issues: Issue[]) => issues.filter(({ severity }) => severity === 'warning');

/** A copy in which a path such as `content.0.attachment.size` holds something else, or nothing. */
function but(resource: Resource, path: string, value?: unknown): Resource {
  const copy = structuredClone(resource);
  const steps = path.split('.');
  const last = steps.pop()!;
  const holder = steps.reduce<Json>((at, step) => at[step] as Json, copy);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return copy;
}

it.each(readConformance('StructureDefinition').map((each) => [each.id, each] as const))(
  '%s is a valid StructureDefinition under its own address',
  (id, profile) => {
    expect(validate(profile)).toEqual([]);
    expect(profile.url).toBe(`${OWN}${id}`);
  },
);

it.each([
  ['a document', documentReference()],
  ['a SubmissionSet', submissionSet()],
  ['a folder', folder()],
  ['a deposit', provideBundle()],
  ['a deposit into a folder', provideBundle([folder()])],
])('%s of PDSm is good', (_, resource) => {
  expect(validate(resource)).toEqual([]);
});

it.each(['document-reference-eu-api', 'EehrxfMhdDocumentReference'])(
  'a document of the European guide (%s) is minimal, and has its patient',
  (name) => {
    const url = `http://hl7.eu/fhir/health-data-api/StructureDefinition/${name}`;
    const { type: _, category: _category, custodian: _custodian, ...served } = documentReference();
    const document = { ...served, meta: { profile: [url] } } as Resource;
    expect(validate(document)).toEqual([]);
    expect(told(but(document, 'subject'))).toEqual([
      'required DocumentReference.subject DocumentReference.subject',
    ]);
    expect(told(but(document, 'masterIdentifier'))).toEqual([
      'required DocumentReference.masterIdentifier DocumentReference.masterIdentifier',
    ]);
  },
);

const DOC = 'DocumentReference';
describe('a document', () => {
  it.each([
    ['custodian', undefined, `required ${DOC}.custodian ${DOC}.custodian`],
    ['date', undefined, `required ${DOC}.date ${DOC}.date`],
    ['author', undefined, `required ${DOC}.author ${DOC}.author`],
    ['masterIdentifier', undefined, `required ${DOC}.masterIdentifier ${DOC}.masterIdentifier`],
    ['masterIdentifier.use', 'official', `value ${DOC}.masterIdentifier.use ${DOC}.masterIdentifier.use`],
    ['type', undefined, `required ${DOC}.type ${DOC}.type`],
    ['securityLabel', undefined, `required ${DOC}.securityLabel ${DOC}.securityLabel`],
    ['docStatus', 'final', `structure ${DOC}.docStatus ${DOC}.docStatus`],
    ['category', [{ text: 'a' }, { text: 'b' }], `structure ${DOC}.category ${DOC}.category`],
    ['subject', { reference: 'Group/g' }, `value ${DOC}.subject ${DOC}.subject`],
    ['author', [{ reference: 'Practitioner/x' }], `structure ${DOC}.author[0] ${DOC}.author`],
    [
      'content.0.attachment.size',
      undefined,
      `required ${DOC}.content[0].attachment.size ${DOC}.content.attachment.size`,
    ],
    [
      'content.0.attachment.hash',
      undefined,
      `required ${DOC}.content[0].attachment.hash ${DOC}.content.attachment.hash`,
    ],
    [
      'content.0.attachment.hash',
      'QUJD',
      `invariant ${DOC}.content[0].attachment.hash ${DOC}.content.attachment.hash`,
    ],
    [
      'content.0.attachment.title',
      undefined,
      `required ${DOC}.content[0].attachment.title ${DOC}.content.attachment.title`,
    ],
    [
      'content.0.attachment.data',
      'QUJD',
      `structure ${DOC}.content[0].attachment.data ${DOC}.content.attachment.data`,
    ],
    ['content.0.format', undefined, `required ${DOC}.content[0].format ${DOC}.content.format`],
    ['context.period', undefined, `required ${DOC}.context.period ${DOC}.context.period`],
    ['context.period', { end: '2026' }, `required ${DOC}.context.period.start ${DOC}.context.period.start`],
    [
      'context.sourcePatientInfo',
      { reference: 'Patient/p' },
      `structure ${DOC}.context.sourcePatientInfo ${DOC}.context.sourcePatientInfo`,
    ],
    [
      'context.related',
      [
        {
          identifier: {
            type: { coding: [{ system: 'urn:ietf:rfc:3986', code: 'urn:ihe:iti:xds:2013:order' }] },
          },
        },
      ],
      `required ${DOC}.context.related[0].identifier.value ${DOC}.context.related:referenceIdList.identifier.value`,
    ],
    [
      'identifier.0.value',
      'urn:oid:1.2',
      `invariant ${DOC}.identifier[0].value ${DOC}.identifier:entryUUID.value`,
    ],
    [
      'extension',
      [{ url: `${PDSM}pdsm-ext-is-archived`, valueString: 'true' }],
      `structure ${DOC}.extension[0].value ${DOC}.extension:isArchived.value[x]`,
    ],
    [
      'relatesTo',
      ['a', 'b'].map((id) => ({ code: 'replaces', target: { reference: `${DOC}/${id}` } })),
      `invariant ${DOC}.relatesTo[0] ${DOC}.relatesTo`,
    ],
  ])('%s = %j', (path, value, fault) => {
    expect(told(but(documentReference(), path, value))).toContain(fault);
  });

  it('is told which profile it breaks, in words', () => {
    const [issue] = validate(but(documentReference(), 'custodian'));
    expect(issue).toEqual({
      severity: 'error',
      code: 'required',
      text: `element \`custodian\` is required (rule \`${DOC}.custodian\` of \`${OWN}pdsm-comprehensive-document-reference\`)`,
      expression: `${DOC}.custodian`,
      rule: { profile: `${OWN}pdsm-comprehensive-document-reference`, element: `${DOC}.custodian` },
    });
  });

  it('of another kind of identifier than an entryUUID is free in it', () => {
    expect(told(but(documentReference(), 'identifier.0', { system: 'urn:oid:1.2', value: 'x' }))).toEqual([]);
  });

  it('sent simply carries its content and no address', () => {
    const simple = but(
      but(
        documentReference({ meta: { profile: [`${PDSM}pdsm-simplified-publish`] } }),
        'content.0.attachment.url',
      ),
      'content.0.attachment.data',
      'QUJD',
    );
    expect(told(simple)).toEqual([]);
    expect(told(but(simple, 'content.0.attachment.url', 'Binary/x'))).toEqual([
      `structure ${DOC}.content[0].attachment.url ${DOC}.content.attachment.url`,
    ]);
    expect(told(but(simple, 'status', 'superseded'))).toEqual([`value ${DOC}.status ${DOC}.status`]);
  });
});

describe('a SubmissionSet', () => {
  it.each([
    ['source', undefined, 'required List.source List.source'],
    ['contained', undefined, 'required List.contained List.contained'],
    ['date', undefined, 'required List.date List.date'],
    ['subject', undefined, 'required List.subject List.subject'],
    ['mode', 'snapshot', 'value List.mode List.mode'],
    ['encounter', { reference: 'Encounter/e' }, 'structure List.encounter List.encounter'],
    ['code.coding.0.code', 'folder', 'value List.code List.code'],
    ['extension', undefined, 'required List.extension List.extension:sourceId'],
    [
      'extension.0.valueCodeableConcept',
      undefined,
      'required List.extension[0].value List.extension:designationType.value[x]',
    ],
    ['identifier.0.use', 'secondary', 'required List.identifier List.identifier:uniqueId'],
    ['identifier.0.value', 'urn:uuid:x', 'invariant List.identifier[0].value List.identifier:uniqueId.value'],
    ['entry.0.item', { reference: 'Patient/p' }, 'value List.entry[0].item List.entry.item'],
    ['entry.0.deleted', true, 'structure List.entry[0].deleted List.entry.deleted'],
  ])('%s = %j', (path, value, fault) => {
    expect(told(but(submissionSet(), path, value))).toContain(fault);
  });
});

describe('a deposit', () => {
  it('has one SubmissionSet', () => {
    const none = but(provideBundle(), 'entry', (provideBundle().entry as Json[]).slice(1));
    expect(told(none)).toEqual(['required Bundle.entry Bundle.entry:SubmissionSet']);
    expect(told(provideBundle([submissionSet()]))).toEqual([
      'structure Bundle.entry Bundle.entry:SubmissionSet',
    ]);
  });

  it('is a transaction, and each entry says how it is written', () => {
    expect(told(but(provideBundle(), 'type', 'batch'))).toContain('value Bundle.type Bundle.type');
    expect(told(but(provideBundle(), 'entry.1.request.method', 'PUT'))).toEqual([
      'value Bundle.entry[1].request.method Bundle.entry:DocumentRefs.request.method',
    ]);
  });

  it('holds documents of the profile, whatever they claim', () => {
    const claimsLess = but(documentReference({ meta: undefined }), 'custodian');
    delete claimsLess.meta;
    expect(told(provideBundle([], submissionSet(), claimsLess))).toEqual([
      'required Bundle.entry[1].resource.custodian DocumentReference.custodian',
    ]);
  });

  it('holds no Patient', () => {
    expect(told(provideBundle([{ resourceType: 'Patient' }]))).toContain(
      'structure Bundle.entry Bundle.entry:Patient',
    );
  });
});

describe('what is asked', () => {
  const bare: Resource = {
    resourceType: DOC,
    status: 'current',
    content: [{ attachment: { contentType: 'text/plain', url: 'Binary/b' } }],
  };

  it('is a profile by the address of the guide, with or without version and s, or by our own', () => {
    for (const canonical of [
      `${OWN}mhd-minimal-document-reference`,
      `${OWN}mhd-minimal-document-reference|0.1.0`,
      `${MHD}IHE.MHD.Minimal.DocumentReference`,
      `${MHD}IHE.MHD.Minimal.DocumentReference|4.2.3`,
      `${MHD}IHE.MHD.Minimal.DocumentReference`.replace('https', 'http'),
    ]) {
      expect(told(bare, { canonicals: [canonical] })).toEqual([
        `required ${DOC}.masterIdentifier ${DOC}.masterIdentifier`,
      ]);
    }
  });

  it('is warned of when it is not known', () => {
    const issues = validate({ ...bare, meta: { profile: ['http://else.example/Profile|2'] } });
    expect(issues).toEqual(warned(issues));
    expect(issues).toMatchObject(
      [{ code: 'not-supported', expression: `${DOC}.meta.profile`, text: /not known here/ }].map((each) => ({
        ...each,
        text: expect.stringMatching(each.text),
      })),
    );
    expect(warned(validate(bare, { canonicals: [`${OWN}mhd-minimal-document-reference|9`] }))).toHaveLength(
      1,
    );
  });

  it('must be of the type', () => {
    expect(told({ resourceType: 'Patient' }, { canonicals: [`${OWN}pdsm-folder`] })).toEqual([
      'value Patient undefined',
    ]);
  });

  it('may be R4’s own definition', () => {
    expect(validate(bare, { canonicals: [`http://hl7.org/fhir/StructureDefinition/${DOC}`] })).toEqual([]);
  });

  it('may be asked of every resource of a type: one of several', () => {
    const required = new Map([
      [DOC, [`${PDSM}pdsm-simplified-publish`, `${MHD}IHE.MHD.Minimal.DocumentReference`]],
    ]);
    expect(told(bare, { required })).toEqual([`required ${DOC}.masterIdentifier ${DOC}.masterIdentifier`]);
    expect(told(documentReference(), { required })).toEqual([]);
    expect(told({ resourceType: 'Patient' }, { required })).toEqual([]);
  });

  it('is bounded', () => {
    const profile = Array.from({ length: 21 }, (_, index) => `http://else.example/${index}`);
    expect(told({ ...bare, meta: { profile } })).toEqual([`too-costly ${DOC}.meta.profile undefined`]);
  });
});
