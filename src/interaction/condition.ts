/**
 * The one visible resource that a condition means. Equal conditions at the same moment are serialised by a lock
 * that is read before the search and held against the store's in the commit.
 * https://hl7.org/fhir/R4/http.html#cond-update
 */
import { checkScope } from '../auth/scopes.ts';
import type { Lock, Stored } from '../enforcement/ports.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Filter, SearchQuery } from '../search/filter.ts';
import type { Context } from './context.ts';
import type { Exchange } from './exchange.ts';
import { parse } from './search.ts';
import { inTurn } from './write.ts';

/** Parameters that shape an answer and find nothing. */
const SHAPING =
  /^_(sort|count|total|summary|elements|include|revinclude|contained|containedType|format|pretty)\b/;

export type Criteria = string | readonly [string, string][];

export interface Match {
  found: Stored | undefined;
  lock: Lock;
}

/** Does it with what is found, again when others were first. */
export function onMatch<T>(
  context: Context,
  exchange: Exchange,
  type: string,
  condition: Criteria,
  work: (match: Match) => Promise<T>,
): Promise<T> {
  return inTurn(context, exchange, [thingOf(type, condition)], async () =>
    work(await findOne(context, exchange, type, condition)),
  );
}

/** What writes under equal conditions wait for. */
export function thingOf(type: string, condition: Criteria): string {
  return `${type}?${JSON.stringify(pairsOf(condition))}`;
}

function pairsOf(condition: Criteria): [string, string][] {
  return typeof condition === 'string'
    ? [...new URLSearchParams(condition.replace(/^\?/, ''))]
    : [...condition];
}

export async function findOne(
  context: Context,
  exchange: Exchange,
  type: string,
  condition: Criteria,
  /** Ids that don't count: a transaction deletes or replaces them. */
  gone: readonly string[] = [],
): Promise<Match> {
  checkScope(exchange.subject, type, 's');
  const { finding, asked } = criterion(context, exchange, type, condition);
  const key = JSON.stringify([type, finding.map((pair) => pair.join('=')).sort()]);
  const lock = await exchange.store.lock(key);
  const filter: Filter =
    gone.length === 0
      ? asked.filter
      : { op: 'and', of: [asked.filter, { op: 'not', of: { op: 'id', ids: [...gone] } }] };
  const { matches } = await exchange.store.matching({ ...asked, filter, count: 2, total: 'none' });
  if (matches.length > 1) throw severalMatch();
  return { found: matches[0], lock };
}

/** What a condition asks, without what only shapes an answer. */
export function criterion(
  context: Context,
  exchange: Exchange,
  type: string,
  condition: Criteria,
): { finding: [string, string][]; asked: SearchQuery } {
  const finding = pairsOf(condition).filter(([name]) => !SHAPING.test(name));
  if (finding.length === 0)
    throw new FhirError('required', 'a condition needs at least one search parameter');
  const asked = parse(context, { ...exchange, query: finding, prefer: { handling: 'strict' } }, [type]);
  return { finding, asked };
}

export const severalMatch = (): FhirError =>
  new FhirError('multiple-matches', 'the condition matches more than one resource: narrow it');
