/** Keys as a client's developer makes them. */
import { generateKeyPairSync } from 'node:crypto';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });

export const PRIVATE_KEY = { ...privateKey.export({ format: 'jwk' }), kid: '1' };
export const PUBLIC_KEY = { ...publicKey.export({ format: 'jwk' }), kid: '1' };

export const rsa = (modulusLength: number) =>
  generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' });
export const ec = (namedCurve: string) =>
  generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' });
