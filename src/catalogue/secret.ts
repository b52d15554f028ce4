/** A generated secret: 256 bits, https://datatracker.ietf.org/doc/html/rfc6749#section-10.10 */
import { randomBytes } from 'node:crypto';

export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}
