/** Tokens that hold with one client certificate alone: https://datatracker.ietf.org/doc/html/rfc8705#section-3 */

/** SHA-256, base64url, of the certificate that a request came with; asked for where a token is bound. */
export type Presented = () => string | undefined;

/** @param boundTo absent: whoever has it bears it */
export function isBearer(boundTo: string | undefined, presented: Presented): boolean {
  return boundTo === undefined || presented() === boundTo;
}
