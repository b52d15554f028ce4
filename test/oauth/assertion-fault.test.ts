/** What a developer is told of an assertion that shows no client: by what it says itself. */
import jwt from 'jsonwebtoken';
import { assertionFault } from '../../src/oauth/assertion-fault.ts';

const NOW = 1_800_000_000;
const WANTED = {
  algorithms: ['HS256'],
  audiences: new Set(['https://x.example/oauth/token', 'https://x.example/oauth']),
  longest: 300,
  tolerance: 5,
};
const RIGHT = {
  iss: 'lab',
  sub: 'lab',
  aud: 'https://x.example/oauth/token',
  iat: NOW,
  exp: NOW + 200,
  jti: 'one',
};
const made = (claims: object, secret = 'x'): string =>
  jwt.sign(
    Object.fromEntries(Object.entries({ ...RIGHT, ...claims }).filter(([, value]) => value !== undefined)),
    secret,
  );

it.each<[string, string, string]>([
  ['nothing', '', 'no JSON Web Token'],
  ['a word', 'made up', 'no JSON Web Token'],
  ['no claims', jwt.sign('text', 'x'), 'no JSON Web Token'],
  ['another algorithm', jwt.sign(RIGHT, 'x', { algorithm: 'HS512' }), '`alg`'],
  ['no issuer', made({ iss: undefined }), '`iss` and `sub`'],
  ['two names', made({ sub: 'other' }), '`iss` and `sub`'],
  ['no audience', made({ aud: undefined }), '`aud` is one of: https://x.example/oauth/token'],
  ['an audience elsewhere', made({ aud: ['https://elsewhere.example'] }), '`aud`'],
  ['no `jti`', made({ jti: undefined }), '`jti`'],
  ['no expiry', made({ exp: undefined }), '`exp`, in seconds'],
  ['an expiry that is past', made({ exp: NOW - 6 }), 'has expired'],
  ['an expiry in milliseconds', made({ exp: NOW * 1000 }), 'within 300 seconds'],
  ['a beginning to come', made({ nbf: NOW + 60 }), '`nbf`'],
  ['what says nothing wrong', made({}), 'signed by no key'],
  [
    'one audience of several',
    made({ aud: ['https://elsewhere.example', 'https://x.example/oauth'] }),
    'signed by no key',
  ],
])('%s', (_, assertion, said) => {
  expect(assertionFault(assertion, WANTED, NOW)).toContain(said);
});
