/** Codings as provisions carry them. https://hl7.org/fhir/R4/datatypes.html#Coding */
import type { Json } from '../fhir/resource.ts';

/** A coding of which both parts are told. */
export interface Told {
  system: string;
  code: string;
}

/** Undefined when it has no system or code, or the system `*`, which among labels stands for any. */
export function codingOf(value: unknown): Told | undefined {
  const { system, code } = (typeof value === 'object' && value !== null ? value : {}) as Json;
  const told = typeof system === 'string' && system !== '*' && typeof code === 'string';
  return told ? { system, code } : undefined;
}

/** Undefined when one of them can't be read, or there is none: nor can a text. */
export function codingsOf(concept: unknown): Told[] | undefined {
  const { coding } = (typeof concept === 'object' && concept !== null ? concept : {}) as Json;
  const read = (Array.isArray(coding) ? (coding as unknown[]) : []).map(codingOf);
  return read.length > 0 && read.every((each) => each !== undefined) ? read : undefined;
}
