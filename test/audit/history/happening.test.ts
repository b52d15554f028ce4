/** What is read out of an AuditEvent: this server's own, and whatever another system may have written. */
import { happeningOf } from '../../../src/audit/history/happening.ts';
import { kindNames } from '../../../src/audit/history/kinds.ts';
import { soughtIn } from '../../../src/audit/history/sought.ts';
import type { Json, Resource } from '../../../src/fhir/resource.ts';

const REST = 'http://hl7.org/fhir/restful-interaction';
const query = (text: string) => ({ query: Buffer.from(text).toString('base64') });
const lifecycle = (code: string) => ({
  system: 'http://terminology.hl7.org/CodeSystem/dicom-audit-lifecycle',
  code,
});
const what = (reference: string) => ({ what: { reference } });

function event(changes: Json = {}): Resource {
  return {
    resourceType: 'AuditEvent',
    id: 'e',
    recorded: '2026-03-12T13:05:00.000Z',
    action: 'R',
    outcome: '0',
    subtype: [{ system: REST, code: 'read' }],
    agent: [
      { who: { reference: 'Practitioner/1', display: 'Dr 1' }, requestor: true },
      { who: { reference: 'Organization/1' }, requestor: false },
      { who: { display: 'software' }, requestor: false, network: { address: '192.0.2.7', type: '2' } },
      {
        who: { display: 'server' },
        requestor: false,
        network: { address: 'https://here.example', type: '5' },
      },
    ],
    entity: [what('Patient/p'), what('DocumentReference/d')],
    ...changes,
  };
}
const happening = (changes?: Json) => happeningOf(event(changes), 'p');
const subtype = (code: string) => ({ subtype: [{ system: REST, code }] });
const kinds = (changes: Json) => kindNames(happening(changes), happening(changes).mode !== 'usual');

it.each<[string, Json, string[]]>([
  ['a read', {}, ['read']],
  ['a version read', subtype('vread'), ['read']],
  ['a search', { ...subtype('search-type'), action: 'E' }, ['search']],
  ['a creation', { ...subtype('create'), action: 'C' }, ['add']],
  ['a creation that found what was there', { ...subtype('create'), action: 'E' }, ['search']],
  ['an update', { ...subtype('update'), action: 'U' }, ['change']],
  ['a transaction', { ...subtype('transaction'), action: 'E' }, ['change']],
  ['a transaction that created', { ...subtype('transaction'), action: 'C' }, ['add']],
  [
    'a transaction that created one thing, and read another',
    {
      ...subtype('transaction'),
      action: 'C',
      entity: [what('Patient/p'), { ...what('Flag/f'), type: { code: '2' } }, what('Encounter/e')],
    },
    ['add', 'read'],
  ],
  ['an update that created', { ...subtype('update'), action: 'C' }, ['add']],
  [
    'a transaction that created several',
    {
      ...subtype('transaction'),
      action: 'C',
      entity: [
        what('Patient/p'),
        { ...what('List/l'), type: { code: '2' } },
        { ...what('DocumentReference/d'), lifecycle: lifecycle('1') },
      ],
    },
    ['add'],
  ],
  [
    'a transaction that created, changed, deleted and read',
    {
      ...subtype('transaction'),
      action: 'C',
      entity: [
        { ...what('List/l'), type: { code: '2' } },
        { ...what('DocumentReference/d'), lifecycle: lifecycle('1') },
        { ...what('DocumentReference/e'), lifecycle: lifecycle('3') },
        { ...what('Flag/f'), lifecycle: lifecycle('14') },
        what('Encounter/e'),
      ],
    },
    ['add', 'change', 'delete', 'read'],
  ],
  ['a deletion', { ...subtype('delete'), action: 'D' }, ['delete']],
  ['what is of no known interaction', { subtype: undefined, action: 'C' }, ['add']],
  ['nothing that is known', { subtype: undefined, action: undefined }, ['other']],
  ['a refusal', { outcome: '4' }, ['read', 'refused']],
  ['a failure', { outcome: '8' }, ['read', 'failed']],
  ['a grave failure', { outcome: '12' }, ['read', 'failed']],
  [
    'a Consent that was made',
    { ...subtype('create'), action: 'C', entity: [what('Consent/c')] },
    ['add', 'consent'],
  ],
  ['a Consent that was read', { entity: [what('Consent/c')] }, ['read']],
  ['breaking the glass', { purposeOfEvent: [{ coding: [{ code: 'BTG' }] }] }, ['read', 'emergency']],
  ['a call centre', { purposeOfEvent: [{ coding: [{ code: 'ETREAT' }] }] }, ['read', 'emergency']],
  [
    'traces that were searched',
    { ...subtype('search-type'), entity: [query('AuditEvent?patient=p')] },
    ['history'],
  ],
  ['a trace that was read', { entity: [what('Patient/p'), what('AuditEvent/x')] }, ['history']],
  [
    'an access history',
    { ...subtype('operation'), entity: [query('Patient/p/$access-history?kind=read')] },
    ['history'],
  ],
  [
    'a label that was put on',
    { ...subtype('operation'), entity: [query('DocumentReference/d/$meta-add')] },
    ['change'],
  ],
  [
    'an explanation',
    { ...subtype('operation'), entity: [query('Patient/p/$explain-access?actor=x')] },
    ['check'],
  ],
  [
    'an operation that is not known',
    { ...subtype('operation'), entity: [query('Patient/p/$unknown')] },
    ['other'],
  ],
  ['all of a record', { ...subtype('operation'), entity: [query('Patient/p/$everything')] }, ['read']],
])('%s', (_, changes, wanted) => {
  expect(kinds(changes)).toEqual(wanted);
});

