/** The profiles that are known here, by their own addresses and by those of the guides they stand for. */
import { isResourceType } from '../definitions/index.ts';
import { readConformance } from './files.ts';
import type { StructureDefinition } from './structure.ts';

const CORE = 'http://hl7.org/fhir/StructureDefinition/';

export interface Profiles {
  /** By canonical address, with or without a version; undefined when it isn't known. */
  find(canonical: string): StructureDefinition | undefined;
  /** The addresses of all profiles of a resource type, those of the guides first. */
  of(type: string): readonly string[];
}

export function profilesOf(definitions: readonly StructureDefinition[]): Profiles {
  const own = new Map(definitions.map((each) => [each.url, each]));
  const others = new Map(
    definitions.flatMap((each) => (each.identifier ?? []).map(({ value }) => [value, each])),
  );
  return {
    of: (type) =>
      [others, own].flatMap((known) =>
        [...known].filter(([, each]) => each.type === type).map(([canonical]) => canonical),
      ),
    find(canonical) {
      const [url = '', version] = canonical.split('|', 2);
      const found = own.get(url);
      if (found === undefined) return others.get(url);
      return version === undefined || version === found.version ? found : undefined;
    },
  };
}

let read: Profiles | undefined;
/** Those of profiles/. */
export const ownProfiles = (): Profiles =>
  (read ??= profilesOf(readConformance<StructureDefinition>('StructureDefinition')));

/** The resource type that R4's own definition of that address is of. */
export function coreType(canonical: string): string | undefined {
  const [url = '', version] = canonical.split('|', 2);
  if (!url.startsWith(CORE) || (version !== undefined && version !== '4.0.1')) return undefined;
  const type = url.slice(CORE.length);
  return isResourceType(type) ? type : undefined;
}
