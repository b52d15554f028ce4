/** What the summary says around the record's own words. */
import type { Words } from '../../consent/reasons.ts';

export const SAID = {
  title: { fr: 'Résumé médical du patient', en: 'International Patient Summary' },
  file: { fr: 'resume-medical', en: 'patient-summary' },
  made: { fr: 'Établi le', en: 'Made on' },
  from: {
    fr: 'à partir de ce que son destinataire peut consulter du dossier : ce qui n’y figure pas peut exister.',
    en: 'from what its reader may be given of the record: what isn’t told may exist.',
  },
  unnamed: { fr: 'Non précisé', en: 'Not specified' },
  nilknown: {
    fr: 'Aucun connu, d’après le patient ou un professionnel.',
    en: 'None known, the patient or a professional said.',
  },
  unavailable: { fr: 'Aucune information disponible.', en: 'No information available.' },
  cut: { fr: 'Seuls les plus récents figurent ici.', en: 'Only the latest are told here.' },
  what: { fr: 'Quoi', en: 'What' },
  details: { fr: 'Précisions', en: 'Details' },
  when: { fr: 'Quand', en: 'When' },
  born: { fr: 'Date de naissance', en: 'Date of birth' },
  gender: { fr: 'Sexe', en: 'Sex' },
  number: { fr: 'Identifiant', en: 'Identifier' },
  male: { fr: 'masculin', en: 'male' },
  female: { fr: 'féminin', en: 'female' },
  other: { fr: 'autre', en: 'other' },
  unknown: { fr: 'inconnu', en: 'unknown' },
  high: { fr: 'risque élevé', en: 'high risk' },
  inactive: { fr: 'inactive', en: 'inactive' },
  unconfirmed: { fr: 'à confirmer', en: 'unconfirmed' },
  'on-hold': { fr: 'suspendu', en: 'on hold' },
  unusual: { fr: 'hors des valeurs usuelles', en: 'outside the usual range' },
  dose: { fr: 'dose', en: 'dose' },
  directive: { fr: 'Directive anticipée', en: 'Advance directive' },
  yes: { fr: 'oui', en: 'yes' },
  no: { fr: 'non', en: 'no' },
} as const satisfies Record<string, Words>;

export type Said = keyof typeof SAID;