it('names who, where and from where, but not the server', () => {
  expect(happening()).toMatchObject({
    who: {
      reference: 'Practitioner/1',
      name: 'Dr 1',
      is: 'professional',
      organization: { reference: 'Organization/1' },
    },
    address: '192.0.2.7',
    resources: ['DocumentReference/d'],
    count: 1,
  });
});

it.each([
  ['Patient/p', 'patient'],
  ['Patient/other', 'person'],
  ['RelatedPerson/r', 'family'],
  ['Organization/o', 'system'],
  ['Device/d', 'app'],
  ['Group/g', 'unknown'],
])('%s is the %s', (reference, is) => {
  expect(happening({ agent: [{ who: { reference }, requestor: true }] }).who.is).toBe(is);
});

it('takes a person for who acted before the software that asked in their name', () => {
  const agent = [
    { who: { reference: 'Device/ehr' }, requestor: true },
    { who: { reference: 'Practitioner/1/_history/2' }, requestor: true },
  ];
  expect(happening({ agent }).who.reference).toBe('Practitioner/1');
});

it('is found by who, where, what and which kind; what looks at a history not by the documents that it told of', () => {
  expect(soughtIn(event()).sort()).toEqual([
    'DocumentReference/d',
    'Organization/1',
    'Practitioner/1',
    'kind=read',
  ]);
  const looked = {
    ...subtype('operation'),
    entity: [what('DocumentReference/d'), query('Patient/p/$access-history')],
  };
  expect(soughtIn(event(looked)).sort()).toEqual(['Organization/1', 'Practitioner/1', 'kind=history']);
});

it.each<[string, Json]>([
  ['nothing but its type', { agent: undefined, entity: undefined, subtype: undefined, outcome: undefined }],
  ['a leap second', { recorded: '2016-12-31T23:59:60Z' }],
  ['no time', { recorded: undefined }],
  ['agents of nothing', { agent: [{}, { who: {} }, { requestor: true }] }],
  [
    'references elsewhere',
    { entity: [what('https://elsewhere.example/Patient/x'), what('#contained'), what('urn:x')] },
  ],
  ['a count that is no number', { entity: [{ detail: [{ type: 'count', valueString: 'many' }] }] }],
])('an event with %s is read all the same', (_, changes) => {
  const read = happening(changes);
  expect(Number.isFinite(read.at)).toBe(true);
  expect(read.count).toBe(read.resources.length);
});
