/** https://hl7.org/fhir/R4/conceptmap.html */
import { type Conformance, readConformance } from '../conformance/files.ts';
import type { Coding } from '../resource.ts';
import { conceptOf } from './concepts.ts';

export interface ConceptMap extends Conformance {
  identifier?: { value: string };
  sourceCanonical?: string;
  targetCanonical?: string;
  group: {
    source: string;
    target: string;
    element: { code: string; target: { code: string; equivalence: string }[] }[];
  }[];
}

export interface Match {
  equivalence: string;
  concept: Coding;
  /** Canonical address of the map. */
  source: string;
}

let maps: readonly ConceptMap[] | undefined;
const all = (): readonly ConceptMap[] => (maps ??= readConformance<ConceptMap>('ConceptMap'));

/** By its own address or the one that it stands for. */
export function conceptMap(canonical: string): ConceptMap | undefined {
  const [url = '', version] = canonical.split('|', 2);
  return all().find(
    (each) =>
      (each.url === url && (version === undefined || version === each.version)) ||
      each.identifier?.value === url,
  );
}

/** By one map, or by all that there are; to one system, or to any. */
export function translate(codings: readonly Coding[], map?: ConceptMap, targetSystem?: string): Match[] {
  return (map === undefined ? all() : [map]).flatMap(({ url, group }) =>
    group
      .filter(({ target }) => targetSystem === undefined || target === targetSystem)
      .flatMap(({ source, target, element }) =>
        element
          .filter(({ code }) => codings.some((each) => each.system === source && each.code === code))
          .flatMap((found) =>
            found.target.map(({ code, equivalence }) => {
              const display = conceptOf(target, code)?.display;
              const concept = { system: target, code, ...(display === undefined ? {} : { display }) };
              return { equivalence, concept, source: url };
            }),
          ),
      ),
  );
}
