/** What a screen says of scopes: words of people, in both languages. */
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
  [['user/Goal.rs', 'user/Condition.c'], ['Goal'], ['les maladies et problèmes de santé']],
])('%j', (scopes, reads, adds) => {
  expect(whatItGives(scopes, 'fr')).toEqual({ reads, adds });
});

it('the list and the Consent say the same as the screen', () => {
  expect(typeNames(['*'], 'adds', 'en')).toEqual(['all data that you may add yourself']);
  expect(typeNames(['*', 'Consent'], 'reads', 'en')).toEqual([
    'all data that you may see',
    'permissions given',
  ]);
  expect(connectionText('Rythme', ['patient/*.cruds'], Date.parse('2027-01-01'))).toContain(
    'Elle pourra ajouter ou modifier : toutes les données que vous pouvez ajouter vous-même.',
  );
});
