/** Resources of which only a part is there: https://hl7.org/fhir/R4/resource.html#simple-tags */
import type { Coding, Json } from './resource.ts';

export const SUBSETTED = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'SUBSETTED',
};

export const saysSubsetted = ({ system, code }: Coding): boolean =>
  system === SUBSETTED.system && code === SUBSETTED.code;

export function isSubsetted({ meta }: Json): boolean {
  const { tag } = (meta ?? {}) as { tag?: Coding[] };
  return tag?.some(saysSubsetted) === true;
}
