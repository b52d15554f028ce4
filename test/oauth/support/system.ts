/** A hospital's software, with a key of its own. */
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { Client } from '../../../src/auth/clients.ts';

type Key = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

export interface Signer {
  jwks: { keys: never[] };
  /** In place of what is usual; `undefined` leaves a claim out. */
  sign(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  /** By which the client shows itself. */
  shows(client: string, issuer: string): Promise<Record<string, string>>;
}

export async function signer(kid = 'k', alg: 'ES384' | 'RS384' | 'ES256' = 'ES384'): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  const sign = signing(privateKey, { alg, kid });
  return {
    jwks: { keys: [jwk as never] },
    sign,
    async shows(client, issuer) {
      return {
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await sign({ iss: client, sub: client, aud: `${issuer}/token` }),
      };
    },
  };
}

function signing(key: Key, usual: { alg: string; kid: string }): Signer['sign'] {
  return (claims, header = {}) => {
    const now = Math.floor(Date.now() / 1000);
    const all = { iat: now, exp: now + 240, jti: randomUUID(), ...claims };
    return new SignJWT(all as never).setProtectedHeader({ ...usual, ...header }).sign(key);
  };
}

export function system(id: string, { jwks }: Pick<Signer, 'jwks'>, more: Partial<Client> = {}): Client {
  return {
    id,
    name: 'Dossier de l’hôpital',
    auth: 'private_key_jwt',
    redirectUris: [],
    jwks,
    scope: 'system/DocumentReference.cu',
    system: { organization: 'Organization/demo-hospital', rights: [], idPrefixes: [] },
    ...more,
  };
}
