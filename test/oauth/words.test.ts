/** What a screen says of scopes: words of people, in both languages. */
import { DEFAULT_TYPES } from '../../src/config/variables.ts';
import { connectionText, typeNames, whatItGives } from '../../src/oauth/pages/words.ts';

it.each([
  [
    ['patient/*.cruds'],
    ['toutes les données que vous pouvez consulter'],
    ['toutes les données que vous pouvez ajouter vous-même'],
  ],
  [['patient/Observation.read'], ['les mesures et résultats d’analyses'], []],
  [
    [
      'patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs',
    ],
    ['les mesures et résultats d’analyses (signes vitaux)'],
    [],
  ],
  [
    ['patient/Observation.rs?category=urn:x%7Claboratory,urn:x%7Cimaging&code=http://loinc.org|8867-4'],
    ['les mesures et résultats d’analyses (laboratoire, imagerie ; 8867-4)'],
    [],
  ],
  [['user/Goal.rs', 'user/Condition.c'], ['les objectifs de santé'], ['les maladies et problèmes de santé']],
])('%j', (scopes, reads, adds) => {
  expect(whatItGives(scopes, 'fr')).toEqual({ reads, adds });
});

it.each(DEFAULT_TYPES)('%s has words of people', (type) => {
  for (const language of ['fr', 'en'] as const)
    expect(typeNames([type], 'reads', language)[0]).toMatch(/^\p{Ll}[^A-Z]+$/u);
});

it('the Consent says what the app is for, and who publishes it', () => {
  const about = { publisher: 'Atelier du Pouls', purpose: { fr: 'Suivre sa tension', en: 'Follow' } };
  expect(
    connectionText({ name: 'Tensio', about }, ['patient/Observation.rs'], Date.parse('2027-01-01')),
  ).toContain('Elle est publiée par Atelier du Pouls.\nÀ quoi elle sert : Suivre sa tension.\n');
});

it('the list and the Consent say the same as the screen', () => {
  expect(typeNames(['*'], 'adds', 'en')).toEqual(['all data that you may add yourself']);
  expect(typeNames(['*', 'Consent'], 'reads', 'en')).toEqual([
    'all data that you may see',
    'permissions given',
  ]);
  expect(connectionText({ name: 'Rythme' }, ['patient/*.cruds'], Date.parse('2027-01-01'))).toContain(
    'Elle pourra ajouter ou modifier : toutes les données que vous pouvez ajouter vous-même.',
  );
});
