/** The demo's apps: listed by the registry's own steps, each by the steward whose it is. docs/catalogue.md */
import { CRITERIA, type Description } from '../catalogue/listing.ts';
import type { CallerName } from './callers.ts';

interface App extends Description {
  /** Review is under way, or done. */
  isListed: boolean;
}

const HOSTING = { fr: 'France, hébergeur certifié HDS', en: 'France, certified HDS host' };
/** Nobody needs to listen there: whoever tries the demo by hand reads the code from the address. */
const CLIENT: Description['client'] = {
  auth: 'none',
  redirectUris: ['http://127.0.0.1:8400/callback'],
};

export const demoApps: readonly App[] = [
  {
    id: 'tensio',
    isListed: true,
    name: { fr: 'Tensio', en: 'Tensio' },
    publisher: { name: 'Atelier du Pouls', country: 'FR', site: 'https://tensio.example' },
    purpose: {
      fr: 'Suivre sa tension artérielle et son poids, et les montrer à son médecin',
      en: 'Follow blood pressure and weight, and show them to a doctor',
    },
    audience: 'patients',
    data: [
      {
        type: 'Observation',
        access: 'read',
        why: { fr: 'montrer vos mesures dans le temps', en: 'to show your measures over time' },
      },
      {
        type: 'Observation',
        access: 'add',
        why: { fr: 'ajouter ce que mesure votre tensiomètre', en: 'to add what your monitor measures' },
      },
    ],
    retention: {
      fr: 'Deux ans, ou jusqu’à ce que vous la retiriez',
      en: 'Two years, or until you take it back',
    },
    hosting: HOSTING,
    client: CLIENT,
  },
  {
    id: 'prevenir',
    isListed: true,
    name: { fr: 'Prévenir', en: 'Prevenir' },
    publisher: { name: 'Coopérative Prévenir', country: 'FR', site: 'https://prevenir.example' },
    purpose: {
      fr: 'Rappeler les vaccins et les dépistages de toute la famille',
      en: 'Remind of vaccines and screenings for the whole family',
    },
    audience: 'patients',
    data: [
      {
        type: 'Immunization',
        access: 'read',
        why: { fr: 'savoir quels vaccins sont faits', en: 'to know which vaccines were given' },
      },
      {
        type: 'Appointment',
        access: 'read',
        why: { fr: 'ne pas rappeler ce qui est prévu', en: 'not to remind of what is planned' },
      },
    ],
    retention: { fr: 'Rien n’est gardé hors de votre téléphone', en: 'Nothing is kept off your phone' },
    hosting: HOSTING,
    client: CLIENT,
  },
  {
    id: 'cabinet-clair',
    isListed: true,
    name: { fr: 'Cabinet clair', en: 'Cabinet clair' },
    publisher: { name: 'Logiciels du Canal', country: 'FR', site: 'https://cabinet-clair.example' },
    purpose: {
      fr: 'Résumer un dossier avant la consultation, pour les médecins',
      en: 'Sum up a record before a consultation, for doctors',
    },
    audience: 'professionals',
    data: (['AllergyIntolerance', 'Condition', 'MedicationStatement', 'DocumentReference'] as const).map(
      (type) => ({
        type,
        access: 'read',
        why: { fr: 'montrer ce qui compte pour le soin', en: 'to show what matters for care' },
      }),
    ),
    retention: { fr: 'Le temps de la consultation', en: 'For the consultation' },
    hosting: HOSTING,
    client: CLIENT,
  },
  {
    id: 'sommeil',
    isListed: false,
    name: { fr: 'Sommeil', en: 'Sleep' },
    publisher: { name: 'Nuits Calmes', country: 'FR' },
    purpose: { fr: 'Tenir un journal du sommeil', en: 'Keep a diary of sleep' },
    audience: 'patients',
    data: [
      {
        type: 'Observation',
        access: 'add',
        why: { fr: 'ajouter la durée de vos nuits', en: 'to add how long you slept' },
      },
    ],
    retention: { fr: 'Un an', en: 'A year' },
    hosting: HOSTING,
    client: CLIENT,
  },
];

/** @param origin of the server: the registry stands beside the FHIR base */
export async function seedCatalogue(
  origin: string,
  tokens: Readonly<Record<CallerName, string>>,
  now: Date,
): Promise<void> {
  const as = (who: CallerName) => async (path: string, body: object) => {
    const response = await fetch(`${origin}/registry/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens[who]}` },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`the demo's catalogue was refused: ${response.status} ${text}`);
    return JSON.parse(text) as { proposal?: { id: string } };
  };
  const [operator, reviewer, security] = [as('operator'), as('reviewer'), as('security')];
  const held = await fetch(`${origin}/registry/listings`, {
    headers: { authorization: `Bearer ${tokens.operator}` },
  });
  const entered = new Set(((await held.json()) as { id: string }[]).map(({ id }) => id));
  const reviewedUntil = new Date(now.getTime() + 365 * 86_400_000).toISOString().slice(0, 10);
  for (const { isListed, ...description } of demoApps) {
    const { id } = description;
    // by an earlier start, before it was stopped
    if (entered.has(id)) continue;
    await operator('listings', description);
    await operator(`listings/${id}/state`, { state: 'under-review' });
    if (!isListed) continue;
    for (const criterion of CRITERIA) {
      const review = { criterion, verdict: 'met', note: 'Synthétique, pour la démonstration', reviewedUntil };
      await (criterion === 'security' ? security : reviewer)(`listings/${id}/reviews`, review);
    }
    const { proposal } = await reviewer(`listings/${id}/state`, { state: 'listed' });
    await security(`proposals/${proposal!.id}/confirm`, {});
  }
}
