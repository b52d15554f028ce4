/** What the gate is told of a resource that has more than it keeps. */
import { MORE, factsOf } from '../../src/fhir/facts.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { engine } from '../consent/support/engine.ts';
import { physician, usual } from '../consent/support/usual.ts';

const MANY = 101;
const many = <T>(make: (index: number) => T): T[] => Array.from({ length: MANY }, (_, index) => make(index));
const crowded: Resource = {
  resourceType: 'Observation',
  id: '1',
  meta: { profile: ['https://x.example/lab'] },
  code: { coding: many((index) => ({ system: 's', code: `c${index}` })) },
  performer: many((index) => ({ reference: `Practitioner/x${index}` })),
  encounter: { reference: 'Encounter/e' },
};

it('keeps a hundred, and that there are more', () => {
  const { codes, about, authors } = factsOf(crowded);
  expect([codes.length, about.length, authors.length]).toEqual([MANY, MANY, MANY]);
  expect([codes.at(-1), about.at(-1), authors.at(-1)]).toEqual([`code=${MORE}`, MORE, MORE]);
});

const entry = (meaning: string, reference: string) => [{ meaning, reference: { reference } }];
const BEYOND: Json[] = [
  { code: [{ coding: [{ system: 's', code: 'c100' }] }] },
  { class: [{ system: 'urn:ietf:rfc:3986', code: 'https://x.example/lab' }] },
  { class: [{ system: 's', code: 'a-category' }] },
  { data: entry('dependents', 'Encounter/e') },
  { data: entry('related', 'Encounter/e') },
  { data: entry('authoredby', 'Practitioner/x100') },
];
it.each(BEYOND)('a deny takes what is not kept to be there, a permit doesn’t: %j', (element) => {
  const gives = (...provisions: Json[]): boolean => {
    const consents = provisions.map((provision, index) => ({
      resourceType: 'Consent',
      id: `c${index}`,
      meta: { versionId: '1' },
      status: 'active',
      scope: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
      },
      provision,
    }));
    return engine({ ...usual, consents, caller: physician, resource: crowded }).effect === 'permit';
  };
  expect(gives({ type: 'permit' })).toBe(true);
  expect(gives({ type: 'permit' }, { type: 'deny', ...element })).toBe(false);
  expect(gives({ type: 'permit', ...element })).toBe(false);
});
