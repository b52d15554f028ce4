/** The kinds of notices: one table. `service` is the code of the French service, see docs/notices.md. */

export type Language = 'fr' | 'en';
export const CHANNELS = ['inbox', 'email'] as const;
export type Channel = (typeof CHANNELS)[number];

interface KindRow {
  /** Absent: it has none. */
  service?: string;
  /** Quiet hours, grouping and the digest don't hold it back, and it always stands in the inbox. */
  urgent?: true;
  fr: string;
  en: string;
}

/** `{who}`: the professional, where one is named. */
export const KINDS = {
  'document-added': { service: 'DOCUMENT', fr: 'Un document a été ajouté.', en: 'A document was added.' },
  'document-changed': {
    service: 'DOCUMENT',
    fr: 'Un document a été modifié.',
    en: 'A document was changed.',
  },
  'document-deleted': {
    service: 'DOCUMENT',
    fr: 'Un document a été supprimé.',
    en: 'A document was deleted.',
  },
  'document-unsafe': {
    service: 'DOCUMENT',
    fr: 'Un document a été retiré : son contenu n’est pas sûr.',
    en: 'A document was withdrawn because it is not safe.',
  },
  visit: {
    service: 'ACCES_DOCUMENT_PS',
    fr: '{who} a consulté le dossier.',
    en: '{who} looked at the record.',
  },
  emergency: {
    service: 'ACCES_BRIS_GLACE',
    urgent: true,
    fr: '{who} a accédé au dossier en urgence.',
    en: '{who} opened the record in an emergency.',
  },
  'emergency-masked': {
    service: 'ACCES_BRIS_GLACE',
    urgent: true,
    fr: '{who} a consulté un document masqué, en urgence.',
    en: '{who} read a masked document in an emergency.',
  },
  'consent-collected': {
    fr: 'Un professionnel a recueilli un consentement.',
    en: 'A professional recorded a consent.',
  },
  'consent-changed': {
    fr: 'Un consentement a changé.',
    en: 'A consent was changed.',
  },
  'announcement-ended': {
    service: 'REMISE_VISIBILITE_AUTO',
    fr: 'Un document est maintenant visible.',
    en: 'A document can now be seen.',
  },
  invitation: {
    fr: 'Un professionnel vous invite à prendre rendez-vous pour une consultation.',
    en: 'A professional invites you to make an appointment for a consultation.',
  },
  'appointment-added': {
    service: 'RDV_AGENDA',
    fr: 'Un rendez-vous a été ajouté.',
    en: 'An appointment was added.',
  },
  'appointment-changed': {
    service: 'RDV_AGENDA',
    fr: 'Un rendez-vous a changé.',
    en: 'An appointment was changed.',
  },
  'appointment-cancelled': {
    service: 'RDV_AGENDA',
    fr: 'Un rendez-vous a été annulé.',
    en: 'An appointment was cancelled.',
  },
  reminder: { service: 'RAPPEL_AGENDA', fr: 'Vous avez un rappel.', en: 'You have a reminder.' },
  message: { service: 'MESSAGE', fr: 'Un nouveau message.', en: 'A new message.' },
  'app-connected': {
    fr: 'Une application a été connectée.',
    en: 'An app was connected.',
  },
  'app-reminder': {
    fr: 'Des applications sont connectées à cet espace : vérifiez qu’elles vous servent encore.',
    en: 'Apps are connected to this space: see whether you still need them.',
  },
  'app-ended': {
    fr: 'La connexion d’une application est arrivée à son terme.',
    en: 'The connection of an app has come to its end.',
  },
  'number-changed': {
    fr: 'Le matricule de cet espace a changé.',
    en: 'The national number of this space has changed.',
  },
  'record-merged': {
    fr: 'Deux dossiers ouverts à ce nom ont été réunis dans cet espace.',
    en: 'Two files of the same person were joined in this space.',
  },
  'new-device': {
    fr: 'Connexion depuis un nouvel appareil.',
    en: 'Login from a new device.',
  },
} as const satisfies Record<string, KindRow>;

export type Kind = keyof typeof KINDS;

export const EVERY_KIND = Object.keys(KINDS) as Kind[];

export function isUrgent(kind: Kind): boolean {
  return 'urgent' in KINDS[kind];
}

const SOMEBODY = { fr: 'Un professionnel de santé', en: 'A health professional' };

export function textOf(kind: Kind, who: string | undefined, language: Language): string {
  return KINDS[kind][language].replace('{who}', () => who ?? SOMEBODY[language]);
}
