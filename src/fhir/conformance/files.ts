/** The conformance resources that this server defines, a file each: https://hl7.org/fhir/R4/conformance-module.html */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROFILES } from '../definitions/read.ts';
import type { Resource } from '../resource.ts';

/** By the folder of profiles/ that its files lie in. */
export const FOLDERS = {
  StructureDefinition: 'structures',
  ValueSet: 'value-sets',
  CodeSystem: 'code-systems',
  ConceptMap: 'concept-maps',
  SearchParameter: 'search-parameters',
  OperationDefinition: 'operations',
} as const;

export type ConformanceType = keyof typeof FOLDERS;

export interface Conformance extends Resource {
  resourceType: ConformanceType;
  id: string;
  url: string;
  version: string;
  name: string;
}

/** In the order of their ids. */
export function readConformance<T extends Conformance>(type: ConformanceType): T[] {
  const folder = join(PROFILES, FOLDERS[type]);
  return readdirSync(folder)
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as T)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}
