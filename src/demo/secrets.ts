/** What the demo's people and clients log in with: made at the first start, kept in a file, told in demo.json. */
import { generateKeyPairSync, type JsonWebKey, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface DemoSecrets {
  /** Of all people of the demo. */
  password: string;
  /** Of the confidential client. */
  secret: string;
  /** Private key of the backend client, ES384. */
  jwk: JsonWebKey;
}

export function demoSecrets(path: string): DemoSecrets {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as DemoSecrets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const made: DemoSecrets = {
    password: randomBytes(9).toString('base64url'),
    secret: randomBytes(32).toString('base64url'),
    jwk: { ...privateKey.export({ format: 'jwk' }), kid: 'demo-backend', alg: 'ES384', use: 'sig' },
  };
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, JSON.stringify(made, null, 2), { mode: 0o600 });
  return made;
}
