/** Everything that a curious caller sends: each way of the list of leaks that this server has. */
import { NAMING_PAGED, NAMING_SEARCHES, list, lot } from './naming.ts';
import type { Resource } from '../../../src/fhir/resource.ts';
import {
  BASE_TIME,
  FORM,
  HIDDEN_CONTENT,
  HIDDEN_KEYS,
  INS,
  SECRET,
  document,
  observation,
} from './content.ts';

export interface Probe {
  method: string;
  /** `{vid:Type/id}` stands for the version id, or for what could be one where there is none. */
  path: string;
  headers?: Record<string, string>;
  body?: unknown;
  /** The next pages too. */
  follow?: true;
  /** Not the path itself, but the next page of what another caller, or the same before it was hidden, found there. */
  link?: 'of another' | 'from before';
}

const get = (path: string, headers?: Record<string, string>): Probe => ({ method: 'GET', path, headers });
const form = (path: string, body: string): Probe => ({
  method: 'POST',
  path,
  body,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
});
const secret = (code: string): string => `${SECRET}%7C${code}`;

const NAMED_READS: Probe[] = HIDDEN_KEYS.flatMap((key) => [
  get(key),
  { method: 'HEAD', path: key },
  get(`${key}/_history`),
  get(`${key}/_history/{vid:${key}}`),
  get(`${key}/$meta`),
  get(key, { 'if-none-match': 'W/"{vid:' + key + '}"' }),
  get(key, { 'if-modified-since': 'Tue, 01 Jan 2036 00:00:00 GMT' }),
]);

