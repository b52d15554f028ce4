/**
 * Ready clients to try the demo with: an app without a secret, one with, and a hospital's system, which acts for its
 * professionals and opens apps for them.
 */
import { createPublicKey } from 'node:crypto';
import { type Client, type Clients, secretHash } from '../auth/clients.ts';
import { demoCallers } from './callers.ts';
import type { DemoSecrets } from './secrets.ts';

/** Nobody needs to listen there: whoever tries the demo by hand reads the code from the address. */
const REDIRECT = 'http://127.0.0.1:8400/callback';
const APP_SCOPE =
  'openid fhirUser profile launch launch/patient launch/encounter offline_access online_access patient/*.cruds user/*.cruds';

export function demoClients({ secret, jwk }: DemoSecrets): Client[] {
  const app = {
    name: 'Rythme',
    redirectUris: [REDIRECT],
    scope: APP_SCOPE,
    device: demoCallers.app.reference,
  };
  const { d: _private, ...publicJwk } = createPublicKey({ key: jwk, format: 'jwk' }).export({
    format: 'jwk',
  });
  const { reference, idPrefixes, name = '' } = demoCallers.hospital;
  return [
    { ...app, id: 'demo-public', auth: 'none' },
    { ...app, id: 'demo-confidential', auth: 'client_secret', secretHash: secretHash(secret) },
    {
      id: 'demo-backend',
      name,
      auth: 'private_key_jwt',
      jwks: { keys: [{ ...publicJwk, kid: String(jwk.kid), alg: 'ES384', use: 'sig' }] },
      redirectUris: [],
      scope: 'system/*.cruds',
      system: { organization: reference, rights: [], idPrefixes },
      persons: { scope: 'user/*.rs', asserts: true },
      launches: true,
    },
  ];
}

/** Those that are not as they should be are registered anew: the tokens of the others go on. */
export async function registerDemoClients(clients: Clients, wanted: readonly Client[]): Promise<void> {
  for (const client of wanted) {
    const found = await clients.find(client.id);
    if (JSON.stringify(found?.client) !== JSON.stringify(client)) await clients.register(client);
  }
}

/** As demo.json tells them. */
export function toldClients({ secret, jwk }: DemoSecrets) {
  return {
    public: { id: 'demo-public', redirect: REDIRECT },
    confidential: { id: 'demo-confidential', secret, redirect: REDIRECT },
    backend: { id: 'demo-backend', jwk },
  };
}
