/** A visit in one sentence: « Dr Claire Martin, dentiste, a consulté 3 documents le 12 mars à 14 h 05, pour un soin ». */
import type { Language, Words } from '../../consent/reasons.ts';
import type { Happening, Mode, Standing, Who } from './happening.ts';
import { PROFESSIONS } from './professions.ts';
import { type Noun, type Summary, type Things, howMany } from './summary.ts';
import { type Clock, during } from './when.ts';

type Plural = Readonly<Record<Language, readonly [one: string, many: string]>>;

const THINGS: Readonly<Record<Noun, Plural>> = {
  document: { fr: ['document', 'documents'], en: ['document', 'documents'] },
  content: { fr: ['fichier', 'fichiers'], en: ['file', 'files'] },
  result: { fr: ['résultat', 'résultats'], en: ['result', 'results'] },
  treatment: { fr: ['traitement', 'traitements'], en: ['treatment', 'treatments'] },
  vaccine: { fr: ['vaccination', 'vaccinations'], en: ['vaccination', 'vaccinations'] },
  allergy: { fr: ['allergie', 'allergies'], en: ['allergy', 'allergies'] },
  problem: { fr: ['antécédent', 'antécédents'], en: ['condition', 'conditions'] },
  appointment: { fr: ['rendez-vous', 'rendez-vous'], en: ['appointment', 'appointments'] },
  consent: { fr: ['consentement', 'consentements'], en: ['consent', 'consents'] },
  message: { fr: ['message', 'messages'], en: ['message', 'messages'] },
  relative: { fr: ['proche', 'proches'], en: ['relative', 'relatives'] },
  item: {
    fr: ['élément du dossier', 'éléments du dossier'],
    en: ['item of the record', 'items of the record'],
  },
};

const DONE = {
  seen: { fr: 'consulté', en: 'viewed' },
  added: { fr: 'ajouté', en: 'added' },
  changed: { fr: 'modifié', en: 'changed' },
  deleted: { fr: 'supprimé', en: 'deleted' },
  identity: { fr: 'consulté la fiche d’identité', en: 'viewed the identity' },
  history: { fr: 'consulté l’historique des accès', en: 'viewed the access history' },
  check: { fr: 'vérifié qui peut voir quoi', en: 'checked who may see what' },
  login: { fr: 'ouvert une session', en: 'logged in' },
  logout: { fr: 'fermé une session', en: 'logged out' },
  connect: { fr: 'connecté une application', en: 'connected an app' },
  disconnect: { fr: 'déconnecté une application', en: 'disconnected an app' },
  account: { fr: 'modifié le compte ou ses droits', en: 'changed the account or its rights' },
  other: { fr: 'utilisé le service', en: 'used the service' },
} as const satisfies Record<string, Words>;

const EMPTY: Plural = {
  fr: ['recherche sans résultat', 'recherches sans résultat'],
  en: ['search without a result', 'searches without a result'],
};
const TRIES: Plural = {
  fr: ['tentative de connexion qui a échoué', 'tentatives de connexion qui ont échoué'],
  en: ['login that failed', 'logins that failed'],
};
const REFUSED: Plural = {
  fr: ['demande refusée', 'demandes refusées'],
  en: ['request that was refused', 'requests that were refused'],
};
const FAILED: Plural = {
  fr: ['demande qui n’a pas abouti', 'demandes qui n’ont pas abouti'],
  en: ['request that failed', 'requests that failed'],
};
const MADE: Words = { fr: 'fait', en: 'made' };
const ASKED: Words = { fr: 'demandé', en: 'asked for' };
const DENIED: Words = { fr: '(refusé)', en: '(refused)' };

const PURPOSES: Readonly<Record<string, Words>> = {
  TREAT: { fr: 'pour un soin', en: 'for treatment' },
  CAREMGT: { fr: 'pour la coordination des soins', en: 'to coordinate care' },
  COC: { fr: 'pour la coordination des soins', en: 'to coordinate care' },
  PATRQT: { fr: 'à la demande du patient', en: 'at the request of the patient' },
  FAMRQT: { fr: 'à la demande de la famille', en: 'at the request of the family' },
  PUBHLTH: { fr: 'pour la santé publique', en: 'for public health' },
  HRESCH: { fr: 'pour la recherche', en: 'for research' },
  HPAYMT: { fr: 'pour un paiement', en: 'for payment' },
  HOPERAT: { fr: 'pour le fonctionnement du service', en: 'to run the service' },
  HSYSADMIN: { fr: 'pour l’administration du service', en: 'to administer the service' },
};
const FOR: Words = { fr: 'pour le motif', en: 'for the purpose' };
/** Nobody needs to be told that the patient asked for their own. */
const UNTOLD: ReadonlySet<string> = new Set(['BTG', 'ETREAT', 'EMERGNCY']);

const MODES: Readonly<Record<Exclude<Mode, 'usual'>, Words>> = {
  emergency: { fr: 'en urgence (bris de glace)', en: 'in an emergency (break-glass)' },
  'call-centre': {
    fr: 'en urgence (régulation médicale)',
    en: 'in an emergency (emergency call centre)',
  },
};

