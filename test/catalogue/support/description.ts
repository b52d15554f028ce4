/** An app as its publisher describes it. */
export const DESCRIPTION = {
  id: 'rythme',
  name: { fr: 'Rythme', en: 'Rhythm' },
  publisher: { name: 'Médiapps Santé', country: 'FR', site: 'https://mediapps.example' },
  purpose: { fr: 'Suivre la tension artérielle', en: 'Follow blood pressure' },
  audience: 'patients',
  data: [
    { type: 'Observation', access: 'read', why: { fr: 'montrer les mesures', en: 'to show measures' } },
    { type: 'Observation', access: 'add', why: { fr: 'ajouter les mesures', en: 'to add measures' } },
    {
      type: 'Immunization',
      access: 'read',
      why: { fr: 'rappeler les vaccins', en: 'to remind of vaccines' },
    },
  ],
  retention: { fr: 'Deux ans', en: 'Two years' },
  hosting: { fr: 'France, hébergeur certifié HDS', en: 'France, certified HDS host' },
  client: { auth: 'none', redirectUris: ['https://app.mediapps.example/retour'] },
};
