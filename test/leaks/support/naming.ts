/** What is hidden as a whole when something that it names is: one of each type, naming what one likes. */
import type { Resource } from '../../../src/fhir/resource.ts';

const WHEN = '2024-03-01T08:00:00Z';
const patient = (of: string) => ({ reference: `Patient/${of}` });
const toReference = (reference: string) => ({ reference });
/** Without what would be an empty array. */
const some = (name: string, items: unknown[]) => (items.length === 0 ? {} : { [name]: items });

const text = {
  status: 'generated',
  div: '<div xmlns="http://www.w3.org/1999/xhtml">what is within</div>',
};
const code = { coding: [{ system: 'http://loinc.org', code: '34133-9' }] };

export function list(id: string, of: string, ...names: string[]): Resource {
  return {
    resourceType: 'List',
    id,
    status: 'current',
    mode: 'working',
    title: id || 'new',
    date: WHEN,
    subject: patient(of),
    ...some(
      'entry',
      names.map((reference) => ({ item: { reference } })),
    ),
  };
}

export function composition(id: string, of: string, ...names: string[]): Resource {
  return {
    resourceType: 'Composition',
    id,
    status: 'final',
    type: code,
    subject: patient(of),
    date: WHEN,
    author: [{ reference: 'Practitioner/demo-gp' }],
    title: id || 'new',
    section: [
      {
        title: 'all',
        section: [{ title: 'within', code, text, ...some('entry', names.map(toReference)) }],
      },
    ],
  };
}

/** A document; what it names is an entry of it. */
export function documentBundle(id: string, of: string, ...names: string[]): Resource {
  const entries = names.map((name) => {
    const [resourceType = '', own = ''] = name.split('/');
    return {
      resourceType,
      id: own,
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: '8302-2' }] },
      subject: patient(of),
    };
  });
  return {
    resourceType: 'Bundle',
    id,
    type: 'document',
    identifier: { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${id}` },
    timestamp: WHEN,
    entry: [composition(`${id}-composition`, of), ...entries].map((resource, index) => ({
      fullUrl: `urn:uuid:00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      resource,
    })),
  };
}

export function provenance(id: string, of: string, ...names: string[]): Resource {
  return {
    resourceType: 'Provenance',
    id,
    target: [patient(of)],
    recorded: WHEN,
    agent: [{ who: { reference: 'Practitioner/demo-gp' } }],
    ...some(
      'entity',
      names.map((reference) => ({ role: 'source', what: { reference } })),
    ),
  };
}

export const NAMING = {
  List: list,
  Composition: composition,
  Bundle: documentBundle,
  Provenance: provenance,
} as const;

/** As IHE has it: https://profiles.ihe.net/ITI/MHD/StructureDefinition-IHE.MHD.Minimal.SubmissionSet.html */
export function lot(
  kind: 'submissionset' | 'folder',
  ...[id, of, ...names]: Parameters<typeof list>
): Resource {
  const system = 'https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes';
  return { ...list(id, of, ...names), code: { coding: [{ system, code: kind }] } };
}

/** Vera's, but they name what is Hugo's, or what is hidden for what it names. */
export const HIDDEN_AS_A_WHOLE: readonly Resource[] = [
  list(
    'vera-list',
    'vera',
    'DocumentReference/vera-doc1',
    'DocumentReference/hugo-doc',
    'Observation/hugo-obs',
  ),
  list('vera-lists', 'vera', 'DocumentReference/vera-doc1', 'List/vera-list'),
  lot('submissionset', 'vera-set', 'vera', 'DocumentReference/vera-doc1', 'DocumentReference/hugo-doc'),
  lot('folder', 'vera-folder', 'vera', 'DocumentReference/vera-doc1', 'DocumentReference/hugo-doc'),
  list('vera-list-of-deleted', 'vera', 'DocumentReference/hugo-deleted'),
  composition('vera-comp', 'vera', 'DocumentReference/vera-doc1', 'DocumentReference/hugo-doc'),
  documentBundle('vera-bundle', 'vera', 'Observation/vera-obs1', 'Observation/hugo-obs'),
  provenance('vera-prov', 'vera', 'DocumentReference/hugo-doc'),
  ...Array.from({ length: 12 }, (_, index) => list(`vera-many-${index}`, 'vera', 'Observation/hugo-obs')),
];

