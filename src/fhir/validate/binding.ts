/** Required bindings, as far as their value sets can be listed: https://hl7.org/fhir/R4/terminologies.html#required */
import type { ValueSet } from '../definitions/index.ts';
import type { Coding, Json } from '../resource.ts';
import { codesOf } from '../terminology/expansion.ts';
import { show } from './path.ts';

const MAX_LISTED = 40;

/** A code, Coding, CodeableConcept or Quantity that is not of the value set, told as text. */
export function bindingFault(value: unknown, url: string): string | undefined {
  const set = codesOf(url);
  if (set === undefined) return undefined;
  if (typeof value !== 'object' || value === null)
    return hasCode(set, value) ? undefined : `code ${show(value)}; allowed: ${list(set, url)}`;
  const concept = value as Json & { coding?: Coding[] };
  const codings = concept.coding ?? (concept.code === undefined ? [] : [concept as Coding]);
  if (
    codings.some(
      ({ system, code }) => system !== undefined && code !== undefined && set.get(system)?.has(code) === true,
    )
  )
    return undefined;
  if (codings.length === 0) {
    return concept.text === undefined ? undefined : `text without a code; allowed: ${list(set, url)}`;
  }
  const found = codings.map(({ system, code }) => show(`${system ?? ''}|${code ?? ''}`)).slice(0, 5);
  return `coding ${found.join(', ')}; allowed: ${list(set, url)}`;
}

function hasCode(set: ValueSet, code: unknown): boolean {
  for (const codes of set.values()) if (codes.has(code as string)) return true;
  return false;
}

function list(set: ValueSet, url: string): string {
  const codes = [...set.values()].flatMap((each) => [...each]);
  const of = set.size === 1 ? ` of ${[...set.keys()][0]}` : '';
  return codes.length > MAX_LISTED ? `the codes of ${url.split('|')[0]}` : `${codes.join(', ')}${of}`;
}
