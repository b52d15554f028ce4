/**
 * The codes of value sets: those of profiles/ by their own addresses and by those that they stand for, and R4's.
 * https://hl7.org/fhir/R4/valueset.html#expansion
 */
import { type Conformance, readConformance } from '../conformance/files.ts';
import { valueSet as coreValueSet, type ValueSet as Codes } from '../definitions/index.ts';
import { type Concept, conceptOf, knownSystem } from './concepts.ts';

export interface ValueSet extends Conformance {
  identifier?: { value: string }[];
  compose: { include: { system: string; concept?: { code: string }[] }[] };
}

let sets: ReadonlyMap<string, ValueSet> | undefined;
const codes = new Map<string, Codes | undefined>();

/** Of those that this server defines. */
export function ownValueSet(canonical: string): ValueSet | undefined {
  const [url = '', version] = canonical.split('|', 2);
  sets ??= new Map(
    readConformance<ValueSet>('ValueSet').flatMap((each) => [
      [each.url, each] as const,
      ...(each.identifier ?? []).map(({ value }) => [value, each] as const),
    ]),
  );
  const found = sets.get(url);
  return found?.url === url && version !== undefined && version !== found.version ? undefined : found;
}

/** By their systems; undefined when the set isn't known, or can't be listed. */
export function codesOf(canonical: string): Codes | undefined {
  const own = ownValueSet(canonical);
  if (own === undefined) return coreValueSet(canonical);
  if (!codes.has(own.url)) codes.set(own.url, listed(own));
  return codes.get(own.url);
}

export function expansionOf(canonical: string): Concept[] | undefined {
  const found = codesOf(canonical);
  if (found === undefined) return undefined;
  return [...found].flatMap(([system, each]) =>
    [...each].map((code) => conceptOf(system, code) ?? { system, code, designations: [] }),
  );
}

/** A whole system is listed when all its codes are known. */
function listed({ compose }: ValueSet): Codes | undefined {
  const found = new Map<string, Set<string>>();
  for (const { system, concept } of compose.include) {
    const known = concept?.map(({ code }) => code) ?? wholeOf(system);
    if (known === undefined) return undefined;
    found.set(system, new Set([...(found.get(system) ?? []), ...known]));
  }
  return found;
}

function wholeOf(system: string): string[] | undefined {
  const known = knownSystem(system);
  return known?.complete === true ? [...known.concepts.keys()] : undefined;
}
