/** A visit in one sentence, in either language. */
import { lineOf } from '../../../src/audit/history/line.ts';
import type { Happening } from '../../../src/audit/history/happening.ts';
import { dayIn, during, isZone, stamp } from '../../../src/audit/history/when.ts';
import { happening } from './support/happenings.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const minutes = (count: number) => happening().at + count * 60_000;
const documents = (...ids: number[]) => ids.map((id) => `DocumentReference/${id}`);

interface Row {
  it: string;
  of: Partial<Happening>[];
  reader?: string;
  fr: string;
  en: string;
}

const WHEN = { fr: 'le 12 mars à 14 h 05', en: 'on 12 March at 14:05' };
const DENTIST = { fr: 'Dr Claire Martin, dentiste, a', en: 'Dr Claire Martin, dentist,' };
const CARE = { fr: 'pour un soin', en: 'for treatment' };
const mother = { reference: 'Patient/m', name: 'Claire Delaunay' };

const ROWS: Row[] = [
  {
    it: 'documents that were read',
    of: [{ resources: documents(1, 2) }, { resources: documents(2, 3) }],
    fr: `${DENTIST.fr} consulté 3 documents ${WHEN.fr}, ${CARE.fr}`,
    en: `${DENTIST.en} viewed 3 documents ${WHEN.en}, ${CARE.en}`,
  },
  {
    it: 'one document',
    of: [{}],
    fr: `${DENTIST.fr} consulté 1 document ${WHEN.fr}, ${CARE.fr}`,
    en: `${DENTIST.en} viewed 1 document ${WHEN.en}, ${CARE.en}`,
  },
  {
    it: 'documents and results, over a while',
    of: [
      { at: minutes(25), resources: documents(1) },
      { resources: ['Observation/1', 'Observation/2', 'Immunization/1'] },
    ],
    fr: `${DENTIST.fr} consulté 1 document, 2 résultats et 1 vaccination le 12 mars de 14 h 05 à 14 h 30, ${CARE.fr}`,
    en: `${DENTIST.en} viewed 1 document, 2 results and 1 vaccination on 12 March from 14:05 to 14:30, ${CARE.en}`,
  },
  {
    it: 'who was named by software',
    of: [{ who: { ...happening().who, isAsserted: true } }],
    fr: `${DENTIST.fr} consulté 1 document ${WHEN.fr}, ${CARE.fr}, d’après le logiciel de son établissement`,
    en: `${DENTIST.en} viewed 1 document ${WHEN.en}, ${CARE.en}, as named by the software of their organization`,
  },
  {
    it: 'a search that found nothing',
    of: [{ deed: 'search', resources: [] }],
    fr: `${DENTIST.fr} fait 1 recherche sans résultat ${WHEN.fr}, ${CARE.fr}`,
    en: `${DENTIST.en} made 1 search without a result ${WHEN.en}, ${CARE.en}`,
  },
  {
    it: 'a search that found more than a trace names',
    of: [{ deed: 'search', resources: documents(1, 2), count: 150 }],
    fr: `${DENTIST.fr} consulté 2 documents et 148 éléments du dossier ${WHEN.fr}, ${CARE.fr}`,
    en: `${DENTIST.en} viewed 2 documents and 148 items of the record ${WHEN.en}, ${CARE.en}`,
  },
  {
    it: 'who the patient is',
    of: [{ resources: [] }],
    fr: `${DENTIST.fr} consulté la fiche d’identité ${WHEN.fr}, ${CARE.fr}`,
    en: `${DENTIST.en} viewed the identity ${WHEN.en}, ${CARE.en}`,
  },
  {
    it: 'reads, additions and deletions',
    of: [{}, { deed: 'add', resources: documents(7) }, { deed: 'delete', resources: documents(8) }],
    fr: `${DENTIST.fr} consulté 1 document, ajouté 1 document et supprimé 1 document ${WHEN.fr}, ${CARE.fr}`,
    en: `${DENTIST.en} viewed 1 document, added 1 document and deleted 1 document ${WHEN.en}, ${CARE.en}`,
  },
  {
    it: 'breaking the glass, with its reason',
    of: [{ mode: 'emergency', purposes: ['BTG'], reason: 'patient inconscient' }],
    fr: `${DENTIST.fr} consulté 1 document ${WHEN.fr}, en urgence (bris de glace), motif : « patient inconscient »`,
    en: `${DENTIST.en} viewed 1 document ${WHEN.en}, in an emergency (break-glass), reason: “patient inconscient”`,
  },
  {
    it: 'an emergency call centre',
    of: [{ mode: 'call-centre', purposes: ['ETREAT'] }],
    fr: `${DENTIST.fr} consulté 1 document ${WHEN.fr}, en urgence (régulation médicale)`,
    en: `${DENTIST.en} viewed 1 document ${WHEN.en}, in an emergency (emergency call centre)`,
  },
  {
    it: 'what was refused',
    of: [{ refused: true }, { refused: true, resources: [] }],
    fr: `${DENTIST.fr} demandé 1 document (refusé) et fait 1 demande refusée ${WHEN.fr}, ${CARE.fr}`,
    en: `${DENTIST.en} asked for 1 document (refused) and made 1 request that was refused ${WHEN.en}, ${CARE.en}`,
  },
  {
    it: 'what failed',
    of: [{ failed: true, resources: [] }],
    fr: `${DENTIST.fr} fait 1 demande qui n’a pas abouti ${WHEN.fr}, ${CARE.fr}`,
    en: `${DENTIST.en} made 1 request that failed ${WHEN.en}, ${CARE.en}`,
  },
  {
    it: 'the reader themself',
    reader: 'Patient/m',
    of: [{ who: { ...mother, is: 'patient' }, purposes: ['PATRQT'], deed: 'history', resources: [] }],
    fr: `Vous avez consulté l’historique des accès ${WHEN.fr}`,
    en: `You viewed the access history ${WHEN.en}`,
  },
  {
    it: 'the patient, as another reads it',
    of: [{ who: { ...mother, is: 'patient' }, purposes: ['PATRQT'] }],
    fr: `Claire Delaunay, titulaire de l’espace, a consulté 1 document ${WHEN.fr}`,
    en: `Claire Delaunay, the patient, viewed 1 document ${WHEN.en}`,
  },
  {
    it: 'a relative',
    of: [{ who: { ...mother, is: 'person' }, purposes: ['PATRQT'] }],
    fr: `Claire Delaunay, proche ou représentant, a consulté 1 document ${WHEN.fr}`,
    en: `Claire Delaunay, relative or representative, viewed 1 document ${WHEN.en}`,
  },
  {
    it: 'the system of a hospital',
    of: [{ who: { name: 'Hôpital des Tilleuls', is: 'system' }, deed: 'add' }],
    fr: `Hôpital des Tilleuls, par son logiciel, a ajouté 1 document ${WHEN.fr}, ${CARE.fr}`,
    en: `Hôpital des Tilleuls, by its system, added 1 document ${WHEN.en}, ${CARE.en}`,
  },
  {
    it: 'an app',
    of: [{ who: { name: 'Rythme', is: 'app' }, purposes: ['PATRQT'], resources: ['Observation/1'] }],
    fr: `Rythme, application, a consulté 1 résultat ${WHEN.fr}`,
    en: `Rythme, an app, viewed 1 result ${WHEN.en}`,
  },
  {
    it: 'somebody without a name',
    of: [{ who: { is: 'professional' } }],
    fr: `Un professionnel de santé a consulté 1 document ${WHEN.fr}, ${CARE.fr}`,
    en: `A health professional viewed 1 document ${WHEN.en}, ${CARE.en}`,
  },
  {
    it: 'a purpose that has no words',
    of: [{ purposes: ['MARKT'] }],
    fr: `${DENTIST.fr} consulté 1 document ${WHEN.fr}, pour le motif MARKT`,
    en: `${DENTIST.en} viewed 1 document ${WHEN.en}, for the purpose MARKT`,
  },
  {
    it: 'what another system told',
    of: [{ outside: true }],
    fr: `${DENTIST.fr} consulté 1 document ${WHEN.fr}, ${CARE.fr}, déclaré par un autre système`,
    en: `${DENTIST.en} viewed 1 document ${WHEN.en}, ${CARE.en}, as told by another system`,
  },
];

