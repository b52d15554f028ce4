/** A system that acts for professionals says so where it is registered. */
import { systemIn } from '../../src/catalogue/system.ts';
import { PUBLIC_KEY } from './support/keys.ts';
import { certified } from '../oauth/support/certificates.ts';

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

const { jwksUri: _uri, ...BARE } = SYSTEM;
const BY_TLS = { ...BARE, auth: 'self_signed_tls_client_auth' };

it('a system shows itself by a TLS certificate that stands in its keys, or gets tokens that are bound to one', () => {
  expect(systemIn(SYSTEM)).toMatchObject({ auth: 'private_key_jwt' });
  const jwks = { keys: [certified('hospital')] };
  expect(systemIn({ ...BY_TLS, jwks })).toMatchObject({ auth: 'self_signed_tls_client_auth', jwks });
  expect(systemIn({ ...SYSTEM, auth: 'self_signed_tls_client_auth' })).toMatchObject({
    jwksUri: SYSTEM.jwksUri,
  });
  for (const certificateName of [{ subjectDn: 'CN=dossier,O=x\\,y,C=FR' }, { sanDns: 'dossier.x.example' }])
    expect(systemIn({ ...BARE, auth: 'tls_client_auth', certificateName })).toMatchObject({
      certificateName,
    });
  expect(systemIn({ ...SYSTEM, certificateBound: true })).toMatchObject({ certificateBound: true });
});

it.each<[string, object, string]>([
  ['no name in an authority’s certificate', { ...BARE, auth: 'tls_client_auth' }, 'is required there'],
  ...[
    {},
    { subjectDn: 'dossier' },
    { subjectDn: 'CN=a+O=b' },
    { subjectDn: 'CN=a,' },
    { subjectDn: 'CN=a\nO=b' },
    { sanDns: '.x.example' },
    { sanDns: '*.x.example' },
    { sanDns: 1 },
    { sanDns: 'dossier.x.example', subjectDn: 'CN=a' },
  ].map((certificateName): [string, object, string] => [
    `a name such as ${JSON.stringify(certificateName)}`,
    { ...BARE, auth: 'tls_client_auth', certificateName },
    'has either',
  ]),
  ['such a name beside keys', { ...SYSTEM, certificateName: { sanDns: 'x.example' } }, 'goes with'],
  ['another way of showing itself', { ...SYSTEM, auth: 'none' }, '`auth` is one of'],
  ['a secret', { ...SYSTEM, auth: 'client_secret' }, '`auth` is one of'],
  ['a certificate that isn’t there', { ...BY_TLS, jwks: { keys: [PUBLIC_KEY] } }, 'as `x5c`'],
  [
    'what is no certificate',
    { ...BY_TLS, jwks: { keys: [{ ...PUBLIC_KEY, x5c: ['bm90aGluZw=='] }] } },
    'as `x5c`',
  ],
  ['bound in a way that is none', { ...SYSTEM, certificateBound: 'yes' }, 'true or false'],
])('refuses %s', (_, system, said) => {
  expect(() => systemIn(system)).toThrow(said);
});
