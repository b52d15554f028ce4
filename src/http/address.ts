/** The request target, taken apart before anything is decoded: https://hl7.org/fhir/R4/http.html#general */
import { FhirError } from '../fhir/outcome.ts';
import { MAX_URL_LENGTH, overlong } from './match.ts';

export interface Address {
  /** Below the base, as sent, without a slash in front; absent when it is not below the base. */
  path?: string;
  /** As sent. */
  query: string;
}

/** `basePath` is `/fhir`, without a slash at the end. */
export function splitAddress(url: string, basePath: string): Address {
  if (url.length > MAX_URL_LENGTH) throw overlong();
  if (!url.startsWith('/')) throw new FhirError('invalid', 'the address must be a path');
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? '' : url.slice(mark + 1);
  if (path === basePath) return { path: '', query };
  return path.startsWith(`${basePath}/`) ? { path: path.slice(basePath.length + 1), query } : { query };
}
