/** https://datatracker.ietf.org/doc/html/rfc6749#section-5.2 */
import type { errors as Errors } from 'oidc-provider';

/** One whose text is told to the client, which has shown who it is; the library keeps its own to itself. */
export function invalidGrant(errors: typeof Errors, text: string): Error {
  return Object.assign(new errors.InvalidGrant(text), { error_description: text });
}