/** Vera's too, and they name nothing that is hidden. */
export const NAMING_NOTHING_HIDDEN: readonly Resource[] = [
  list('vera-open', 'vera', 'DocumentReference/vera-doc1', 'Observation/never-was'),
  list('vera-open-lists', 'vera', 'List/vera-open'),
  list('vera-open-last', 'vera'),
  lot('submissionset', 'vera-open-set', 'vera', 'DocumentReference/vera-doc1'),
  composition('vera-open-comp', 'vera', 'DocumentReference/vera-doc2'),
  documentBundle('vera-open-bundle', 'vera', 'Observation/vera-obs2', 'Observation/never-was'),
  provenance('vera-open-prov', 'vera', 'DocumentReference/vera-doc1'),
];

export const HIDDEN_AS_A_WHOLE_KEYS = [
  'List/vera-list',
  'List/vera-lists',
  'List/vera-set',
  'List/vera-list-of-deleted',
  'Composition/vera-comp',
  'Bundle/vera-bundle',
  'Provenance/vera-prov',
] as const;

export const NAMING_SEARCHES = [
  'List',
  'List?patient=vera',
  'List?patient=vera&_summary=count',
  'List?patient=vera&_count=2&_total=accurate',
  'List?_summary=count',
  'List?_sort=-date&_count=2',
  'List?_sort=title',
  'List?_sort=_id',
  'List?_id=vera-list,vera-open,vera-lists',
  'List?item=List/vera-list',
  'List?item=Observation/hugo-obs',
  'List?item:List.item=DocumentReference/vera-doc1',
  'List?item:DocumentReference.status=current',
  'List?patient=vera&_content=open',
  'List?patient=vera&title:contains=vera',
  'List?patient=vera&_include=List:item&_include:iterate=List:item',
  'List?patient=vera&code=submissionset&status=current',
  'List?patient=vera&code=folder&status=current&_include=List:item',
  'List?patient=hugo&code=submissionset,folder&status=current&_total=accurate',
  'DocumentReference?patient=vera&_has:List:item:code=submissionset',
  'List?_lastUpdated=gt2000-01-01',
  'DocumentReference?_list=vera-lists',
  'List?_list=vera-lists',
  'List?_list=vera-open-lists',
  'DocumentReference?_has:List:item:status=current',
  'List?_has:List:item:_id=vera-lists',
  'Patient?_has:List:patient:title=vera-list',
  'Patient?_has:Composition:patient:title=vera-comp',
  'Patient?_has:Provenance:target:_id=vera-prov',
  'Composition?patient=vera',
  'Composition?entry=DocumentReference/hugo-doc',
  'Composition?entry:DocumentReference.status=current',
  'Bundle',
  'Bundle?type=document',
  'Bundle?_total=accurate&_count=1',
  'Provenance?patient=vera',
  'Provenance?entity=DocumentReference/hugo-doc',
  'Provenance?target=Patient/vera&_summary=count',
  'Patient?_id=vera&_revinclude=List:subject&_revinclude=Composition:subject&_revinclude=Provenance:target',
  'DocumentReference?_id=vera-doc1&_revinclude=List:item&_revinclude:iterate=List:item',
  'Practitioner?_id=demo-gp&_revinclude=Composition:author',
  'Patient/vera/List',
  'Patient/vera/Composition?_summary=count',
  'Practitioner/demo-gp/Composition',
  '?_type=List,Composition,Bundle,Provenance&_lastUpdated=gt2000-01-01',
  '?_type=List,DocumentReference&_id=vera-list,vera-doc1',
  'List/_history',
  'Bundle/_history?_count=1',
  'Provenance/_history?_since=2000-01-01T00:00:00Z',
];

export const NAMING_PAGED = [
  'List?_count=1',
  'List?patient=vera&_count=1&_sort=-date',
  'List?patient=vera&_count=1&_sort=title',
  'Bundle?_count=1',
  'Patient/vera/*?_count=3',
  'List/_history?_count=2',
];
