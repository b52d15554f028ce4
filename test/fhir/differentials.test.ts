/** Other validators walk a differential once, from top to bottom: https://hl7.org/fhir/R4/profiling.html#snapshot */
import { readConformance } from '../../src/fhir/conformance/files.ts';
import type { StructureDefinition } from '../../src/fhir/conformance/structure.ts';
import { schema } from '../../src/fhir/definitions/index.ts';

const profiles = readConformance('StructureDefinition') as unknown as StructureDefinition[];
const byUrl = new Map(profiles.map((profile) => [profile.url, profile]));
const cases = profiles.map((profile) => [profile.url.split('/').at(-1)!, profile] as const);

const idsOf = ({ differential }: StructureDefinition): string[] => differential.element.map(({ id }) => id);
const isSlice = (id: string): boolean => id.slice(id.lastIndexOf('.')).includes(':');
/** `List`, `List.identifier:uniqueId`, `List.identifier:uniqueId.use` */
const way = (id: string): string[] => id.split('.').map((_, at, all) => all.slice(0, at + 1).join('.'));

it.each(cases)('%s names each slice before what is in it', (_, profile) => {
  const ids = idsOf(profile);
  const unnamed = ids.filter((id, at) =>
    way(id).some((each) => isSlice(each) && !ids.slice(0, at + 1).includes(each)),
  );
  expect(unnamed).toEqual([]);
});

it.each(cases)('%s names what is in an element together', (_, profile) => {
  const ids = idsOf(profile);
  const again = ids.filter((id, at) =>
    way(id).some(
      (each) =>
        !way(ids[at - 1] ?? each).includes(each) &&
        ids.slice(0, Math.max(0, at - 1)).some((before) => way(before).includes(each)),
    ),
  );
  expect(again).toEqual([]);
});

it.each(cases)('%s has the elements in the order of R4', (_, profile) => {
  const order = Object.keys(schema().definitions[profile.type]!.properties);
  const at = idsOf(profile).map((id) => order.indexOf(id.split(/[.:[]/)[1] ?? ''));
  expect(at).toEqual([...at].sort((a, b) => a - b));
});

it.each(cases)('%s has the slices of its bases first, in their order', (_, profile) => {
  const base = byUrl.get(profile.baseDefinition);
  const inherited = base === undefined ? [] : idsOf(base).filter(isSlice);
  const own = idsOf(profile).filter(isSlice);
  for (const of of new Set(own.map((id) => id.slice(0, id.lastIndexOf(':'))))) {
    const now = own.filter((id) => id.startsWith(`${of}:`));
    const known = inherited.filter((id) => now.includes(id));
    expect(now.slice(0, known.length)).toEqual(known);
  }
});
