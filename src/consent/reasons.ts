/** Why a Consent, or a part of one, isn't in force as it was written: in words of either language. */
import type { Effect } from './actors.ts';

export type Language = 'fr' | 'en';
export type Words = Readonly<Record<Language, string>>;

/** `<reason>` of https://carnet.example/fhir/CodeSystem/enforcement-reason. */
export const REASONS = {
  inactive: {
    fr: 'le consentement n’est pas actif',
    en: 'the consent is not active',
  },
  patient: {
    fr: 'aucun patient connu ici n’est nommé',
    en: 'no patient who is known here is named',
  },
  scope: {
    fr: 'le consentement porte sur autre chose que la lecture des données (directives, soins ou recherche)',
    en: 'the consent is about something else than reading data (directives, treatment or research)',
  },
  privacy: {
    fr: 'le consentement ne dit pas qu’il porte sur la confidentialité (`patient-privacy`)',
    en: 'the consent does not say that it is about privacy (`patient-privacy`)',
  },
  modifier: {
    fr: 'cet élément peut changer le sens du consentement et n’est pas compris',
    en: 'this element may change the meaning of the consent and is not understood',
  },
  silent: {
    fr: 'rien n’est autorisé ni refusé',
    en: 'nothing is permitted or denied',
  },
  type: {
    fr: 'ni `permit` ni `deny` : compris comme un refus',
    en: 'neither `permit` nor `deny`: understood as a denial',
  },
  deep: {
    fr: 'imbriqué trop profondément : compris comme un refus',
    en: 'nested too deeply: understood as a denial',
  },
  element: {
    fr: 'cet élément n’est pas connu',
    en: 'this element is not known',
  },
  period: {
    fr: 'la période ne peut pas être lue',
    en: 'the period can not be read',
  },
  begins: {
    fr: 'la période n’a pas commencé',
    en: 'the period has not begun',
  },
  ended: {
    fr: 'la période est terminée',
    en: 'the period has ended',
  },
  actor: {
    fr: 'on ne peut pas dire qui est nommé ici',
    en: 'who is named here can not be told',
  },
  nowhere: {
    fr: 'la référence ne mène à rien que vous puissiez voir, ou à ce qui n’est pas compris',
    en: 'the reference leads to nothing that you may see, or to what is not understood',
  },
  nobody: {
    fr: 'la référence ne mène à personne en ce moment',
    en: 'the reference leads to nobody at this time',
  },
  action: {
    fr: 'l’action n’est pas une lecture',
    en: 'the action is no reading',
  },
  purpose: {
    fr: 'le motif n’est pas de `v3-ActReason`, ou ne peut pas être lu',
    en: 'the purpose is not of `v3-ActReason`, or can not be read',
  },
  unreadable: {
    fr: 'la valeur ne peut pas être lue',
    en: 'the value can not be read',
  },
  blocked: {
    fr: 'qui est nommé ici a été bloqué depuis ; débloquer ne rend pas l’autorisation',
    en: 'who is named here has been blocked since; unblocking does not bring the permission back',
  },
  void: {
    fr: 'rien de cette autorisation ne compte',
    en: 'nothing of this permission counts',
  },
} as const satisfies Record<string, Words>;

export type Reason = keyof typeof REASONS;

/** They say when, not that something isn't understood. */
const TIMES: ReadonlySet<Reason> = new Set([
  'begins',
  'ended',
  'nobody',
  'void',
  'blocked',
  'silent',
  'action',
]);

const CONSEQUENCES: Record<Effect, Words> = {
  permit: { fr: 'l’autorisation ne s’étend à rien de plus', en: 'the permission covers nothing by it' },
  deny: { fr: 'le refus n’en est pas restreint', en: 'the denial is not narrowed by it' },
};

/** One sentence: what is found, and what follows for a permit or a deny. */
export function sentence(reason: Reason, effect: Effect | undefined, language: Language): string {
  const said = REASONS[reason][language];
  if (effect === undefined || TIMES.has(reason)) return said;
  return `${said}${language === 'fr' ? ' : ' : ': '}${CONSEQUENCES[effect][language]}`;
}

export const STATUSES = {
  enforced: { fr: 'appliqué', en: 'enforced' },
  'not-yet': { fr: 'pas encore en vigueur', en: 'not yet in force' },
  'no-longer': { fr: 'n’est plus en vigueur', en: 'no longer in force' },
  'not-enforceable': { fr: 'ne peut pas être appliqué', en: 'can not be enforced' },
} as const satisfies Record<string, Words>;

export type EnforcementStatus = keyof typeof STATUSES;
