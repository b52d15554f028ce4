/** What a resource names, wherever it says so. */
import type { Resource } from '../../src/fhir/resource.ts';
import { namesOf } from '../../src/fhir/whole.ts';

const BASE = 'https://carnet.example/fhir';
const to = (reference: string) => ({ reference });
const bundle = (...entry: object[]) => ({ resourceType: 'Bundle', type: 'document', entry });

const CASES: [string, object, string[]][] = [
  ['an element', { subject: to('Patient/a') }, ['Patient/a']],
  [
    'an item of a list of lists',
    { entry: [{ item: to('List/a') }, { item: to('List/b') }] },
    ['List/a', 'List/b'],
  ],
  [
    'a section within a section',
    { section: [{ section: [{ entry: [to('Observation/a')] }] }] },
    ['Observation/a'],
  ],
  [
    'what it contains',
    { contained: [{ resourceType: 'Group', member: [{ entity: to('Patient/a') }] }] },
    ['Patient/a'],
  ],
  ['an extension', { extension: [{ url: 'urn:x', valueReference: to('Observation/a') }] }, ['Observation/a']],
  [
    'an extension of its meta',
    { meta: { extension: [{ valueReference: to('Observation/a') }] } },
    ['Observation/a'],
  ],
  ['an extension of its narrative', { text: { extension: [{ valueReference: to('List/a') }] } }, ['List/a']],
  ['a version', { subject: to('Patient/a/_history/3') }, ['Patient/a']],
  ['an address below the base', { subject: to(`${BASE}/Patient/a`) }, ['Patient/a']],
  ['an address elsewhere', { subject: to('https://x.example/fhir/Patient/a') }, []],
  ['a URN, a fragment, a condition', { a: [to('urn:uuid:1'), to('#a'), to('Patient?name=a')] }, []],
  ['an identifier only', { subject: { identifier: { value: 'Patient/a' } } }, []],
  ['an entry of a Bundle', bundle({ resource: { resourceType: 'Observation', id: 'a' } }), ['Observation/a']],
  ['an entry without a resource or an id', bundle({}, { resource: { resourceType: 'Observation' } }), []],
  [
    'what an entry refers to',
    bundle({ resource: { resourceType: 'List', subject: to('Patient/a') } }),
    ['Patient/a'],
  ],
  ['the address of an entry', bundle({ fullUrl: `${BASE}/Observation/a` }), ['Observation/a']],
  [
    'what an entry asked for',
    bundle({ request: { method: 'DELETE', url: 'Observation/a' } }),
    ['Observation/a'],
  ],
  ['what an entry was answered', bundle({ response: { location: `${BASE}/List/a/_history/1` } }), ['List/a']],
  [
    'an entry of a Bundle in a Bundle',
    bundle({ resource: bundle({ resource: { resourceType: 'Observation', id: 'a' } }) }),
    ['Observation/a'],
  ],
];
it.each(CASES)('it is named by %s', (_, content, names) => {
  const resource = { resourceType: 'List', ...content } as Resource;
  expect([...namesOf(resource, BASE)]).toEqual(names);
});
