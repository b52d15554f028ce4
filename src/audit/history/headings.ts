/** What stands above and beside the lines of a history that leaves as a file. */
import type { Words } from '../../consent/reasons.ts';
import type { Clock } from './when.ts';

export const COLUMNS = {
  text: { fr: 'Accès', en: 'Access' },
  from: { fr: 'Début', en: 'From' },
  to: { fr: 'Fin', en: 'To' },
  who: { fr: 'Qui', en: 'Who' },
  profession: { fr: 'Profession', en: 'Profession' },
  organization: { fr: 'Structure', en: 'Organization' },
  mode: { fr: 'Mode d’accès', en: 'Mode of access' },
  purpose: { fr: 'Motif', en: 'Purpose' },
  reason: { fr: 'Motif écrit', en: 'Written reason' },
  kinds: { fr: 'Nature', en: 'Kind' },
  seen: { fr: 'Consultés', en: 'Viewed' },
  added: { fr: 'Ajoutés', en: 'Added' },
  changed: { fr: 'Modifiés', en: 'Changed' },
  deleted: { fr: 'Supprimés', en: 'Deleted' },
  refused: { fr: 'Refusés', en: 'Refused' },
  resources: { fr: 'Éléments', en: 'Items' },
  titles: { fr: 'Titres', en: 'Titles' },
  addresses: { fr: 'Adresse IP', en: 'IP address' },
  traces: { fr: 'Traces', en: 'Traces' },
} as const satisfies Record<string, Words>;

export type Column = keyof typeof COLUMNS;

export const TITLES = {
  title: { fr: 'Historique des accès au dossier', en: 'Access history of the record' },
  file: { fr: 'historique-des-acces', en: 'access-history' },
  nothing: { fr: 'Aucun accès.', en: 'No access.' },
  zone: { fr: 'Heures de', en: 'Times of' },
  /** « Dr Claire Martin, dentiste : 3 accès ». */
  traces(count: number, who: string, { language }: Pick<Clock, 'language'>): string {
    if (language === 'fr') return `${who} : ${count} accès`;
    return `${who}: ${count} ${count === 1 ? 'access' : 'accesses'}`;
  },
} as const;
