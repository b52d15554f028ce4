/** Public keys that a client registers: https://datatracker.ietf.org/doc/html/rfc7517. Pure. */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { FhirError } from '../fhir/outcome.ts';
import { fieldsOf, listIn } from './reading.ts';

const MOST = 10;
/** https://datatracker.ietf.org/doc/html/rfc7518#section-6: of private and of shared keys. */
const SECRET = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const LEAST_BITS = 2048;

/**
 * @param signs assertions are signed with one of them, by RS384 or ES384
 * @throws FhirError 400
 */
export function keysIn(value: unknown, expression: string, signs: boolean): { keys: JsonWebKey[] } {
  const keys = listIn(fieldsOf(value, expression, ['keys']), 'keys', MOST);
  const each = keys.map((key) => publicKeyIn(key, expression));
  if (signs && !each.some(isSigner))
    throw refused('none of the keys can sign by RS384 (RSA) or ES384 (EC, P-384)', expression);
  return { keys: keys as JsonWebKey[] };
}

interface Read {
  key: KeyObject;
  jwk: Record<string, unknown>;
}

function publicKeyIn(value: unknown, expression: string): Read {
  const jwk = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  // what was sent here is no secret any more
  if (SECRET.some((name) => jwk[name] !== undefined))
    throw refused('a key has private parts: make another, and register its public part alone', expression);
  const key = parsed(jwk);
  if (key === undefined) throw refused('each key is a JSON Web Key of type EC or RSA', expression);
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < LEAST_BITS)
    throw refused(`an RSA key has at least ${LEAST_BITS} bits`, expression);
  return { key, jwk };
}

function parsed(jwk: Record<string, unknown>): KeyObject | undefined {
  if (jwk.kty !== 'EC' && jwk.kty !== 'RSA') return undefined;
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
  } catch {
    return undefined;
  }
}

function isSigner({ key, jwk: { alg, use, crv } }: Read): boolean {
  const right = key.asymmetricKeyType === 'rsa' ? 'RS384' : crv === 'P-384' ? 'ES384' : undefined;
  return right !== undefined && (alg === undefined || alg === right) && (use === undefined || use === 'sig');
}

const refused = (text: string, expression: string): FhirError =>
  new FhirError('value', `\`${expression}\`: ${text}`, { expression });