const SEARCHES = [
  'Patient/vera/$everything',
  'Patient/vera/$everything?_type=Observation,DocumentReference&start=2024-01-01',
  'Patient/hugo/$everything',
  'Patient/hugo/$export-record',
  `Patient/vera/$export-record/${'f'.repeat(32)}`,
  `Patient/hugo/$export-record/${'f'.repeat(32)}/record.zip`,
  'Patient/hugo/$summary',
  'Patient/vera/$summary',
  'Patient/vera/$summary?language=en',
  'Patient/wim/$summary',
  'Encounter/vera-enc/$everything',
  'Encounter/hugo-enc/$everything',
  'DocumentReference',
  'DocumentReference?patient=vera',
  'DocumentReference?patient=vera&_total=accurate&_count=1',
  'DocumentReference?patient=vera&_summary=count',
  'DocumentReference?patient=vera&_count=0',
  'DocumentReference?_summary=count',
  'DocumentReference?patient=vera&_sort=-date',
  'DocumentReference?patient=vera&_sort=date',
  'DocumentReference?_sort=-_lastUpdated',
  'DocumentReference?_sort=_id&_count=2',
  'DocumentReference?patient=vera,hugo&_sort=description',
  'DocumentReference?_lastUpdated=gt2000-01-01',
  'DocumentReference?date=ge2020-01-01',
  'DocumentReference?patient=hugo',
  'DocumentReference?subject=Patient/hugo',
  'DocumentReference?author=Patient/vera',
  'DocumentReference?author=Practitioner/demo-gp',
  'DocumentReference?_id=hugo-doc',
  'DocumentReference?_id=hugo-doc,vera-doc1,nothing',
  `DocumentReference?identifier=${secret('twice')}`,
  `DocumentReference?identifier=${secret('hidden')}`,
  `DocumentReference?_tag=${secret('tagged')}`,
  `DocumentReference?_security=${secret('labelled')}`,
  `Observation?_tag:not=${secret('tagged')}`,
  'Observation?_source=https://secret.example/source',
  'DocumentReference?_text=secretword',
  'DocumentReference?_content=secretword',
  'DocumentReference?patient=vera&_content=document',
  'DocumentReference?description:contains=secret',
  'DocumentReference?_list=hugo-list',
  'DocumentReference?_list=vera-list',
  'Observation?_list=vera-list',
  'DocumentReference?identifier:missing=false',
  'DocumentReference?identifier:missing=true',
  'DocumentReference?type:not=http://loinc.org%7C34112-3',
  'DocumentReference?encounter=Encounter/hugo-enc',
  'DocumentReference?encounter.status=in-progress',
  'DocumentReference?encounter:Encounter.status:not=finished',
  `DocumentReference?encounter:Encounter.identifier=${secret('hugo-enc')}`,
  'DocumentReference?patient.name=secretmann',
  'DocumentReference?patient=vera&patient.name=secretmann',
  'DocumentReference?subject:Patient.family=Secretmann',
  'DocumentReference?relatesto=DocumentReference/hugo-doc',
  'DocumentReference?relatesto:DocumentReference.description=secretword',
  'DocumentReference?_has:Provenance:target:recorded=ge2000-01-01',
  'DocumentReference?_has:List:item:_id=hugo-list',
  'DocumentReference?_has:Task:focus:status=requested',
  'DocumentReference?location=Binary/vera-bin',
  'Observation?value-quantity=gt40',
  'Observation?value-quantity=lt15',
  'Observation?_sort=-value-quantity',
  'Observation?_sort=code',
  'Observation?code=secret-code',
  'Observation?code:not=secret-code',
  'Observation?has-member=Observation/hugo-obs',
  'Observation?has-member.code=secret-code',
  'Observation?encounter.subject.name=secretmann',
  'Observation?focus=Patient/vera',
  'Patient',
  'Patient?name=secretmann',
  'Patient?family:exact=Secretmann',
  'Patient?birthdate=1980-02-03',
  `Patient?identifier=${INS}%7C279035121518989`,
  `Patient?identifier=124018852493334`,
  'Patient?_id=hugo',
  'Patient?_has:Observation:patient:value-quantity=gt40',
  'Patient?_has:Observation:patient:value-quantity=gt41.5',
  'Patient?_has:Observation:patient:value-quantity=lt43',
  'Patient?_has:Observation:patient:value-quantity=sa41',
  'Patient?_has:Observation:patient:value-quantity=ne42',
  'Patient?_has:Encounter:subject:_has:Observation:encounter:code=secret-code',
  'Patient?_has:Appointment:patient:status=booked',
  'Patient?_has:DocumentReference:author:status=current',
  'Patient?_has:Group:member:_id=hidden-group',
  'Encounter?_has:Observation:encounter:code=secret-code',
  'Encounter?_has:Condition:encounter:code=secret-code',
  'Encounter?status=in-progress',
  'Condition?encounter=Encounter/vera-enc',
  'Condition?asserter=Patient/vera',
  'Appointment?patient=vera',
  'Appointment?patient=Patient/hugo',
  'Appointment?actor=Patient/vera&_total=accurate',
  'Appointment?actor=Patient/vera&actor=Patient/hugo',
  'Appointment?actor:Patient.name=secretmann',
  'Appointment?date=ge2024-01-01&_sort=date',
  'Provenance?target=DocumentReference/vera-doc1',
  'List?item=DocumentReference/vera-doc1',
  'Group?member=Patient/vera',
  'Communication?recipient=Patient/vera',
  'Task?owner=Practitioner/demo-gp',
  'Consent?patient=hugo',
  'Consent?actor=Practitioner/demo-gp',
  'Consent?patient=vera',
  'Device',
  'Device?patient=hugo',
  'Schedule',
  'Schedule?actor=Patient/hugo',
  'RelatedPerson?patient=hugo',
  'AuditEvent?entity=DocumentReference/hugo-doc',
  'DocumentReference?patient=vera&_include=DocumentReference:encounter',
  'DocumentReference?patient=vera&_include=DocumentReference:relatesto&_include:iterate=DocumentReference:encounter',
  'DocumentReference?patient=vera&_include=*',
  'DocumentReference?patient=vera&_include=DocumentReference:*&_count=1',
  'Observation?patient=vera&_include=Observation:has-member&_include:iterate=Observation:encounter',
  'List?patient=vera&_include=List:item',
  'List?_id=vera-list&_include=List:item:DocumentReference',
  'Appointment?patient=vera&_include=Appointment:actor',
  'Patient?_id=vera&_revinclude=*',
  'Patient?_id=vera&_revinclude=Appointment:actor',
  'Patient?_id=vera&_revinclude=DocumentReference:author',
  'Patient?_id=vera&_revinclude=Group:member',
  'Patient?_id=vera&_revinclude=DocumentReference:subject&_revinclude:iterate=DocumentReference:relatesto',
  'Patient?_id=vera&_revinclude=DocumentReference:subject&_revinclude:iterate=Provenance:target',
  'DocumentReference?_id=vera-doc1&_revinclude=DocumentReference:relatesto',
  'DocumentReference?_id=vera-doc1&_revinclude=List:item',
  'DocumentReference?_id=vera-doc1&_revinclude=Provenance:target',
  'DocumentReference?_id=vera-doc1&_revinclude=Task:focus',
  'Encounter?_id=vera-enc&_revinclude=Condition:encounter&_revinclude=Observation:encounter',
  'Practitioner?_id=demo-gp&_revinclude=DocumentReference:author',
  'Practitioner?_has:DocumentReference:author:description=secretword',
  'Patient/vera/*',
  'Patient/vera/Appointment',
  'Patient/vera/DocumentReference?_summary=count',
  'Patient/hugo/*',
  'Patient/hugo/Observation',
  'Encounter/hugo-enc/Observation',
  'Encounter/hugo-enc/*',
  'Encounter/vera-enc/Condition',
  'Practitioner/demo-gp/DocumentReference',
  'Device/hugo-device/Observation',
  '?_type=DocumentReference,Observation,Appointment&_lastUpdated=gt2000-01-01',
  `?_type=DocumentReference,Observation&_tag=${secret('tagged')}`,
  '?_id=hugo-doc',
  '?_type=Patient,Observation&_id=hugo,hugo-obs,vera',
  '?_lastUpdated=gt2000-01-01&_summary=count',
  'DocumentReference?patient=vera&_elements=description',
  'DocumentReference?patient=vera&_summary=true',
  'Patient?_contained=both&name=secretmann',
  'Patient?_contained=true&name=secretmann',
  'Patient?_contained=true&_containedType=contained&name=secretmann',
  'Patient?_contained=both&_containedType=contained',
  'Observation?_contained=true&_containedType=contained&_sort=-value-quantity',
  'Observation?_contained=both&_containedType=contained&value-quantity=gt40&_summary=count',
  `Observation?value-quantity=0.42%7Chttp://unitsofmeasure.org%7Cm`,
  `Patient?_has:Observation:patient:value-quantity=420%7Chttp://unitsofmeasure.org%7Cmm`,
  'DiagnosticReport?result.value-quantity=gt40',
  'DiagnosticReport?result.value-quantity=lt40',
  'DiagnosticReport?result.date=2024-05-05',
  'Patient?_has:DiagnosticReport:patient:result.value-quantity=gt40',
  'AllergyIntolerance?patient=vera&_list=$current-allergies',
  'AllergyIntolerance?patient=hugo&_list=$current-allergies',
  'AllergyIntolerance?patient=vera,hugo&_list=$current-allergies',
  'AllergyIntolerance?_list=$current-allergies',
  'Patient/hugo/AllergyIntolerance?_list=$current-allergies',
  'Observation?encounter:below=vera-enc',
  'Observation?encounter:above=hugo-enc',
  'Observation?encounter:below=hugo-enc',
  'Encounter?part-of:below=vera-enc',
  'Encounter?location:below=site',
  'Location?_has:Encounter:location:location:below=site',
  'QuestionnaireResponse?questionnaire.title=two',
  `QuestionnaireResponse?questionnaire:below=${FORM}`,
  'Patient?_has:QuestionnaireResponse:patient:questionnaire.title=two',
  'Questionnaire?_has:QuestionnaireResponse:questionnaire:status=completed',
  'Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=hugo-answers',
  'QuestionnaireResponse?_include=QuestionnaireResponse:questionnaire',
  'Questionnaire?_revinclude=QuestionnaireResponse:questionnaire',
  'Questionnaire?_id=form-2&_revinclude=*&_revinclude:iterate=*',
  'Observation/$meta',
  'DocumentReference/$meta',
  'QuestionnaireResponse/$meta',
  '$meta',
  'Encounter/_history?_count=1',
  'DocumentReference/_history',
  'Observation/_history?_since=2000-01-01T00:00:00Z',
  'Appointment/_history',
  '_history?_count=1000',
  'DocumentReference/vera-doc1/_history',
];