const NAMELESS: Readonly<Record<Standing, Words>> = {
  patient: { fr: 'Le titulaire de l’espace', en: 'The patient' },
  person: { fr: 'Un proche', en: 'A relative' },
  family: { fr: 'Un proche', en: 'A relative' },
  professional: { fr: 'Un professionnel de santé', en: 'A health professional' },
  system: { fr: 'Le logiciel d’un établissement', en: 'The system of an organization' },
  app: { fr: 'Une application', en: 'An app' },
  unknown: { fr: 'Une personne qui n’est pas nommée', en: 'Somebody who is not named' },
};
const STANDINGS: Readonly<Record<Standing, Words | undefined>> = {
  patient: { fr: 'titulaire de l’espace', en: 'the patient' },
  person: { fr: 'proche ou représentant', en: 'relative or representative' },
  family: { fr: 'proche ou représentant', en: 'relative or representative' },
  professional: undefined,
  system: { fr: 'par son logiciel', en: 'by its system' },
  app: { fr: 'application', en: 'an app' },
  unknown: undefined,
};
/** By what the trace says that they were to the patient then. */
const FAMILY: Readonly<Record<string, Words>> = {
  representative: { fr: 'représentant légal', en: 'legal representative' },
  caregiver: { fr: 'aidant', en: 'aidant' },
};
const ASSERTED: Words = {
  fr: 'd’après le logiciel de son établissement',
  en: 'as named by the software of their organization',
};
export const OUTSIDE: Words = { fr: 'déclaré par un autre système', en: 'as told by another system' };
const GOES_ON: Words = { fr: 'la suite est à la page suivante', en: 'continued on the next page' };

/** Of one visit: what its sentence is made of beside the summary. */
export interface Visited extends Pick<Happening, 'who' | 'mode' | 'purposes' | 'reason' | 'outside'> {
  /** The reader themself. */
  own: boolean;
  cut: boolean;
}

export function sentenceOf(visited: Visited, summary: Summary, clock: Clock): string {
  const { language } = clock;
  const { who, mode, own, outside, cut } = visited;
  const subject = own
    ? { fr: 'Vous avez', en: 'You' }[language]
    : `${named(who, language)}${has(who, language)}`;
  const done = joined(acts(summary, language), language);
  return [
    `${subject} ${done} ${during(summary.from, summary.to, clock)}`,
    ...(mode === 'usual' ? whys(visited, language) : [emergencyOf(mode, visited.reason, language)]),
    ...(who.isAsserted === true ? [ASSERTED[language]] : []),
    ...(outside ? [OUTSIDE[language]] : []),
    ...(cut ? [GOES_ON[language]] : []),
  ].join(', ');
}

function has(who: Who, language: Language): string {
  const apposed = who.name !== undefined && appositionOf(who, language) !== undefined;
  return `${apposed ? ',' : ''}${language === 'fr' ? ' a' : ''}`;
}

/** « Dr Claire Martin, dentiste ». */
export function named(who: Who, language: Language): string {
  if (who.name === undefined) return NAMELESS[who.is][language];
  const apposition = appositionOf(who, language);
  return apposition === undefined ? who.name : `${who.name}, ${apposition}`;
}

function appositionOf(who: Who, language: Language): string | undefined {
  if (who.is === 'professional') return professionOf(who, language);
  const known = who.is === 'patient' ? undefined : FAMILY[who.standing ?? ''];
  return (known ?? STANDINGS[who.is])?.[language];
}

export function professionOf({ profession, professionName }: Who, language: Language): string | undefined {
  const known = profession === undefined ? undefined : PROFESSIONS[profession];
  return known === undefined ? professionName?.toLowerCase() : known[language];
}

function acts(summary: Summary, language: Language): string[] {
  const told: string[] = [];
  for (const deed of ['seen', 'added', 'changed', 'deleted'] as const) {
    if (howMany(summary[deed]) > 0) told.push(`${DONE[deed][language]} ${counted(summary[deed], language)}`);
  }
  const alone = howMany(summary.seen) === 0;
  if (summary.identity && alone) told.push(DONE.identity[language]);
  for (const phrase of summary.said) told.push(DONE[phrase][language]);
  if (summary.tries > 0) told.push(made(summary.tries, TRIES, language));
  if (summary.emptySearches > 0) told.push(made(summary.emptySearches, EMPTY, language));
  if (howMany(summary.refused) > 0) {
    told.push(`${ASKED[language]} ${counted(summary.refused, language)} ${DENIED[language]}`);
  }
  if (summary.refusals > 0) told.push(made(summary.refusals, REFUSED, language));
  if (summary.failures > 0) told.push(made(summary.failures, FAILED, language));
  if (summary.other || told.length === 0) told.push(DONE.other[language]);
  return told;
}

function made(count: number, what: Plural, language: Language): string {
  return `${MADE[language]} ${numbered(count, what, language)}`;
}

function counted(things: Things, language: Language): string {
  return joined(
    [...things].map(([noun, count]) => numbered(count, THINGS[noun], language)),
    language,
  );
}

function numbered(count: number, what: Plural, language: Language): string {
  return `${count} ${what[language][count === 1 ? 0 : 1]}`;
}

function joined(parts: readonly string[], language: Language): string {
  const last = parts.at(-1) ?? '';
  if (parts.length < 2) return last;
  return `${parts.slice(0, -1).join(', ')} ${language === 'fr' ? 'et' : 'and'} ${last}`;
}

function whys({ purposes, who, own }: Visited, language: Language): string[] {
  const told = purposes
    .filter((code) => !UNTOLD.has(code) && !(code === 'PATRQT' && (own || isLay(who))))
    .map((code) => PURPOSES[code]?.[language] ?? `${FOR[language]} ${code.slice(0, 40)}`);
  return [...new Set(told)];
}

function isLay({ is }: Who): boolean {
  return is === 'patient' || is === 'person' || is === 'family' || is === 'app';
}

function emergencyOf(mode: Exclude<Mode, 'usual'>, reason: string | undefined, language: Language): string {
  const said = MODES[mode][language];
  if (reason === undefined) return said;
  const written = reason.replaceAll(/\s+/g, ' ').trim();
  return language === 'fr' ? `${said}, motif : « ${written} »` : `${said}, reason: “${written}”`;
}
