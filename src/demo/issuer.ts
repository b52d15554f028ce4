/** The demo's own issuer of tokens. It exists only when DEMO is on, and its keys with it. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
} from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import jwt from 'jsonwebtoken';
import { KeySet } from '../auth/keys.ts';
import type { Issuer } from '../auth/token.ts';
import { ROLES, type Role } from '../consent/subject.ts';
import type { Caller } from './callers.ts';

export const DEMO_ISSUER = 'https://demo.carnet.example/';
const KID = 'demo';
const DAYS = 30;

export interface DemoIssuer {
  issuer: Issuer;
  tokenFor(caller: Caller): string;
}

/** @param keyPath where the issuer's private key is kept from start to start */
export function demoIssuer(keyPath: string, audience: string): DemoIssuer {
  const key = readOrMake(keyPath);
  const jwk = { ...createPublicKey(key).export({ format: 'jwk' }), kid: KID, use: 'sig' };
  const roles = new Set<Role>([...ROLES, 'all']);
  return {
    issuer: {
      issuer: DEMO_ISSUER,
      audience,
      algorithms: ['ES256'],
      keys: new KeySet(async () => [jwk]),
      roles,
      maxAge: DAYS * 86_400,
    },
    tokenFor: (caller) =>
      jwt.sign(
        {
          fhirUser: caller.reference,
          role: caller.role,
          scope: [caller.scope, ...caller.rights].join(' '),
          name: caller.name,
          client_id: caller.client,
          organizations: caller.organizations,
          profession: caller.profession,
          purpose_of_use: caller.purposes,
          id_prefixes: caller.idPrefixes,
          related: caller.related,
          patient: caller.patient,
          emergency:
            caller.emergency === undefined
              ? undefined
              : { ...caller.emergency, since: caller.emergency.since / 1000 },
          regulator: caller.regulator,
        },
        key,
        {
          algorithm: 'ES256',
          keyid: KID,
          issuer: DEMO_ISSUER,
          audience,
          subject: caller.reference,
          jwtid: randomUUID(),
          expiresIn: DAYS * 86_400,
        },
      ),
  };
}

function readOrMake(path: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return privateKey;
}