const PAGED = [
  'Patient/vera/$everything?_count=3',
  'DocumentReference?patient=vera&_count=1',
  'DocumentReference?_count=1',
  'DocumentReference?_count=2&_sort=-date',
  'Patient?_id=vera,hugo,wim&_count=1',
  'Patient/vera/*?_count=2',
  'Observation?_count=1&_sort=-value-quantity',
  'Observation?_count=1&_sort=code',
  'DocumentReference/_history?_count=2',
  '_history?_count=7',
  'Appointment?date=ge2024-01-01&_sort=date&_count=1',
  'Observation?_contained=both&_containedType=contained&_count=1',
  'List/_history?_count=1',
];

const ODD: Probe[] = [
  get('Binary/vera-bin'),
  get('Binary/vera-bin', { accept: 'application/fhir+json' }),
  get('Binary/hugo-bin', { accept: 'application/fhir+json' }),
  get('Binary/hugo-bin', { range: 'bytes=0-1' }),
  get('Patient%2Fhugo'),
  get('DocumentReference/hugo%2Ddoc'),
  get('DocumentReference/hugo-doc%2F_history'),
  get('DocumentReference/hugo-doc/'),
  get('DocumentReference/hugo-doc?_summary=true'),
  get('DocumentReference/hugo-doc?_elements=description'),
  get('DocumentReference/hugo-doc?_unknown=1'),
  get('DocumentReference?patient=vera&_unknown=1', { prefer: 'handling=lenient' }),
  get('DocumentReference?patient=hugo', {
    'x-purpose-of-use': 'BTG',
    'x-role': 'all',
    'x-forwarded-user': 'Device/demo-all',
  }),
  get('DocumentReference?patient=vera', { purpose: 'TREAT', 'x-user-role': 'all' }),
  form('DocumentReference/_search', 'patient=vera'),
  form('DocumentReference/_search', 'patient=hugo&_total=accurate'),
  form('DocumentReference/_search?patient=vera', 'description:contains=secret'),
  form('_search', '_type=Observation,Patient&_id=hugo-obs,hugo'),
  form('Patient/vera/_search', '_summary=count'),
  form('Patient/hugo/Observation/_search', 'code=secret-code'),
  form('Patient/_search', `identifier=${INS}|279035121518989`),
];

