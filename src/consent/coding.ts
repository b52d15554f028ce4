/** Codings as provisions carry them. https://hl7.org/fhir/R4/datatypes.html#Coding */
import type { Json } from '../fhir/resource.ts';

/** Undefined when one of them has no system or code, or there is none: a text can't be read. */
export function codingsOf(concept: unknown): { system: string; code: string }[] | undefined {
  const { coding } = (typeof concept === 'object' && concept !== null ? concept : {}) as Json;
  const read = (Array.isArray(coding) ? (coding as unknown[]) : []).map((item) => {
    const { system, code } = (typeof item === 'object' && item !== null ? item : {}) as Json;
    return typeof system === 'string' && typeof code === 'string' ? { system, code } : undefined;
  });
  return read.length > 0 && read.every((each) => each !== undefined) ? read : undefined;
}
