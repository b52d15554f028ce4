/** Who plays in a probe: one thing hidden, what is visible beside it, and how its type is asked for. */
import type { Resource } from '../../../src/fhir/resource.ts';
import { SECRET, document } from './content.ts';
import { list } from './naming.ts';

/** How each type that is hidden here says the same things. */
export interface Manner {
  type: 'DocumentReference' | 'List' | 'Appointment';
  /** A search parameter that leads from one such resource to another. */
  reference: string;
  /** One that finds the secret words, and one that they can be sorted by. */
  words: string;
  sort: string;
  code: string;
  make(id: string, of: string, face: Face): Resource;
}

export interface Face {
  date: string;
  words: string;
  code: string;
  identifier?: string;
  /** What it refers to. */
  names?: readonly string[];
  more?: object;
}

export interface Cast {
  kind: string;
  /** The caller's own reference. */
  me: string;
  manner: Manner;
  /** Whose the hidden things are, and a patient whom the caller may read: often the same. */
  of: string;
  visible: string;
  /** A patient who lets nobody here read. */
  other: string;
  /** What the hidden things carry, `system|code`. */
  label: string;
  /** What the caller writes of this type. */
  more: object;
}

const coded = (code: string) => ({ coding: [{ system: SECRET, code }] });
const identified = (value: string | undefined) =>
  value === undefined ? {} : { identifier: [{ system: SECRET, value }] };

export const DOCUMENT: Manner = {
  type: 'DocumentReference',
  reference: 'relatesto',
  words: 'description',
  sort: 'description',
  code: 'type',
  make: (id, of, { date, words, code, identifier, names = [], more }) =>
    document(id, of, {
      ...identified(identifier),
      type: coded(code),
      date,
      description: words,
      ...(names.length === 0
        ? {}
        : { relatesTo: names.map((reference) => ({ code: 'appends', target: { reference } })) }),
      ...more,
    }),
};

export const LIST: Manner = {
  type: 'List',
  reference: 'item',
  words: 'title',
  sort: 'title',
  code: 'code',
  make: (id, of, { date, words, code, identifier, names = [], more }) => ({
    ...list(id, of, ...names),
    ...identified(identifier),
    date,
    title: words,
    code: coded(code),
    ...more,
  }),
};

export const APPOINTMENT: Manner = {
  type: 'Appointment',
  reference: 'supporting-info',
  words: 'reason-code:text',
  sort: 'appointment-type',
  code: 'appointment-type',
  make: (id, of, { date, words, code, identifier, names = [], more }) => ({
    resourceType: 'Appointment',
    id,
    ...identified(identifier),
    status: 'booked',
    start: date,
    end: date,
    appointmentType: coded(code),
    reasonCode: [{ text: words }],
    ...(names.length === 0 ? {} : { supportingInformation: names.map((reference) => ({ reference })) }),
    participant: of
      .split(' ')
      .map((each) => ({ actor: { reference: `Patient/${each}` }, status: 'accepted' })),
    ...more,
  }),
};

/** The ids of what a cast plays with; all begin with the name of its kind. */
export const named = ({ kind, manner: { type } }: Pick<Cast, 'kind' | 'manner'>) => ({
  hidden: `${type}/${kind}-h`,
  deleted: `${type}/${kind}-gone`,
  shown: `${type}/${kind}-a1`,
  own: `${type}/own-${kind}-1`,
  encounter: `Encounter/${kind}-enc`,
  binary: `Binary/${kind}-bin`,
  listed: `List/${kind}-list`,
  traced: `Provenance/${kind}-prov`,
  measured: `Observation/${kind}-obs`,
  both: `Appointment/${kind}-both`,
});
