/** The ways of ways.ts that write: one after the other, since some change what the caller may change. */
import { type Cast, named } from './cast.ts';
import { SECRET, actor, consent } from './content.ts';
import { type Probe, bundle, entry } from './probes.ts';
import { get, idOf } from './ways.ts';

const JSON_PATCH = { 'content-type': 'application/json-patch+json' };
/** What the caller writes of a visible patient. */
function made({ manner, visible, more }: Cast, names: readonly string[] = [], identifier?: string): object {
  const face = { date: '2024-02-02T08:00:00Z', words: 'made by who asks', code: 'plain', names, identifier };
  const { id: _, ...resource } = manner.make('', visible, { ...face, more });
  return resource;
}
const withId = (cast: Cast, key: string): object => ({ ...made(cast), id: idOf(key) });
const meta = (label: string) => {
  const [system, code] = label.split('|');
  return {
    resourceType: 'Parameters',
    parameter: [{ name: 'meta', valueMeta: { security: [{ system, code }] } }],
  };
};

export const WRITING: Record<number, (cast: Cast) => Probe[]> = {
  13: (cast) => {
    const { manner, of, visible, label } = cast;
    const create = (query: string): Probe => ({
      method: 'POST',
      path: manner.type,
      body: made(cast),
      headers: { 'if-none-exist': query },
    });
    return [
      create(`patient=${of}&identifier=${SECRET}|hidden`),
      create(`_id=${idOf(named(cast).hidden)}`),
      create(`patient=${visible}&date=ge2031`),
      create(`patient=${visible}&_security=${label}`),
    ];
  },
  14: (cast) => {
    const { manner, of, visible, label } = cast;
    const { type } = manner;
    const id = idOf(named(cast).hidden);
    const patch = [{ op: 'replace', path: '/language', value: 'en' }];
    return [
      { method: 'PUT', path: `${type}?patient=${of}&identifier=${SECRET}%7Chidden`, body: made(cast) },
      { method: 'PUT', path: `${type}?_id=${id}`, body: { ...made(cast), id } },
      { method: 'PATCH', path: `${type}?_id=${id}`, body: patch, headers: JSON_PATCH },
      {
        method: 'PATCH',
        path: `${type}?patient=${visible}&_security=${label.replace('|', '%7C')}`,
        body: patch,
        headers: JSON_PATCH,
      },
      { method: 'DELETE', path: `${type}?_id=${id}&date=lt2000` },
      { method: 'DELETE', path: `${type}?patient=${of}&identifier=${SECRET}%7Chidden&_count=1` },
    ];
  },
  15: (cast) => {
    const { hidden, deleted } = named(cast);
    const put = (key: string, headers?: Record<string, string>): Probe => ({
      method: 'PUT',
      path: key,
      body: withId(cast, key),
      headers,
    });
    return [
      put(hidden),
      put(hidden, { 'if-match': `W/"{vid:${hidden}}"` }),
      put(hidden, { 'if-none-match': '*' }),
      put(deleted),
    ];
  },
  16: (cast) => {
    const { type } = cast.manner;
    const { hidden, binary, listed } = named(cast);
    return [
      { method: 'POST', path: type, body: made(cast, [hidden], 'named') },
      { method: 'POST', path: type, body: made(cast, [`Patient/${cast.of}`, listed, binary], 'named') },
      get(`${type}?identifier=${SECRET}%7Cnamed&patient=${cast.visible}&_include=*`),
      get(binary),
    ];
  },
  17: (cast) => {
    const { own, hidden } = named(cast);
    return [
      { method: 'DELETE', path: own },
      get(own),
      { method: 'DELETE', path: hidden.replace(/-h$/, '-a1') },
    ];
  },
  18: (cast) => [
    { method: 'POST', path: cast.manner.type, body: made(cast, [], 'hidden') },
    bundle(
      'transaction',
      entry('POST', cast.manner.type, made(cast, [], 'twice')),
      entry('PUT', `${cast.manner.type}?patient=${cast.visible}&identifier=${SECRET}|never`, made(cast)),
    ),
    get(`${cast.manner.type}?identifier=${SECRET}%7Chidden&patient=${cast.visible}`),
  ],
  25: (cast) => {
    const { type } = cast.manner;
    const subscription = (criteria: string) => ({
      resourceType: 'Subscription',
      status: 'requested',
      reason: 'to be told',
      criteria,
      channel: { type: 'websocket' },
    });
    return [
      { method: 'POST', path: 'Subscription', body: subscription(`${type}?patient=${cast.of}`) },
      { method: 'POST', path: 'Subscription', body: subscription(`${type}?identifier=${SECRET}|hidden`) },
      get('Subscription?_summary=count'),
    ];
  },
  27: (cast) => {
    const { manner, of, visible } = cast;
    const { type } = manner;
    const { hidden, deleted } = named(cast);
    const id = idOf(hidden);
    return [
      bundle(
        'batch',
        entry('GET', hidden),
        entry('GET', deleted),
        entry('GET', `${type}?patient=${of}`),
        entry('GET', `${hidden}/_history`),
        entry('HEAD', hidden),
        entry('PUT', hidden, withId(cast, hidden)),
        entry('POST', type, made(cast), { ifNoneExist: `_id=${id}` }),
      ),
      bundle('transaction', entry('GET', hidden), entry('POST', type, made(cast))),
      bundle('transaction', entry('PUT', `${type}?_id=${id}`, { ...made(cast), id })),
      bundle('transaction', entry('POST', type, made(cast, [`${type}?_id=${id}`]))),
      bundle(
        'transaction',
        entry('POST', type, made(cast, [`Encounter?identifier=${SECRET}|${cast.kind}-henc`])),
      ),
      bundle('transaction', entry('GET', `${type}?patient=${visible}&_total=accurate`)),
    ];
  },
  // here, since each request adds to what they count
  26: (cast) => {
    const { hidden, measured } = named(cast);
    return [
      get(`AuditEvent?patient=${cast.of}&entity=${hidden}&_summary=count`),
      get(`AuditEvent?entity=${hidden}&_summary=count`),
      get(`AuditEvent?entity=${measured}&_summary=count`),
    ];
  },
  32: (cast) => {
    const { me, of, manner } = cast;
    const { hidden } = named(cast);
    const patient = { reference: `Patient/${of}` };
    const own = (type: string, more: object): Probe => ({
      method: 'POST',
      path: type,
      body: { resourceType: type, ...more },
    });
    const { id: _, ...permit } = consent('', of, { type: 'permit', actor: [actor(me)] });
    return [
      { method: 'POST', path: 'Consent', body: permit },
      own('RelatedPerson', {
        patient,
        relationship: [
          {
            coding: [
              { system: 'https://carnet.example/fhir/CodeSystem/delegation', code: 'legal-representative' },
            ],
          },
        ],
      }),
      own('CareTeam', { status: 'active', subject: patient, participant: [{ member: { reference: me } }] }),
      own('Group', { type: 'person', actual: true, member: [{ entity: patient }] }),
      own('EpisodeOfCare', { status: 'active', patient, careManager: { reference: me } }),
      { method: 'POST', path: `${hidden}/$meta-add`, body: meta(`${SECRET}|mine`) },
      get(hidden),
      get(`${manner.type}?patient=${of}&_total=accurate`),
    ];
  },
  33: (cast) => {
    const { hidden } = named(cast);
    const bare = withId(cast, hidden);
    return [
      { method: 'POST', path: `${hidden}/$meta-delete`, body: meta(cast.label) },
      {
        method: 'PATCH',
        path: hidden,
        body: [{ op: 'remove', path: '/meta/security' }],
        headers: JSON_PATCH,
      },
      bundle('transaction', entry('PUT', hidden, bare)),
      { method: 'PUT', path: hidden, body: bare },
      get(hidden),
      get(`${hidden}/_history`),
      get(`${cast.manner.type}?_id=${idOf(hidden)}&_security=${cast.label.replace('|', '%7C')}`),
    ];
  },
};
