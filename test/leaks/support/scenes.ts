/** What a kind of hiding is played with: what both worlds show, and what one of them holds besides. */
import type { Resource } from '../../../src/fhir/resource.ts';
import { named } from './cast.ts';
import { SECRET, consent, observation } from './content.ts';
import { list, provenance } from './naming.ts';
import type { Kind } from './kinds.ts';

const SECRETS = {
  tag: [{ system: SECRET, code: 'tagged' }],
  security: [{ system: SECRET, code: 'labelled' }],
};
const idOf = (key: string): string => key.slice(key.indexOf('/') + 1);
const encounter = (id: string, of: string, status: string, more: object = {}): Resource => ({
  resourceType: 'Encounter',
  id,
  status,
  identifier: [{ system: SECRET, value: id }],
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
  subject: { reference: `Patient/${of}` },
  ...more,
});
const appointment = (id: string, ...of: string[]): Resource => ({
  resourceType: 'Appointment',
  id,
  status: 'booked',
  start: '2024-06-01T08:00:00Z',
  end: '2024-06-01T08:30:00Z',
  participant: of.map((each) => ({ actor: { reference: `Patient/${each}` }, status: 'accepted' })),
});

/** Dates between which those of the hidden lie. */
const SHOWN = ['2024-01-01', '2024-01-05', '2024-01-09', '2024-01-13'];
const MANY = 9;

export function shownBy(kind: Kind): Resource[] {
  const { manner, visible, shown } = kind;
  const names = named(kind);
  const mayName = manner.type !== 'List';
  return [
    ...kind.both,
    ...SHOWN.map((day, index) =>
      manner.make(`${kind.kind}-a${index + 1}`, visible, {
        date: `${day}T08:00:00Z`,
        words: `words ${index}`,
        code: 'plain',
        identifier: 'twice',
        names: index === 0 && mayName ? [names.hidden] : [],
        more: shown,
      }),
    ),
    encounter(idOf(names.encounter), visible, 'finished'),
    observation(`${kind.kind}-seen`, visible, 10, { encounter: { reference: names.encounter } }),
  ];
}

/** Without what hides it. */
export function hiddenBy(kind: Kind): Resource[] {
  const { manner, visible, of, subjects, other, without } = kind;
  const names = named(kind);
  const face = { code: 'hidden', words: 'secretword', identifier: 'hidden' };
  const bound = manner.type === 'DocumentReference' ? bindingTo(names.binary) : {};
  const things = [
    manner.make(idOf(names.hidden), subjects, {
      ...face,
      date: '2031-05-05T08:00:00Z',
      names: [...hiddenName(kind), names.shown, names.own],
      more: { ...bound, language: 'fr', text: narrative },
    }),
    manner.make(`${kind.kind}-twice`, subjects, {
      ...face,
      identifier: 'twice',
      names: hiddenName(kind),
      date: '2024-01-03T08:00:00Z',
    }),
    ...Array.from({ length: MANY }, (_, index) =>
      manner.make(`${kind.kind}-many-${index}`, subjects, {
        ...face,
        names: hiddenName(kind),
        date: `2024-01-${String(2 + index).padStart(2, '0')}T09:00:00Z`,
      }),
    ),
    manner.make(idOf(names.deleted), subjects, {
      ...face,
      names: hiddenName(kind),
      date: '2024-01-04T08:00:00Z',
    }),
    list(idOf(names.listed), of, names.shown, names.hidden),
    provenance(idOf(names.traced), of, names.hidden, names.shown),
    observation(idOf(names.measured), of, 42, { encounter: { reference: names.encounter } }),
    encounter(`${kind.kind}-henc`, of, 'in-progress', { partOf: { reference: names.encounter } }),
    appointment(idOf(names.both), visible, other),
  ].filter(({ resourceType }) => !without.includes(resourceType));
  const binary = {
    resourceType: 'Binary',
    id: idOf(names.binary),
    contentType: 'text/plain',
    data: 'aHVnbw==',
  };
  return [...things.map(withSecrets), binary];
}

/** What they say once the things are there: labels, Consents, the state of the space. */
export function hidingOf(kind: Kind): Resource[] {
  const { puts } = kind;
  const labelled = puts === undefined ? [] : hiddenBy(kind).map((resource) => withLabel(resource, puts));
  return [...labelled, ...kind.hides];
}

/** A permit that ends at a time. */
export function endingPermit(kind: Kind, end: string): Resource {
  const provision = { type: 'permit', period: { end }, actor: [{ ...actorOf(kind) }] };
  return consent(`${kind.kind}-ends`, kind.of, provision);
}

const narrative = {
  status: 'generated',
  div: '<div xmlns="http://www.w3.org/1999/xhtml">secretword told</div>',
};
const bindingTo = (binary: string) => ({
  content: [{ attachment: { contentType: 'text/plain', url: binary } }],
});
const actorOf = ({ me }: Kind) => ({
  role: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' }] },
  reference: { reference: me },
});

/** A list is hidden for what it names. */
function hiddenName({ manner, kind }: Kind): string[] {
  return manner.type === 'List' ? [`Observation/${kind}-what`] : [];
}

function withSecrets(resource: Resource): Resource {
  return { ...resource, meta: { ...resource.meta, ...SECRETS } };
}

function withLabel(resource: Resource, label: object): Resource {
  return { ...resource, meta: { ...resource.meta, security: [...(resource.meta?.security ?? []), label] } };
}
