/**
 * TLS certificates that a trusted authority issued to whom they name: https://datatracker.ietf.org/doc/html/rfc8705#section-2.1
 * Pure.
 */
import type { X509Certificate } from 'node:crypto';

/**
 * The one name by which a client is registered. `subjectDn`: `CN=dossier,O=Centre hospitalier,C=FR`, as RFC 4514 writes it;
 * `sanDns`: a host's, without a wildcard.
 */
export type CertificateName = { subjectDn: string } | { sanDns: string };

/** https://datatracker.ietf.org/doc/html/rfc5280#section-4.2.1.12 */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const HOST = /^(?=.{4,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$/;
/** A relative distinguished name of one value. */
const PART = String.raw`[A-Za-z][A-Za-z0-9.]*=(?:\\.|[^\\,+"<>;\n])+`;
const WHOLE = new RegExp(`^${PART}(?:, *${PART})*$`);
const EACH = new RegExp(PART, 'g');
const LONGEST = 1000;

/** The name could be that of a certificate. */
export function isCertificateName(name: CertificateName): boolean {
  if ('sanDns' in name) return HOST.test(name.sanDns);
  return name.subjectDn.length <= LONGEST && partsOf(name.subjectDn) !== undefined;
}

/**
 * By one of these itself, for clients, in force at both ends. INVARIANT: of no authority there is nobody.
 * Lists of what was revoked are the proxy's to read. @param now milliseconds
 */
export function isIssuedBy(
  certificate: X509Certificate,
  authorities: readonly X509Certificate[],
  now: number,
): boolean {
  // of usages that are said, one must be this; an authority's own is no client's
  const uses = certificate.keyUsage as string[] | undefined;
  if (certificate.ca || (uses !== undefined && !uses.includes(CLIENT_AUTH))) return false;
  if (!isInForce(certificate, now)) return false;
  return authorities.some(
    (each) =>
      each.ca && isInForce(each, now) && certificate.checkIssued(each) && certificate.verify(each.publicKey),
  );
}

export function isInForce({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && now < Date.parse(validTo);
}

/** Exactly: values as they are spelled, in their order; the common name is no host's. */
export function isNamed(certificate: X509Certificate, name: CertificateName): boolean {
  if (!isCertificateName(name)) return false;
  if ('sanDns' in name)
    return certificate.checkHost(name.sanDns, { subject: 'never', wildcards: false }) !== undefined;
  // each part on a line, escaped as RFC 2253 has it, the first of the certificate first
  const carried = certificate.subject?.split('\n').toReversed();
  return carried !== undefined && carried.join('\n') === partsOf(name.subjectDn)?.join('\n');
}

/** Undefined: it is none that is understood. */
function partsOf(subjectDn: string): string[] | undefined {
  return WHOLE.test(subjectDn) ? (subjectDn.match(EACH) ?? undefined) : undefined;
}
