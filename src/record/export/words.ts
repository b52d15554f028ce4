/** What an exported record says around the record's own words. */
import type { Words } from '../../consent/reasons.ts';

export const SAID = {
  file: { fr: 'mon-dossier', en: 'my-record' },
  title: { fr: 'Copie du dossier de santé', en: 'Copy of the health record' },
  made: { fr: 'Établie le', en: 'Made on' },
  told: {
    fr: 'Cette copie contient tout ce que la personne qui l’a demandée pouvait consulter à cette date. Elle contient des données de santé : conservez-la en lieu sûr.',
    en: 'This copy holds all that the person who asked for it could see on that day. It is health data: keep it in a safe place.',
  },
  contents: { fr: 'Sommaire', en: 'Contents' },
  summary: { fr: 'Résumé', en: 'Summary' },
  summaryFile: { fr: 'resume-medical.pdf', en: 'patient-summary.pdf' },
  summaryLink: { fr: 'Résumé médical (PDF)', en: 'Patient summary (PDF)' },
  documents: { fr: 'Documents', en: 'Documents' },
  noDocument: { fr: 'Aucun document.', en: 'No document.' },
  date: { fr: 'Date', en: 'Date' },
  document: { fr: 'Document', en: 'Document' },
  author: { fr: 'Auteur', en: 'Author' },
  files: { fr: 'Fichiers', en: 'Files' },
  page: { fr: 'page à lire', en: 'page to read' },
  elsewhere: { fr: 'contenu conservé ailleurs', en: 'content kept elsewhere' },
  held: { fr: 'contenu en cours de vérification', en: 'content still being checked' },
  missing: { fr: 'contenu non disponible', en: 'content not available' },
  untitled: { fr: 'Document sans titre', en: 'Untitled document' },
  unnamed: { fr: 'Non précisé', en: 'Not specified' },
  data: { fr: 'Données', en: 'Data' },
  dataTold: {
    fr: 'Pour être relues par un logiciel : une ressource FHIR R4 par ligne, dans le dossier « fhir ».',
    en: 'To be read by software: one FHIR R4 resource a line, in the folder “fhir”.',
  },
  kind: { fr: 'Type FHIR', en: 'FHIR type' },
  count: { fr: 'Nombre', en: 'Number' },
  history: { fr: 'Historique des accès', en: 'Access history' },
  historyFile: { fr: 'historique-des-acces', en: 'access-history' },
  historyTold: {
    fr: 'Qui a consulté, ajouté ou modifié, quand et pourquoi. Les dernières visites :',
    en: 'Who looked, added or changed, when and why. The latest visits:',
  },
  noVisit: { fr: 'Aucune visite.', en: 'No visit.' },
  whole: { fr: 'L’historique complet', en: 'The whole history' },
} as const satisfies Record<string, Words>;
