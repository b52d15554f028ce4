/** Lists that XDS calls submission sets and folders: https://profiles.ihe.net/ITI/MHD/CodeSystem-MHDlistTypes.html */
import { items } from './items.ts';
import type { Coding, Json, Resource } from './resource.ts';

export const LIST_TYPES = 'https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes';

/** IHE's addresses come with `http` too, as its profiles do. */
const NAMES: readonly unknown[] = [LIST_TYPES, LIST_TYPES.replace('https:', 'http:')];

/** `submissionset`, `folder`, or neither. */
export function listType({ resourceType, code }: Resource): string | undefined {
  if (resourceType !== 'List') return undefined;
  const codings = items((code as Json | undefined)?.coding) as Coding[];
  return codings.find(({ system }) => NAMES.includes(system))?.code;
}
