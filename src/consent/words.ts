/** The order of the lines in words: what each says when it decides. conformance/consent-rules.md */
import type { Effect } from './actors.ts';
import type { Decision } from './lines.ts';
import type { Language, Words } from './reasons.ts';

const LINES: Readonly<Record<string, Words>> = {
  '0 deny': {
    fr: 'cite un autre élément qui est caché, donc caché en entier',
    en: 'it names something else that is hidden, so it is hidden as a whole',
  },
  '1 deny': { fr: 'ce rôle n’a accès à rien', en: 'this role is given nothing' },
  '2 deny': { fr: 'l’espace de santé n’est pas ouvert', en: 'the health space is not open' },
  '2 permit': { fr: 'le compte lui-même reste visible', en: 'the account itself stays visible' },
  '3 permit': { fr: 'déposé par cette personne elle-même', en: 'deposited by themself' },
  '4 deny': { fr: 'cette personne est bloquée', en: 'they are blocked' },
  '5 deny': {
    fr: 'une étiquette le cache au patient ou à ses proches',
    en: 'a label hides it from the patient or their family',
  },
  '6 permit': {
    fr: 'le patient, son représentant légal ou un aidant',
    en: 'the patient, their legal representative or an aidant',
  },
  '7 permit': { fr: 'accès en urgence', en: 'access in an emergency' },
  '8 permit': {
    fr: 'médecin traitant ou administrateur, autorisé par son nom',
    en: 'general practitioner or administrator, authorised by name',
  },
  '9 deny': { fr: 'le document est masqué', en: 'it is masked' },
  '10 permit': { fr: 'un consentement l’autorise', en: 'a Consent permits it' },
  '10 deny': { fr: 'un consentement le refuse', en: 'a Consent denies it' },
  '11 deny': {
    fr: 'la matrice d’habilitation ne l’ouvre pas à cette profession',
    en: 'the matrix does not open it to this profession',
  },
  '12 deny': { fr: 'rien ne l’autorise', en: 'nothing permits it' },
};

const DEFAULTS: Record<Effect, Words> = {
  permit: {
    fr: 'autorisé par défaut par les règles du pays',
    en: 'permitted by default by the country’s rules',
  },
  deny: { fr: 'refusé', en: 'denied' },
};
const SHARED: Words = {
  fr: 'partagé au sein de l’équipe de soins',
  en: 'shared in the care team',
};

export function lineInWords(
  { line, effect, because }: Pick<Decision, 'line' | 'effect' | 'because'>,
  language: Language,
): string {
  if (line === 10 && because.length === 0) return DEFAULTS[effect][language];
  const isShared = line === 10 && because.every((each) => each.startsWith('CareTeam/'));
  return (isShared ? SHARED : (LINES[`${line} ${effect}`] ?? DEFAULTS[effect]))[language];
}
