/** What Lists hold: https://hl7.org/fhir/R4/search.html#list */
import type { Access } from '../../enforcement/access.ts';
import type { Resource } from '../../fhir/resource.ts';
import { everythingOf, type SearchQuery } from '../../search/filter.ts';
import { codesOf } from '../../search/lists.ts';
import { parseLocal } from '../../search/local.ts';
import type { Search } from './search.ts';

/** Lists among which the current ones are looked for. */
const MOST = 1000;

/** `Type/id` of what a List holds and hasn't taken off. */
export function itemsOf(body: Buffer, base: string): string[] {
  if (body.length === 0) return [];
  const { entry } = JSON.parse(body.toString()) as Resource;
  return (Array.isArray(entry) ? (entry as { item?: { reference?: string }; deleted?: boolean }[]) : [])
    .filter(({ deleted }) => deleted !== true)
    .map(({ item }) => parseLocal(item?.reference ?? '', base)?.key)
    .filter((key) => key !== undefined);
}

/** Of each patient, what is on the newest List of the kind that is kept up to date and that the caller may see. */
export async function currentItems(
  search: Search,
  access: Access,
  list: string,
  patients: readonly string[],
  base: string,
): Promise<string[]> {
  const { matches } = await search.run(access, currentLists(list, patients), undefined);
  const working = matches.filter(({ body }) => (JSON.parse(body.toString()) as Resource).mode === 'working');
  return patients.flatMap((patient) => {
    const newest = working.find((each) => each.patients.includes(patient));
    return newest === undefined ? [] : itemsOf(newest.body, base);
  });
}

function currentLists(list: string, patients: readonly string[]): SearchQuery {
  return {
    ...everythingOf(['List'], MOST),
    filter: {
      op: 'and',
      of: [
        { op: 'reference', param: 'patient', targets: patients.map((patient) => `Patient/${patient}`) },
        { op: 'term', terms: codesOf(list).map((code) => `code=${code}`) },
        { op: 'term', terms: ['status=current'] },
      ],
    },
    sort: [
      { param: 'date', kind: 'range', descending: true },
      { param: '_lastUpdated', kind: 'updated', descending: true },
    ],
  };
}
