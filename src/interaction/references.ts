/** References that are a search, in a transaction: https://hl7.org/fhir/R4/http.html#trules */
import type { PlannedEntry } from '../fhir/bundle.ts';
import { conditionalReferences } from '../fhir/links.ts';
import { FhirError } from '../fhir/outcome.ts';
import { indexResource } from '../search/index.ts';
import { matches } from '../search/match.ts';
import { mayLookFor, nationalNumber } from './finding.ts';
import { criterion, findOne, severalMatch } from './condition.ts';
import type { Context } from './context.ts';
import { blaming } from './entry-fault.ts';
import type { Exchange } from './exchange.ts';

/**
 * Exactly one match, or the transaction fails. What it writes counts as it will be, what it deletes doesn't.
 * @param writes those of `entries` that change something
 */
export async function resolveReferences(
  context: Context,
  exchange: Exchange,
  entries: readonly PlannedEntry[],
  writes: readonly PlannedEntry[],
): Promise<void> {
  const known = new Map<string, string>();
  for (const entry of entries) {
    const { resource, index } = entry;
    if (resource === undefined) continue;
    for (const { query, set } of conditionalReferences(resource)) {
      const reference =
        known.get(query) ?? (await referenceTo(context, exchange, query, writes).catch(blaming(entry)));
      if (reference === undefined) {
        throw new FhirError('business-rule', `the reference \`${query.slice(0, 200)}\` matches nothing`, {
          expression: `Bundle.entry[${index}].resource`,
        });
      }
      known.set(query, reference);
      set(reference);
    }
  }
}

/** What entries of this method change, among the resources of a type. */
export function idsOf(
  entries: readonly PlannedEntry[],
  type: string,
  method: PlannedEntry['method'],
): string[] {
  return entries.flatMap((entry) =>
    entry.type === type && entry.method === method && entry.id !== undefined ? [entry.id] : [],
  );
}

/** `Type/id` of the one match, if there is one. @param writes what the transaction changes */
export async function referenceTo(
  context: Context,
  exchange: Exchange,
  query: string,
  writes: readonly PlannedEntry[],
): Promise<string | undefined> {
  const mark = query.indexOf('?');
  const type = query.slice(0, mark);
  if (!context.types.has(type)) throw new FhirError('not-supported', `type \`${type}\` is not served`);
  const condition = query.slice(mark + 1);
  const written = matchesAmong(context, exchange, writes, type, condition);
  const gone = [...idsOf(writes, type, 'DELETE'), ...idsOf(writes, type, 'PUT')];
  const stored = await storedMatch(context, exchange, type, condition, gone);
  const ids = stored === undefined ? written : [...written, stored];
  if (ids.length > 1) throw severalMatch();
  return ids.length === 0 ? undefined : `${type}/${ids[0]}`;
}

/** The ids of what the transaction makes or replaces and the condition means. */
function matchesAmong(
  context: Context,
  exchange: Exchange,
  writes: readonly PlannedEntry[],
  type: string,
  condition: string,
): string[] {
  const made = writes.filter(
    (entry) => entry.type === type && (entry.method === 'POST' || entry.method === 'PUT'),
  );
  if (made.length === 0) return [];
  const { filter } = criterion(context, exchange, type, condition).asked;
  return made.flatMap(({ id, resource }) => {
    if (id === undefined || resource === undefined) return [];
    const found = indexResource(resource, exchange.base);
    return matches(filter, { ...found, type, id, at: context.now(), resource }, untold) ? [id] : [];
  });
}

function untold(): never {
  throw new FhirError(
    'not-supported',
    'a reference by search to a type that the transaction writes takes no chain, `_has` or `_list`',
  );
}

async function storedMatch(
  context: Context,
  exchange: Exchange,
  type: string,
  condition: string,
  gone: readonly string[],
): Promise<string | undefined> {
  const number = type === 'Patient' ? nationalNumber([...new URLSearchParams(condition)]) : undefined;
  if (number !== undefined && mayLookFor(exchange.subject)) {
    await context.finds.take(exchange.subject);
    const id = (await exchange.store.whoIs([`identifier=${number}`]))?.id;
    return id === undefined || gone.includes(id) ? undefined : id;
  }
  return (await findOne(context, exchange, type, condition, gone)).found?.id;
}
