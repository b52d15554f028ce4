/** The class of a document by its type, as the country's rules have it. Pure. */
import { items } from '../fhir/items.ts';
import type { Rules } from '../consent/rules.ts';
import type { Coding, Json } from '../fhir/resource.ts';

/** As `category`; undefined for a type that the rules don't know. */
export function classOf(type: unknown, { matrix }: Rules): Json[] | undefined {
  const names = (items((type as Json | undefined)?.coding) as Coding[]).map(
    ({ system, code }) => `${system}|${code}`,
  );
  const [found] =
    Object.entries(matrix?.classes ?? {}).find(([, types]) => types.some((each) => names.includes(each))) ??
    [];
  if (found === undefined) return undefined;
  const bar = found.lastIndexOf('|');
  return [{ coding: [{ system: found.slice(0, bar), code: found.slice(bar + 1) }] }];
}
