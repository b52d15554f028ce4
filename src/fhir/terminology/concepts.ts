/**
 * What is known of codes: from the CodeSystems of profiles/, and of R4's own those that its value sets list.
 * https://hl7.org/fhir/R4/codesystem.html
 */
import { codeSystem, type Hierarchy, valueSetUrls, valueSet } from '../definitions/index.ts';
import { readTable } from '../definitions/read.ts';
import { type Conformance, readConformance } from '../conformance/files.ts';

export interface Designation {
  language: string;
  value: string;
}

export interface Concept {
  system: string;
  code: string;
  display?: string;
  designations: readonly Designation[];
}

export interface CodeSystem extends Conformance {
  content: 'complete' | 'fragment' | 'supplement';
  /** Of the displays. */
  language?: string;
  supplements?: string;
  identifier?: { value: string }[];
  concept: { code: string; display?: string; designation?: Designation[] }[];
}

interface Known {
  concepts: ReadonlyMap<string, Concept>;
  /** No code is missing. */
  complete: boolean;
  resource?: CodeSystem;
}

let own: ReadonlyMap<string, Known> | undefined;
let core: ReadonlyMap<string, Known> | undefined;

/** By the address of the system, or its OID as `urn:oid:`; undefined when it isn't known here. */
export function knownSystem(url: string): Known | undefined {
  const [system = ''] = url.split('|', 1);
  const known = (own ??= readOwn()).get(system) ?? (core ??= readCore()).get(system);
  if (known !== undefined || !system.startsWith('urn:oid:')) return known;
  return [...own.values()].find(({ resource }) =>
    resource?.identifier?.some(({ value }) => value === system),
  );
}

export const conceptOf = (system: string, code: string): Concept | undefined =>
  knownSystem(system)?.concepts.get(code);

/** Each code with its parents; those of a flat system have none. */
export function hierarchyOf(system: string): Hierarchy | undefined {
  const known = codeSystem(system);
  if (known !== undefined) return known;
  const found = (own ??= readOwn()).get(system);
  if (found === undefined || found.resource?.content === 'supplement') return undefined;
  return new Map([...found.concepts.keys()].map((code) => [code, []]));
}

function readOwn(): Map<string, Known> {
  return new Map(
    readConformance<CodeSystem>('CodeSystem').map((resource) => {
      const system = resource.supplements ?? resource.url;
      const concepts = resource.concept.map(({ code, display, designation = [] }): [string, Concept] => {
        const given = display === undefined ? [] : [{ language: resource.language ?? 'en', value: display }];
        return [code, { system, code, display, designations: [...given, ...designation] }];
      });
      return [system, { concepts: new Map(concepts), complete: resource.content === 'complete', resource }];
    }),
  );
}

function readCore(): Map<string, Known> {
  const displays = new Map(
    Object.entries(readTable<Record<string, Record<string, string>>>('displays.json')).map(
      ([system, codes]) => [system, new Map(Object.entries(codes))],
    ),
  );
  const systems = new Map<string, Map<string, Concept>>();
  for (const url of valueSetUrls()) {
    for (const [system, codes] of valueSet(url) ?? []) {
      let concepts = systems.get(system);
      if (concepts === undefined) systems.set(system, (concepts = new Map()));
      for (const code of codes) {
        const display = displays.get(system)?.get(code);
        const designations = display === undefined ? [] : [{ language: 'en', value: display }];
        concepts.set(code, { system, code, display, designations });
      }
    }
  }
  return new Map([...systems].map(([system, concepts]) => [system, { concepts, complete: false }]));
}

/** In the first of the languages that it has a name in, such as `fr-FR`, `en;q=0.5`; else as its system calls it. */
export function displayOf(
  { display, designations }: Concept,
  languages: readonly string[],
): string | undefined {
  for (const language of languages) {
    const [base = ''] = language.toLowerCase().split('-', 1);
    const found = designations.find((each) => each.language.toLowerCase().split('-', 1)[0] === base);
    if (found !== undefined) return found.value;
  }
  return display;
}
