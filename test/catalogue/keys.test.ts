/** Keys that are registered can be used, are public, and are told so before anybody confirms them. */
import { keysIn } from '../../src/catalogue/keys.ts';
import { descriptionIn } from '../../src/catalogue/listing.ts';
import { systemIn } from '../../src/catalogue/system.ts';
import { DESCRIPTION } from './support/description.ts';
import { ec, PRIVATE_KEY, PUBLIC_KEY, rsa } from './support/keys.ts';

const RSA = rsa(2048);

it.each<[string, object[], boolean]>([
  ['of P-384', [PUBLIC_KEY], true],
  ['of RSA', [RSA], true],
  ['with what it is for', [{ ...RSA, alg: 'RS384', use: 'sig' }], true],
  ['one that is good among others', [ec('P-256'), PUBLIC_KEY], true],
  ['of another curve, where nothing is signed with it', [ec('P-256')], false],
])('takes keys %s', (_, keys, signs) => {
  expect(keysIn({ keys }, 'jwks', signs)).toEqual({ keys });
});

it.each<[string, unknown, string]>([
  ['a private key', { keys: [PRIVATE_KEY] }, 'private parts'],
  ['a private key among others', { keys: [PUBLIC_KEY, PRIVATE_KEY] }, 'private parts'],
  ['a shared key', { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }, 'private parts'],
  ['a key without its values', { keys: [{ kty: 'EC', crv: 'P-384' }] }, 'of type EC or RSA'],
  ['another kind', { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'x' }] }, 'of type EC or RSA'],
  ['a short RSA key', { keys: [rsa(1024)] }, '2048 bits'],
  ['none that signs as SMART wants it', { keys: [ec('P-256')] }, 'RS384'],
  ['one for something else', { keys: [{ ...RSA, alg: 'RS256' }] }, 'RS384'],
  ['one to encrypt to', { keys: [{ ...RSA, use: 'enc' }] }, 'RS384'],
  ['no key', { keys: [] }, '1 to 10'],
  ['eleven', { keys: Array.from({ length: 11 }, () => PUBLIC_KEY) }, '1 to 10'],
  ['a text', 'jwks', 'is an object'],
  ['more than keys', { keys: [PUBLIC_KEY], more: 1 }, 'more'],
  ['null among them', { keys: [null] }, 'of type EC or RSA'],
])('refuses %s', (_, jwks, said) => {
  expect(() => keysIn(jwks, 'jwks', true)).toThrow(said);
});

it('of systems and of apps', () => {
  const system = { id: 'lab-1', name: 'Labo', organization: 'Organization/lab', scope: 'system/*.cu' };
  expect(() => systemIn({ ...system, jwks: { keys: [PRIVATE_KEY] } })).toThrow('private parts');
  const client = {
    auth: 'private_key_jwt',
    redirectUris: ['https://app.example/'],
    jwks: { keys: [PRIVATE_KEY] },
  };
  expect(() => descriptionIn({ ...DESCRIPTION, client }, new Set(['Observation', 'Immunization']))).toThrow(
    'private parts',
  );
});