describe.each(ROWS)('$it', ({ of, reader = 'Patient/x', ...sentences }) => {
  it.each(['fr', 'en'] as const)('is told in %s', (language) => {
    const happenings = of.map((each) => happening(each));
    const clock = { language, zone: 'Europe/Paris', now: NOW };
    expect(lineOf({ happenings, cut: false }, reader, clock).text).toBe(sentences[language]);
  });
});

it.each([
  ['2026-03-01T11:00:00Z', '2026-03-01T11:00:30Z', 'le 1er mars à 12 h 00', 'on 1 March at 12:00'],
  [
    '2025-12-31T11:00:00Z',
    '2025-12-31T11:00:00Z',
    'le 31 décembre 2025 à 12 h 00',
    'on 31 December 2025 at 12:00',
  ],
  [
    '2026-07-14T21:50:00Z',
    '2026-07-14T22:10:00Z',
    'du 14 juillet à 23 h 50 au 15 juillet à 0 h 10',
    'from 14 July at 23:50 to 15 July at 00:10',
  ],
])('%s to %s is told by the clocks of Paris', (from, to, french, english) => {
  const tell = (language: 'fr' | 'en') =>
    during(Date.parse(from), Date.parse(to), { language, zone: 'Europe/Paris', now: NOW });
  expect([tell('fr'), tell('en')]).toEqual([french, english]);
});

it.each([
  ['Europe/Paris', '2026-07-14T00:00:00Z', '2026-07-13T22:00:00.000Z'],
  ['Europe/Paris', '2026-01-14T00:00:00Z', '2026-01-13T23:00:00.000Z'],
  ['America/Cayenne', '2026-01-14T00:00:00Z', '2026-01-14T03:00:00.000Z'],
  ['Indian/Reunion', '2026-01-14T00:00:00Z', '2026-01-13T20:00:00.000Z'],
  // the clocks go forward on the 29th at two, and back on 25 October at three
  ['Europe/Paris', '2026-03-29T03:30:00Z', '2026-03-29T01:30:00.000Z'],
  ['Europe/Paris', '2026-10-26T00:00:00Z', '2026-10-25T23:00:00.000Z'],
])('a day of %s that begins at %s begins at %s', (zone, shown, at) => {
  expect(new Date(dayIn(Date.parse(shown), zone)).toISOString()).toBe(at);
});

it('stamps as the clocks of a zone showed it', () => {
  const at = Date.parse('2026-07-14T21:50:07.123Z');
  expect(['Europe/Paris', 'America/Martinique'].map((zone) => stamp(at, { zone }))).toEqual([
    '2026-07-14 23:50:07',
    '2026-07-14 17:50:07',
  ]);
});

it('knows zones by name alone', () => {
  expect(
    ['Europe/Paris', 'UTC', 'America/Port-au-Prince', 'Europe/Nowhere', '+01:00', ''].map(isZone),
  ).toEqual([true, true, true, false, false, false]);
});
