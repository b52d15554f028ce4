/**
 * Of which sort what is given or written is: for its traces. Of a version that is remembered, which never becomes another,
 * so that no body is parsed for it each time.
 */
import { type Category, categoriesOf, saysCategory } from '../fhir/categories.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Stored } from './ports.ts';

type Said = Pick<Stored, 'type'> & Partial<Pick<Stored, 'vid' | 'body'>> & { resource?: Resource };

const REMEMBERED = 20_000;
const NONE: readonly Category[] = [];
const remembered = new Map<string, readonly Category[]>();

export const isSortKnown = ({ type, vid }: Said): boolean =>
  !saysCategory(type) || (vid !== undefined && remembered.has(vid));

export function sortsOf({ type, vid, body, resource }: Said): readonly Category[] {
  if (!saysCategory(type)) return NONE;
  if (resource !== undefined) return resource.resourceType === type ? categoriesOf(resource) : NONE;
  const known = vid === undefined ? undefined : remembered.get(vid);
  if (known !== undefined) return known;
  if (body === undefined || body.length === 0) return NONE;
  const said = JSON.parse(body.toString()) as Resource;
  // what is contained in it isn't it
  if (said.resourceType !== type) return NONE;
  const sorts = categoriesOf(said);
  if (vid !== undefined) remember(vid, sorts);
  return sorts;
}

function remember(vid: string, sorts: readonly Category[]): void {
  if (remembered.size >= REMEMBERED) remembered.delete(remembered.keys().next().value!);
  remembered.set(vid, sorts);
}