const XML_TYPE: Record<string, string> = { 'content-type': 'application/xml-patch+xml' };
const XML_PATCH = '<diff xmlns:f="http://hl7.org/fhir"><add sel="*"><f:language value="fr"/></add></diff>';

/** They change nothing, since what they mean is hidden. */
const NAMED_WRITES: Probe[] = HIDDEN_KEYS.flatMap((key) => {
  const [type = '', id = ''] = key.split('/');
  const resource = HIDDEN_CONTENT.find((each) => each.resourceType === type && each.id === id);
  const meta = {
    resourceType: 'Parameters',
    parameter: [{ name: 'meta', valueMeta: { security: [{ system: SECRET, code: 'labelled' }] } }],
  };
  const patch = [{ op: 'add', path: '/language', value: 'fr' }];
  const json = { 'content-type': 'application/json-patch+json' };
  return [
    { method: 'PUT', path: key, body: resource },
    { method: 'PUT', path: key, body: resource, headers: { 'if-match': 'W/"{vid:' + key + '}"' } },
    { method: 'PATCH', path: key, body: patch, headers: json },
    { method: 'PATCH', path: key, body: patch, headers: { ...json, 'if-match': 'W/"{vid:' + key + '}"' } },
    { method: 'PATCH', path: key, body: XML_PATCH, headers: XML_TYPE },
    { method: 'DELETE', path: key },
    { method: 'DELETE', path: key, headers: { 'if-match': 'W/"{vid:' + key + '}"' } },
    { method: 'POST', path: `${key}/$meta-add`, body: meta },
    { method: 'POST', path: `${key}/$meta-delete`, body: meta },
    { method: 'POST', path: `${key}/$validate`, body: resource },
  ];
});

