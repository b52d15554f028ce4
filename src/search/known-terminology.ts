/** The code systems and value sets that are known here, as searches ask for them. */
import type { Hierarchy } from '../fhir/definitions/index.ts';
import type { Coding } from '../fhir/resource.ts';
import { hierarchyOf } from '../fhir/terminology/concepts.ts';
import { codesOf } from '../fhir/terminology/expansion.ts';
import type { Terminology } from './terminology.ts';

const inverted = new WeakMap<Hierarchy, ReadonlyMap<string, readonly string[]>>();

export const terminology: Terminology = {
  below: (system, code) => reach(system, code, childrenOf),
  above: (system, code) => reach(system, code, (hierarchy) => hierarchy),
  valueSet(url) {
    const codes = codesOf(url);
    if (codes === undefined) return undefined;
    return [...codes].flatMap(([system, each]) => [...each].map((code): Coding => ({ system, code })));
  },
};

function reach(
  system: string,
  code: string,
  direction: (hierarchy: Hierarchy) => ReadonlyMap<string, readonly string[]>,
): Coding[] | undefined {
  const hierarchy = hierarchyOf(system);
  if (hierarchy === undefined) return undefined;
  const next = direction(hierarchy);
  const found = new Set([code]);
  for (const each of found) for (const further of next.get(each) ?? []) found.add(further);
  return [...found].map((each) => ({ system, code: each }));
}

function childrenOf(hierarchy: Hierarchy): ReadonlyMap<string, readonly string[]> {
  let children = inverted.get(hierarchy);
  if (children === undefined) {
    const made = new Map<string, string[]>();
    for (const [code, parents] of hierarchy) {
      for (const parent of parents) made.set(parent, [...(made.get(parent) ?? []), code]);
    }
    inverted.set(hierarchy, (children = made));
  }
  return children;
}
