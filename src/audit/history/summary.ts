/** What a visit came to: what was seen, added, changed and deleted, what was refused and what was looked for in vain. */
import { type Happening, typeOf } from './happening.ts';
import { DEEDS, type Deed } from './kinds.ts';
import type { Visit } from './visits.ts';

/** Things by what they are called: `document` → 3. */
export type Things = ReadonlyMap<Noun, number>;

export interface Summary {
  from: number;
  to: number;
  seen: Things;
  added: Things;
  changed: Things;
  deleted: Things;
  refused: Things;
  /** Refusals that name nothing. */
  refusals: number;
  failures: number;
  emptySearches: number;
  /** Who the patient is was asked for. */
  identity: boolean;
  /** What is told by a phrase, whatever it was about. */
  said: readonly Phrase[];
  /** Logins that failed. */
  tries: number;
  other: boolean;
}

export const PHRASES = ['history', 'check', 'login', 'logout', 'connect', 'disconnect', 'account'] as const;
export type Phrase = (typeof PHRASES)[number];

export const NOUNS = [
  'document',
  'content',
  'result',
  'treatment',
  'vaccine',
  'allergy',
  'problem',
  'appointment',
  'consent',
  'message',
  'relative',
  'item',
] as const;
export type Noun = (typeof NOUNS)[number];

const BY_TYPE: Readonly<Record<string, Noun>> = {
  DocumentReference: 'document',
  DocumentManifest: 'document',
  Composition: 'document',
  Binary: 'content',
  Media: 'content',
  Observation: 'result',
  DiagnosticReport: 'result',
  ImagingStudy: 'result',
  Specimen: 'result',
  MedicationRequest: 'treatment',
  MedicationStatement: 'treatment',
  MedicationAdministration: 'treatment',
  MedicationDispense: 'treatment',
  Immunization: 'vaccine',
  ImmunizationRecommendation: 'vaccine',
  AllergyIntolerance: 'allergy',
  Condition: 'problem',
  Procedure: 'problem',
  Appointment: 'appointment',
  Slot: 'appointment',
  Consent: 'consent',
  Communication: 'message',
  CommunicationRequest: 'message',
  RelatedPerson: 'relative',
};

export function nounOf(reference: string): Noun {
  return BY_TYPE[typeOf(reference)] ?? 'item';
}

export function summaryOf({ happenings }: Visit): Summary {
  const deeds = (...names: Happening['deed'][]): Happening[] =>
    done.filter(({ deed }) => names.includes(deed));
  const done = happenings.filter(({ refused, failed }) => !refused && !failed);
  const refusals = happenings.filter(({ refused }) => refused);
  const isEmpty = ({ resources, count }: Happening): boolean => resources.length === 0 && count === 0;
  const times = happenings.map(({ at }) => at);
  return {
    from: Math.min(...times),
    to: Math.max(...times),
    seen: thingsIn(done, 'read', 'search'),
    added: thingsIn(done, 'add'),
    changed: thingsIn(done, 'change'),
    deleted: thingsIn(done, 'delete'),
    refused: thingsIn(refusals, ...DEEDS),
    refusals: refusals.filter((each) => isEmpty(each) && each.deed !== 'login').length,
    failures: happenings.filter(({ failed }) => failed).length,
    emptySearches: deeds('search').filter(isEmpty).length,
    identity: deeds('read').some(isEmpty),
    said: PHRASES.filter((phrase) => deeds(phrase).length > 0),
    tries: refusals.filter(({ deed }) => deed === 'login').length,
    other: deeds('other').length > 0 || deeds('add', 'change', 'delete').some(isEmpty),
  };
}

/** Each once, however often it was touched; of those that no trace names at least as many as the largest says. */
function thingsIn(happenings: readonly Happening[], ...deeds: readonly Deed[]): Things {
  const named = new Set(
    happenings.flatMap(({ resources, deed, beside }) =>
      resources.filter((reference) => deeds.includes(beside?.get(reference) ?? deed)),
    ),
  );
  const things = new Map<Noun, number>();
  for (const reference of named) {
    const noun = nounOf(reference);
    things.set(noun, (things.get(noun) ?? 0) + 1);
  }
  const whole = happenings.filter(({ deed }) => deeds.includes(deed));
  const unnamed = Math.max(0, ...whole.map(({ count, resources }) => count - resources.length));
  if (unnamed > 0) things.set('item', (things.get('item') ?? 0) + unnamed);
  return new Map([...things].sort(([a], [b]) => NOUNS.indexOf(a) - NOUNS.indexOf(b)));
}

export function howMany(things: Things): number {
  return [...things.values()].reduce((sum, each) => sum + each, 0);
}
