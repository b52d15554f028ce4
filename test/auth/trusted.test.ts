/** Issuers that stewards trust while the server runs, and what their tokens may not claim. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jwt from 'jsonwebtoken';
import { Tokens } from '../../src/auth/token.ts';
import { type Trusted, TrustedIssuers } from '../../src/auth/trusted.ts';

const ISSUER = 'https://psc.example/';
const AUDIENCE = 'https://carnet.example/fhir';
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const folder = mkdtempSync(join(tmpdir(), 'carnet-trusted-'));
const jwksUri = join(folder, 'jwks.json');
writeFileSync(jwksUri, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: '1' }] }));
afterAll(() => rmSync(folder, { recursive: true }));

const GP = {
  fhirUser: 'Practitioner/gp',
  role: 'professional',
  scope: 'user/*.rs',
  purpose_of_use: ['TREAT'],
};
const token = (claims: object = {}, expiresIn = 600): string =>
  jwt.sign({ ...GP, ...claims }, privateKey, {
    algorithm: 'ES256',
    keyid: '1',
    issuer: ISSUER,
    audience: AUDIENCE,
    expiresIn,
  });

function tokensWith(trusted: Partial<Trusted> | undefined, asked: string[] = []): Tokens {
  const found = trusted && { jwksUri, roles: ['professional' as const], emergencies: false, ...trusted };
  const issuers = new TrustedIssuers(async (name) => {
    asked.push(name);
    return name === ISSUER ? found : undefined;
  }, AUDIENCE);
  return new Tokens([], undefined, undefined, (name) => issuers.issuer(name));
}
const come = (tokens: Tokens, text: string): Promise<unknown> =>
  tokens.authenticate(`Bearer ${text}`).then(
    ({ reference }) => reference,
    ({ status }: { status: number }) => status,
  );

it('are believed within what they may claim', async () => {
  expect(await come(tokensWith({}), token())).toBe('Practitioner/gp');
});

it.each([
  ['nobody trusts it', undefined, {}],
  ['another role', {}, { role: 'patient', fhirUser: 'Patient/x' }],
  ['the role that may everything', {}, { role: 'all', fhirUser: 'Device/x' }],
  ['a purpose that it may not claim', {}, { purpose_of_use: ['ETREAT'] }],
  [
    'an organization that isn’t its own',
    { organizations: ['Organization/a'] },
    { organizations: ['Organization/b'] },
  ],
  ['a broken glass', {}, { emergency: { patient: 'Patient/x', reason: 'long enough', since: 1 } }],
  ['to be an emergency call centre', {}, { regulator: true }],
  [
    'to be an emergency call centre, with emergencies allowed',
    { emergencies: true, purposes: ['ETREAT'] },
    { regulator: true, purpose_of_use: ['ETREAT'] },
  ],
])('are refused: %s', async (_, trusted, claims) => {
  expect(await come(tokensWith(trusted), token(claims))).toBe(401);
});

it('may be let say that the glass was broken', async () => {
  const emergency = { patient: 'Patient/x', reason: 'long enough', since: 1 };
  const tokens = tokensWith({ emergencies: true, purposes: ['BTG'] });
  expect(await come(tokens, token({ emergency, purpose_of_use: ['BTG'] }))).toBe('Practitioner/gp');
});

it('don’t make tokens that live longer than an hour', async () => {
  const old = jwt.sign({ ...GP, iat: Math.floor(Date.now() / 1000) - 3_700 }, privateKey, {
    algorithm: 'ES256',
    keyid: '1',
    issuer: ISSUER,
    audience: AUDIENCE,
    expiresIn: 7200,
  });
  expect(await come(tokensWith({}), old)).toBe(401);
});

it('are asked for once in a while, also those that don’t exist', async () => {
  const asked: string[] = [];
  const tokens = tokensWith({}, asked);
  for (let index = 0; index < 5; index += 1) await come(tokens, token({ jti: String(index) }));
  const strange = jwt.sign(GP, privateKey, { algorithm: 'ES256', keyid: '1', issuer: 'https://x.example' });
  for (let index = 0; index < 3; index += 1) await come(tokens, strange);
  expect(asked).toEqual([ISSUER, 'https://x.example']);
});

it('what was once believed stands as long as the issuer may say it', async () => {
  const subject = await tokensWith({}).authenticate(`Bearer ${token()}`);
  const stands = (trusted: Partial<Trusted> | undefined) => tokensWith(trusted).stands(subject);
  expect(await stands({})).toBe(true);
  expect(await stands(undefined)).toBe(false);
  expect(await stands({ roles: ['system'] })).toBe(false);
  expect(await stands({ purposes: ['PATRQT'] })).toBe(false);
});
