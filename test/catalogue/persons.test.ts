/** A system that acts for professionals says so where it is registered. */
import { systemIn } from '../../src/catalogue/system.ts';

const SYSTEM = {
  id: 'hospital',
  name: 'Dossier de l’hôpital',
  organization: 'Organization/hospital',
  scope: 'system/DocumentReference.cu',
  jwksUri: 'https://hospital.example/jwks',
};
const PERSONS = { scope: 'user/DocumentReference.rs user/Patient.r', upstreamClients: ['hospital-at-psc'] };

it('is registered with the most that their tokens may say, and the ids by which the provider knows it', () => {
  expect(systemIn(SYSTEM)).not.toHaveProperty('persons');
  expect(systemIn({ ...SYSTEM, persons: PERSONS }).persons).toEqual(PERSONS);
});

it('is registered to name professionals by its own word, unless it writes the directory', () => {
  const persons = { scope: 'user/*.rs', asserts: true };
  expect(systemIn({ ...SYSTEM, persons }).persons).toEqual(persons);
  expect(systemIn({ ...SYSTEM, persons: { ...PERSONS, asserts: false } }).persons).toEqual(PERSONS);
  expect(() => systemIn({ ...SYSTEM, persons, rights: ['directory.write'] })).toThrow('writes the directory');
});

it.each<[string, object, string]>([
  ['a scope of systems', { ...PERSONS, scope: 'system/Patient.rs' }, '`user/` scope'],
  ['a scope without interactions', { ...PERSONS, scope: 'user/Patient.' }, '`user/` scope'],
  ['a right', { ...PERSONS, scope: 'user/*.rs directory.write' }, '`user/` scope'],
  ['no ids', { ...PERSONS, upstreamClients: [] }, '1 to 10 entries'],
  ['ids that are none', { ...PERSONS, upstreamClients: [1] }, '1 to 10 ids'],
  ['neither way', { scope: 'user/*.rs' }, '`upstreamClients`, or `asserts`'],
  ['a way that is neither', { scope: 'user/*.rs', asserts: 'yes' }, 'true or false'],
  ['something else', { ...PERSONS, more: true }, 'more'],
])('refuses %s', (_, persons, said) => {
  expect(() => systemIn({ ...SYSTEM, persons })).toThrow(said);
});
