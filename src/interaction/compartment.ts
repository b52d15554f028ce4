/** Which resources a compartment holds: https://hl7.org/fhir/R4/compartmentdefinition.html */
import { compartments } from '../search/compartments.ts';
import type { Filter } from '../search/filter.ts';

/** The types that a compartment may hold. */
export function compartmentTypes(compartment: string): string[] {
  const members = Object.keys(compartments()[compartment] ?? {});
  return members.includes(compartment) ? members : [compartment, ...members];
}

export function compartmentFilter(of: { type: string; id: string }, types: readonly string[]): Filter {
  const target = `${of.type}/${of.id}`;
  const ways = types.map((type): Filter => {
    const params = compartments()[of.type]?.[type] ?? [];
    const refers: Filter[] = params
      .filter((param) => param !== '{def}')
      .map((param) => ({ op: 'reference', param, targets: [target] }));
    const among: Filter[] = type === of.type ? [...refers, { op: 'id', ids: [of.id] }] : refers;
    const held: Filter = among.length === 1 ? among[0]! : { op: 'or', of: among };
    return types.length === 1 ? held : { op: 'and', of: [{ op: 'type', type }, held] };
  });
  return ways.length === 1 ? ways[0]! : { op: 'or', of: ways };
}
