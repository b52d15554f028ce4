/** AES-256-GCM, as NIST SP 800-38D has it. A sealed value is: 12 bytes of nonce, 16 of tag, then the ciphertext. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { fewRandomBytes } from '../../fhir/random.ts';

const NONCE = 12;
const TAG = 16;

/** `about` is authenticated with the bytes: a sealed value moved elsewhere doesn't open. */
export function seal(key: Buffer, bytes: Buffer, about: string): Buffer {
  const sealed = Buffer.allocUnsafe(NONCE + TAG + bytes.length);
  fewRandomBytes(NONCE).copy(sealed);
  const cipher = createCipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE));
  cipher.setAAD(Buffer.from(about));
  cipher.update(bytes).copy(sealed, NONCE + TAG);
  cipher.final();
  cipher.getAuthTag().copy(sealed, NONCE);
  return sealed;
}

/** @throws Error when the bytes, the key or what they are about isn't what was sealed */
export function unseal(key: Buffer, sealed: Buffer, about: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE), { authTagLength: TAG });
  decipher.setAAD(Buffer.from(about));
  decipher.setAuthTag(sealed.subarray(NONCE, NONCE + TAG));
  const bytes = decipher.update(sealed.subarray(NONCE + TAG));
  decipher.final();
  return bytes;
}
