/** Headers that tell a version, and the ones that ask for it. https://hl7.org/fhir/R4/http.html#versioning */
import type { Stored } from '../enforcement/ports.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Exchange } from './exchange.ts';

export function versionHeaders({ vid, at }: Stored): Record<string, string> {
  return { etag: `W/"${vid}"`, 'last-modified': new Date(at).toUTCString() };
}

export function locationOf(base: string, { type, id, vid }: Stored): string {
  return `${base}/${type}/${id}/_history/${vid}`;
}

/** @throws FhirError 412 when If-Match names another version, or when there is none */
export function checkIfMatch(exchange: Exchange, current: Stored | undefined): void {
  const wanted = exchange.header('if-match');
  if (wanted === undefined) return;
  const matched = current !== undefined && current.body.length > 0 && names(wanted, current.vid);
  if (!matched)
    throw new FhirError('conflict', '`If-Match` is not the current version: read it and try again');
}

/** https://hl7.org/fhir/R4/http.html#cread: If-None-Match goes before If-Modified-Since. */
export function isUnchanged(exchange: Exchange, stored: Stored): boolean {
  const match = exchange.header('if-none-match');
  if (match !== undefined) return names(match, stored.vid);
  const since = Date.parse(exchange.header('if-modified-since') ?? '');
  return Number.isFinite(since) && Math.floor(stored.at / 1000) * 1000 <= since;
}

function names(header: string, vid: string): boolean {
  if (header.trim() === '*') return true;
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '').replaceAll('"', '') === vid);
}