export const entry = (method: string, url: string, resource?: unknown, more: object = {}) => ({
  ...(resource === undefined ? {} : { resource }),
  request: { method, url, ...more },
});
export const bundle = (type: string, ...entries: object[]): Probe => ({
  method: 'POST',
  path: '',
  body: { resourceType: 'Bundle', type, entry: entries },
});
const { id: _1, ...made } = document('', 'vera', {
  description: 'made by who asks',
  // of a type that everybody may feed
  type: { coding: [{ system: SECRET, code: 'note' }] },
});
const { id: _2, ...measured } = observation('', 'vera', 15);
const tied = {
  ...made,
  relatesTo: [{ code: 'appends', target: { reference: 'DocumentReference/hugo-doc' } }],
  context: { encounter: [{ reference: 'Encounter/hugo-enc' }] },
  content: [{ attachment: { contentType: 'text/plain', url: 'Binary/hugo-bin' } }],
};

const newList = { ...list('', 'vera', 'DocumentReference/vera-doc1'), id: undefined };

const AUDIT_EVENT = {
  resourceType: 'AuditEvent',
  type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
  recorded: BASE_TIME,
  agent: [{ requestor: true, who: { reference: 'Practitioner/demo-gp' } }],
  source: { observer: { reference: 'Device/x' } },
};

/** A SubmissionSet with a document that replaces another, and a Folder with it. */
function published(replaced: string): Probe {
  const [set, folder, kept, content] = [1, 2, 3, 4].map(
    (each) => `urn:uuid:0000000${each}-0000-4000-8000-000000000000`,
  );
  const whole = (fullUrl: string, resource: Resource) => ({
    fullUrl,
    ...entry('POST', resource.resourceType, resource),
  });
  const newDocument: Resource = {
    ...made,
    resourceType: 'DocumentReference',
    relatesTo: [{ code: 'replaces', target: { reference: replaced } }],
    content: [{ attachment: { contentType: 'text/plain', url: content } }],
  };
  const lists = (kind: 'submissionset' | 'folder', ...names: string[]): Resource => {
    const { id: _, ...rest } = lot(kind, '', 'vera', ...names);
    return rest as Resource;
  };
  return bundle(
    'transaction',
    whole(set!, lists('submissionset', kept!, folder!)),
    whole(folder!, lists('folder', kept!, 'DocumentReference/vera-doc1')),
    whole(kept!, newDocument),
    whole(content!, { resourceType: 'Binary', contentType: 'text/plain', data: 'eA==' }),
  );
}

/** A document of whom a Patient in the same Bundle means. */
function broughtBy(patient: Resource, method: 'POST' | 'PUT', url = 'Patient'): Probe {
  const [set, kept, content, of] = [5, 6, 7, 8].map(
    (each) => `urn:uuid:0000000${each}-0000-4000-8000-000000000000`,
  );
  const { id: _, ...list } = lot('submissionset', '', 'vera', kept!);
  const subject = { reference: of! };
  const resources: [string, Resource][] = [
    [set!, { ...list, subject } as Resource],
    [
      kept!,
      {
        ...made,
        resourceType: 'DocumentReference',
        subject,
        content: [{ attachment: { contentType: 'text/plain', url: content } }],
      },
    ],
    [content!, { resourceType: 'Binary', contentType: 'text/plain', data: 'eA==' }],
  ];
  return bundle(
    'transaction',
    ...resources.map(([fullUrl, resource]) => ({
      fullUrl,
      ...entry('POST', resource.resourceType, resource),
    })),
    { fullUrl: of, ...entry(method, url, patient) },
  );
}

/** A document with its content in itself, of which a SubmissionSet is made, or a Bundle. */
function alone(value: string, contentType: string, content: string, replaced: string): Probe {
  const attachment = { contentType, data: Buffer.from(content).toString('base64') };
  const profile =
    'https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.SimplifiedPublish.DocumentReference';
  const body = {
    ...made,
    meta: { profile: [profile] },
    masterIdentifier: { system: SECRET, value },
    relatesTo: [{ code: 'replaces', target: { reference: replaced } }],
    content: [{ attachment }],
  };
  return { method: 'POST', path: 'DocumentReference', body };
}

