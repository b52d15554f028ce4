/** Each way in which a filtered server leaks, by its number: what a caller sends who tries it. Reading alone; see attempts.ts. */
import { type Cast, named } from './cast.ts';
import { INS, SECRET } from './content.ts';
import type { Probe } from './probes.ts';

export const get = (path: string, headers?: Record<string, string>): Probe => ({
  method: 'GET',
  path,
  headers,
});
const follow = (path: string): Probe => ({ method: 'GET', path, follow: true });
const form = (path: string, body: string): Probe => ({
  method: 'POST',
  path,
  body,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
});
const secret = (code: string): string => `${SECRET}%7C${code}`;
export const idOf = (key: string): string => key.slice(key.indexOf('/') + 1);

/** In any order, since nothing changes by them. */
export const READING: Record<number, (cast: Cast) => Probe[]> = {
  1: ({ manner: { type, reference }, of, visible, ...rest }) => [
    get(`${type}?patient=${visible}&_total=accurate&_count=1`),
    get(`${type}?patient=${of}&_summary=count`),
    get(`${type}?patient=${of}&_count=0&_security=${token(rest.label)}`),
    get(`${type}?patient=${visible}&${reference}:missing=false&_summary=count`),
  ],
  2: ({ manner: { type }, of, visible, label }) => [
    follow(`${type}?patient=${visible}&_count=1&_sort=date`),
    follow(`${type}?patient=${visible},${of}&_count=2&_security:not=${token(label)}`),
    follow(`${type}/_history?_count=3`),
  ],
  3: (cast) => {
    const { manner, of, visible } = cast;
    const path = `${manner.type}?patient=${visible},${of}&_count=1&_sort=_id`;
    return [
      { ...get(path), link: 'of another' },
      { ...get(path), link: 'from before', follow: true },
      get(`${manner.type}?_page=${'A'.repeat(80)}`),
    ];
  },
  4: (cast) => {
    const { manner, visible } = cast;
    const { type, reference } = manner;
    const { shown, own } = named(cast);
    return [
      get(`${type}?patient=${visible}&_include=${type}:${reference}&_include:iterate=*`),
      get(`${type}?patient=${visible}&_include=*&_count=1`),
      get(`${type}?_id=${idOf(shown)}&_revinclude=*`),
      get(`${type}?_id=${idOf(own)}&_revinclude=${type}:${reference}&_revinclude:iterate=*`),
      get(`Patient?_id=${visible}&_revinclude=*`),
      get(`${type}?_id=${idOf(shown)}&_revinclude=List:item&_include:iterate=List:item`),
    ];
  },
  5: ({ manner: { type, reference, words }, visible, kind }) => [
    get(`${type}?${reference}:${type}.${words}=secretword`),
    get(`${type}?patient=${visible}&patient.name=secretmann`),
    get(`${type}?patient.name=secretmann`),
    get(`Provenance?target:${type}.${words}=secretword`),
    get(`Observation?encounter:Encounter.identifier=${secret(`${kind}-henc`)}`),
  ],
  6: ({ manner: { type, words }, of, visible, label }) => [
    get(`Patient?_id=${of}&_has:${type}:patient:date=gt2030`),
    get(`Patient?_id=${visible}&_has:${type}:patient:date=ge2031-05-05`),
    get(`Patient?_id=${visible}&_has:${type}:patient:date=eb2024-01-04`),
    get(`Patient?_id=${visible}&_has:Observation:patient:value-quantity=gt41.5`),
    get(`Patient?_id=${visible}&_has:${type}:patient:${words}=secretword`),
    get(`Patient?_id=${visible}&_has:${type}:patient:_security=${token(label)}`),
    // a document is labelled in an element of its own too
    ...(type === 'DocumentReference'
      ? [get(`Patient?_id=${visible}&_has:${type}:patient:security-label=${token(label)}`)]
      : []),
    get(`Encounter?patient=${visible}&_has:Observation:encounter:value-quantity=sa41`),
  ],
  7: ({ manner: { type, sort }, of, visible }) => [
    follow(`${type}?patient=${visible},${of}&_sort=-date&_count=2`),
    get(`${type}?patient=${visible},${of}&_sort=${sort}`),
    get(`${type}?patient=${visible}&_sort=-_lastUpdated&_count=3`),
    get(`Observation?patient=${visible}&_sort=-value-quantity`),
  ],
  8: ({ manner: { type, code }, visible, kind, label }) => [
    get(`${type}?patient=${visible}&identifier:missing=false`),
    get(`${type}?patient=${visible}&${code}:not=${secret('plain')}`),
    get(`${type}?patient=${visible}&_security:not=${token(label)}`),
    get(`${type}?patient=${visible}&_content=secretword`),
    get(`${type}?_text=secretword`),
    get(`${type}?_list=${kind}-list`),
  ],
  9: (cast) => {
    const { manner, of, visible, label } = cast;
    const { type } = manner;
    const { hidden, shown } = named(cast);
    return [
      get(`${type}?_id=${idOf(hidden)},${idOf(shown)}`),
      get(`${type}?patient=${of}&identifier=${secret('hidden')}`),
      get(`${type}?patient=${visible}&identifier=${secret('twice')}`),
      get(`${type}?_security=${token(label)}&patient=${visible}`),
      get(`${type}?_tag=${secret('tagged')}&patient=${of}`),
      get(`${type}?_lastUpdated=gt2000-01-01&patient=${of}`),
      get(`Patient?identifier=${INS}%7C124018852493334`),
    ];
  },
  10: (cast) => {
    const { hidden, deleted, measured } = named(cast);
    return [get(hidden), get(deleted), get(measured), get(`${hidden}-never`), get(`Patient/${cast.of}`)];
  },
  11: (cast) => {
    const { hidden, deleted } = named(cast);
    const { type } = cast.manner;
    return [
      get(`${hidden}/_history`),
      get(`${hidden}/_history/{vid:${hidden}}`),
      get(`${hidden}/_history/{first:${hidden}}`),
      get(`${hidden}/_history?_since=2000-01-01T00:00:00Z`),
      get(`${deleted}/_history`),
      get(`${deleted}/_history/{vid:${deleted}}`),
      get(`${type}/_history?_count=50`),
      get('_history?_count=1000'),
    ];
  },
  12: (cast) => {
    const { hidden, deleted, shown } = named(cast);
    return [
      { method: 'HEAD', path: hidden },
      { method: 'HEAD', path: deleted },
      { method: 'HEAD', path: shown },
      { method: 'HEAD', path: `${cast.manner.type}?patient=${cast.visible}` },
      get(hidden, { 'if-none-match': `W/"{vid:${hidden}}"` }),
      get(hidden, { 'if-modified-since': 'Tue, 01 Jan 2036 00:00:00 GMT' }),
      get(shown, { 'if-modified-since': 'Tue, 01 Jan 2036 00:00:00 GMT' }),
    ];
  },
  19: (cast) => {
    const { of, visible } = cast;
    const { type } = cast.manner;
    const { encounter } = named(cast);
    return [
      get(`Patient/${of}/$everything`),
      get(`Patient/${visible}/$everything`),
      follow(`Patient/${visible}/$everything?_count=2`),
      get(`Patient/${visible}/$everything?_type=${type},Observation&start=2024-01-01&end=2031-12-31`),
      get(`Patient/${visible}/$everything?_since=2000-01-01`),
      get(`${encounter}/$everything`),
      get(`Patient/${of}/$summary`),
      get(`Patient/${visible}/$summary`),
      get(`Patient/${visible}/$summary?language=en`),
      get(`DocumentReference/$docref?patient=${of}`),
    ];
  },
  20: ({ of }) => [
    get('$export?_type=DocumentReference', { prefer: 'respond-async' }),
    get(`Patient/${of}/$export`, { prefer: 'respond-async' }),
    get('Patient/$export'),
    get(`Patient/${of}/$export-record/${'f'.repeat(32)}`),
    get(`Patient/${of}/$export-record/${'f'.repeat(32)}/record.zip`),
  ],
  21: (cast) => {
    const { hidden } = named(cast);
    const name = [{ family: 'Secretmann', given: ['Vera'] }];
    const patient = { resourceType: 'Patient', name, gender: 'female', birthDate: '1980-02-03' };
    const matching = { resourceType: 'Parameters', parameter: [{ name: 'resource', resource: patient }] };
    return [
      get(`${hidden}/$meta`),
      get(`${cast.manner.type}/$meta`),
      get('$meta'),
      { method: 'POST', path: 'Patient/$match', body: matching },
      get(`Patient/${cast.of}/$access-status`),
      { method: 'POST', path: `${hidden}/$validate?mode=delete` },
      { method: 'POST', path: `Patient/${cast.of}/$validate?mode=delete` },
    ];
  },
  22: (cast) => {
    const { binary } = named(cast);
    return [
      get(binary),
      get(binary, { range: 'bytes=0-1' }),
      get(binary, { accept: 'application/fhir+json' }),
      { method: 'HEAD', path: binary },
      { method: 'HEAD', path: binary, headers: { range: 'bytes=-1' } },
      get(binary, { 'if-none-match': `W/"{vid:${binary}}"` }),
      get(binary, { range: 'bytes=0-', 'if-range': `W/"{vid:${binary}}"` }),
      get(binary, { 'if-modified-since': 'Tue, 01 Jan 2036 00:00:00 GMT' }),
      get(`${binary}/_history`),
    ];
  },
  23: (cast) => {
    const { listed, traced, shown } = named(cast);
    const { visible, kind } = cast;
    return [
      get(listed),
      get(traced),
      get(`List?patient=${visible}&_include=List:item`),
      get(`List?item=${shown}`),
      get(`Composition?patient=${visible}`),
      get(`Composition/${kind}-comp`),
      get(`Bundle/${kind}-bundle`),
      get(`Provenance?target=${shown}`),
    ];
  },
  24: (cast) => {
    const { manner, visible } = cast;
    const { hidden, shown } = named(cast);
    return [
      get(`${hidden}?_summary=true`),
      get(`${hidden}?_elements=meta`),
      get(`${manner.type}?patient=${visible}&_elements=identifier,meta`),
      get(`${manner.type}?_id=${idOf(hidden)},${idOf(shown)}&_summary=text`),
      get(`${shown}?_summary=data`),
    ];
  },
  26: (cast) => {
    const { of, visible } = cast;
    const { hidden, measured } = named(cast);
    const actor = 'Practitioner/demo-dentist';
    return [
      get(`AuditEvent?patient=${of}&entity=${hidden}&outcome=4`),
      get(`AuditEvent?entity=${hidden}&outcome=4&_summary=count`),
      get(`AuditEvent?entity=${measured}&outcome=4&_summary=count`),
      get(`Provenance?target=${hidden}`),
      get(`Consent?patient=${of}`),
      get(`Consent?data=${hidden}`),
      get(`Patient/${of}/$enforcement-status`),
      get(`Patient/${of}/$explain-access?actor=${actor}&resource=${hidden}`),
      get(`Patient/${visible}/$explain-access?actor=${actor}&resource=${hidden}`),
      get(`Consent/${cast.kind}-permit/$enforcement-status`),
      get(`Patient/${of}/$access-history?document=${hidden}&date=lt2000`),
    ];
  },
  28: (cast) => {
    const { manner, of, visible } = cast;
    const { hidden, encounter } = named(cast);
    return [
      get(`Patient/${of}/${manner.type}`),
      get(`Patient/${visible}/*`),
      follow(`Patient/${visible}/${manner.type}?_count=2`),
      get(`${encounter}/Observation?_summary=count`),
      get(`?_type=${manner.type},Patient&_id=${idOf(hidden)},${of}`),
      form(`${manner.type}/_search`, `patient=${of}&_total=accurate`),
      form('_search', `_type=${manner.type},Observation&_id=${idOf(hidden)},${cast.kind}-obs`),
    ];
  },
  29: (cast) => {
    const { visible, other } = cast;
    const { both } = named(cast);
    return [
      get(both),
      get(`Appointment?patient=${visible}&_total=accurate`),
      get(`Appointment?actor=Patient/${visible}&actor=Patient/${other}`),
      get(`Patient/${visible}/Appointment?_summary=count`),
      get(`Patient?_id=${visible}&_has:Appointment:patient:date=gt2024-05-01`),
    ];
  },
  30: ({ manner: { type }, of, visible }) => [
    { ...get(`${type}?patient=${visible},${of}&_count=1&_sort=_id`), link: 'from before', follow: true },
    get(`${type}?patient=${of}&_total=accurate`),
  ],
  31: (cast) => {
    const { manner, of } = cast;
    const { hidden } = named(cast);
    return [
      get(hidden, { 'x-purpose-of-use': 'BTG', 'x-role': 'all', 'x-forwarded-user': 'Device/demo-all' }),
      get(hidden, { 'x-role': 'all', 'x-forwarded-user': 'Device/demo-all', 'x-emergency': 'true' }),
      get(`${manner.type}?patient=${of}`, { 'x-purpose-of-use': 'ETREAT', 'x-emergency': 'true' }),
      get(`${manner.type}?patient=${of}&_purpose=BTG`),
      get(hidden.replace('/', '%2f')),
      get(`${hidden}%2f_history`),
      get(`Patient/${cast.other}/${manner.type}?patient=${of}`),
    ];
  },
  34: () => [
    get('metadata'),
    get('{root}/metrics'),
    get('{root}/health/ready'),
    get('{root}/health/live'),
    get('{root}/logs'),
  ],
};

function token(label: string): string {
  return label.replace('|', '%7C');
}