const FHIR_DOCUMENT = JSON.stringify({
  resourceType: 'Bundle',
  identifier: { system: SECRET, value: 'hidden' },
  type: 'document',
  timestamp: '2026-05-02T10:00:00Z',
  entry: [
    {
      fullUrl: 'urn:uuid:00000005-0000-4000-8000-000000000000',
      resource: {
        resourceType: 'Composition',
        status: 'final',
        type: { text: 'note' },
        subject: { reference: 'Patient/hugo' },
        date: '2026-05-02',
        author: [{ reference: 'Practitioner/hugo-doc' }],
        title: 'note',
      },
    },
  ],
});

/** Documents as IHE has them: uniqueIds, replacements and metadata of what is hidden. */
const PUBLISHING: Probe[] = [
  {
    method: 'POST',
    path: 'DocumentReference',
    body: { ...made, masterIdentifier: { system: SECRET, value: 'hidden' } },
  },
  {
    method: 'POST',
    path: 'DocumentReference',
    body: {
      ...made,
      relatesTo: [{ code: 'replaces', target: { reference: 'DocumentReference/hugo-doc' } }],
    },
  },
  {
    method: 'POST',
    path: 'DocumentReference',
    body: {
      ...made,
      relatesTo: [{ code: 'replaces', target: { identifier: { system: SECRET, value: 'hidden' } } }],
    },
  },
  {
    method: 'PATCH',
    path: `DocumentReference?identifier=${secret('hidden')}`,
    body: [{ op: 'replace', path: '/status', value: 'entered-in-error' }],
    headers: { 'content-type': 'application/json-patch+json' },
  },
  {
    method: 'PATCH',
    path: `DocumentReference?identifier=${secret('hidden')}`,
    body: '<diff><replace sel="DocumentReference/status/@value">entered-in-error</replace></diff>',
    headers: { 'content-type': 'application/xml-patch+xml' },
  },
  get(`DocumentReference?patient.identifier=${INS}%7C279035121518989&status=current&isArchived:missing=true`),
  get('DocumentReference?patient=hugo&relatesTo=DocumentReference/hugo-doc'),
  alone('alone', 'text/plain', 'x', 'DocumentReference/hugo-doc'),
  alone('hidden', 'text/plain', 'x', 'DocumentReference/absent'),
  alone('document', 'application/fhir+json', FHIR_DOCUMENT, 'DocumentReference/hugo-doc'),
  alone('document', 'application/fhir+json', FHIR_DOCUMENT, 'DocumentReference/hugo-doc'),
  get('List?patient=vera&code=submissionset'),
  { method: 'DELETE', path: `DocumentReference?identifier=${secret('alone')}` },
  get('List?patient=vera&code=submissionset'),
  get('DocumentReference/$docref?patient=hugo'),
  get('DocumentReference/$docref?patient=vera'),
  get('DocumentReference/$docref?patient=vera&start=2024-01-01&end=2024-12-31'),
  get('DocumentReference/$docref?patient=hugo&profile=http://secret.example/p'),
  get('DocumentReference/$docref?patient=vera&on-demand=true'),
  get('DocumentReference/hugo-doc/$html'),
  // of a space that isn't open, and of one that everybody who knows it may know of
  ...[
    ['Secretmann', 'hugo-closed'],
    ['Durand', 'wim'],
  ].map(([family, given]): Probe => ({
    method: 'POST',
    path: 'Patient/$match',
    body: {
      resourceType: 'Parameters',
      parameter: [
        {
          name: 'resource',
          resource: {
            resourceType: 'Patient',
            name: [{ family, given: [given] }],
            gender: 'female',
            birthDate: '1980-02-03',
          },
        },
      ],
    },
  })),
  ...(
    [
      [{ identifier: [{ system: INS, value: '279035121518989' }] }, 'POST', 'Patient'],
      [
        {
          name: [{ family: 'Secretmann', given: ['hugo-closed'] }],
          gender: 'female',
          birthDate: '1980-02-03',
        },
        'POST',
        'Patient',
      ],
      [{}, 'PUT', `Patient?identifier=${INS}|279035121518989`],
      [
        { id: 'hugo-closed', identifier: [{ system: INS, value: '279035121518989' }] },
        'PUT',
        'Patient/hugo-closed',
      ],
    ] as const
  ).map(([who, method, url]) => broughtBy({ resourceType: 'Patient', ...who } as Resource, method, url)),
  published('DocumentReference/hugo-doc'),
  published('DocumentReference/never-was'),
  { method: 'PUT', path: 'List/vera-folder', body: lot('folder', 'vera-folder', 'vera') },
  {
    method: 'PATCH',
    path: 'List?_id=vera-set',
    body: [{ op: 'replace', path: '/title', value: 'seen' }],
    headers: { 'content-type': 'application/json-patch+json' },
  },
  get('Patient/hugo/$access-status'),
  get(`Patient/hugo-closed/$access-status?identifier=${INS}%7C279035121518989`),
];

/** One after the other: some change what the caller may change, alike in both worlds. */
export const SEQUENCE: Probe[] = [
  ...PUBLISHING,
  {
    method: 'POST',
    path: 'DocumentReference',
    body: made,
    headers: { 'if-none-exist': `identifier=${SECRET}|hidden` },
  },
  { method: 'POST', path: 'DocumentReference', body: made, headers: { 'if-none-exist': '_id=hugo-doc' } },
  {
    method: 'POST',
    path: 'DocumentReference',
    body: made,
    headers: { 'if-none-exist': `identifier=${SECRET}|twice` },
  },
  { method: 'POST', path: 'Observation', body: measured, headers: { 'if-none-exist': 'code=secret-code' } },
  { method: 'PUT', path: `DocumentReference?identifier=${secret('hidden')}`, body: made },
  { method: 'PUT', path: 'DocumentReference?_id=hugo-doc', body: { ...made, id: 'hugo-doc' } },
  {
    method: 'PUT',
    path: `DocumentReference?identifier=${secret('nothing')}`,
    body: { ...made, id: 'hugo-doc' },
  },
  { method: 'DELETE', path: 'DocumentReference?_id=hugo-doc' },
  { method: 'DELETE', path: `Observation?code=secret-code` },
  {
    method: 'PATCH',
    path: 'DocumentReference?_id=hugo-doc',
    body: [{ op: 'replace', path: '/description', value: 'seen' }],
    headers: { 'content-type': 'application/json-patch+json' },
  },
  { method: 'POST', path: 'DocumentReference', body: tied },
  get('Binary/hugo-bin'),
  get('DocumentReference?description=made&_include=*'),
  {
    method: 'POST',
    path: 'DocumentReference',
    body: { ...made, identifier: [{ system: SECRET, value: 'hidden' }] },
  },
  { method: 'POST', path: 'DocumentReference', body: { ...made, subject: { reference: 'Patient/hugo' } } },
  {
    method: 'POST',
    path: 'Appointment',
    body: { ...HIDDEN_CONTENT.find(({ id }) => id === 'shared-appt'), id: undefined },
  },
  // of somebody whom nobody may read of: whether what it names exists shows in who is given it beside its depositor
  {
    method: 'POST',
    path: 'List',
    body: { ...list('', 'nobody', 'DocumentReference/hugo-doc', 'Patient/hugo'), id: undefined },
  },
  get('List?_include=List:item'),
  { method: 'POST', path: 'List', body: newList, headers: { 'if-none-exist': '_id=vera-list' } },
  { method: 'PUT', path: 'List?_id=vera-list', body: newList },
  { method: 'PUT', path: 'List?_id=vera-list', body: { ...newList, id: 'vera-list' } },
  { method: 'DELETE', path: 'List?_id=vera-list' },
  {
    method: 'PATCH',
    path: 'Composition?_id=vera-comp',
    body: [{ op: 'replace', path: '/title', value: 'seen' }],
    headers: { 'content-type': 'application/json-patch+json' },
  },
  bundle(
    'batch',
    entry('GET', 'List/vera-list'),
    entry('GET', 'Bundle/vera-bundle'),
    entry('PUT', 'List/vera-list', { ...newList, id: 'vera-list' }),
    entry('DELETE', 'Provenance/vera-prov'),
    entry('GET', 'List?patient=vera'),
    entry('GET', 'List/vera-list/_history'),
    entry('POST', 'List', newList, { ifNoneExist: '_id=vera-list' }),
  ),
  bundle('transaction', entry('GET', 'Composition/vera-comp'), entry('POST', 'DocumentReference', made)),
  bundle('transaction', entry('PUT', 'List?_id=vera-list', newList)),
  bundle(
    'transaction',
    entry('POST', 'Observation', {
      ...measured,
      derivedFrom: [{ reference: 'DocumentReference?_list=vera-list' }],
    }),
  ),
  { method: 'POST', path: 'DocumentReference/$validate', body: tied },
  bundle(
    'batch',
    entry('GET', 'Patient/hugo'),
    entry('GET', 'Patient/nobody'),
    entry('GET', 'DocumentReference?patient=vera'),
  ),
  bundle(
    'batch',
    entry('PUT', 'DocumentReference/hugo-doc', { ...made, id: 'hugo-doc' }),
    entry('DELETE', 'DocumentReference/hugo-doc'),
    entry('DELETE', 'DocumentReference?_id=hugo-doc'),
    entry('GET', 'DocumentReference/hugo-doc/_history'),
    entry('GET', 'DocumentReference/hugo-doc/_history/{vid:DocumentReference/hugo-doc}'),
    entry('HEAD', 'DocumentReference/hugo-doc'),
    entry('POST', 'DocumentReference', made, { ifNoneExist: '_id=hugo-doc' }),
  ),
  bundle('transaction', entry('PUT', 'DocumentReference/hugo-doc', { ...made, id: 'hugo-doc' })),
  bundle(
    'transaction',
    entry('PUT', `DocumentReference?identifier=${SECRET}|nothing`, { ...made, id: 'hugo-doc' }),
  ),
  bundle('transaction', entry('PUT', 'DocumentReference?_id=hugo-doc', { ...made, id: 'hugo-doc' })),
  bundle('transaction', entry('PUT', `DocumentReference?identifier=${SECRET}|hidden`, made)),
  bundle('transaction', entry('POST', 'DocumentReference', made, { ifNoneExist: '_id=hugo-doc' })),
  bundle(
    'transaction',
    entry('DELETE', 'DocumentReference/hugo-doc'),
    entry('POST', 'DocumentReference', made),
  ),
  bundle('transaction', entry('DELETE', 'DocumentReference?_id=hugo-doc')),
  bundle('transaction', entry('GET', 'DocumentReference/hugo-doc'), entry('POST', 'DocumentReference', made)),
  bundle(
    'transaction',
    entry('GET', 'DocumentReference?_id=hugo-doc'),
    entry('GET', 'Patient?name=secretmann'),
  ),
  bundle(
    'transaction',
    entry('POST', 'Observation', { ...measured, encounter: { reference: 'Encounter?status=in-progress' } }),
  ),
  bundle(
    'transaction',
    entry('POST', 'Observation', {
      ...measured,
      encounter: { reference: `Encounter?identifier=${SECRET}|hugo-enc` },
    }),
  ),
  bundle(
    'transaction',
    entry('POST', 'Observation', { ...measured, subject: { reference: 'Patient?name=secretmann' } }),
  ),
  bundle(
    'transaction',
    entry('PATCH', 'DocumentReference/hugo-doc', { resourceType: 'Parameters', parameter: [] }),
  ),
  {
    method: 'PUT',
    path: 'AuditEvent/gp-made',
    body: { ...AUDIT_EVENT, id: 'gp-made' },
  },
  { method: 'PUT', path: 'AuditEvent?_id=gp-made', body: AUDIT_EVENT },
  { method: 'POST', path: '$meta', body: { resourceType: 'Parameters' } },
  get(`DocumentReference?_lastUpdated=gt2000-01-01`),
  get(`Observation?date=${BASE_TIME}`),
];

/** They may run in any order. */
export const AT_ONCE: Probe[] = [
  ...NAMED_READS,
  ...[...SEARCHES, ...NAMING_SEARCHES].map((path) => get(path)),
  ...[...PAGED, ...NAMING_PAGED].map((path): Probe => ({ method: 'GET', path, follow: true })),
  ...ODD,
  ...NAMED_WRITES,
];
