/** What a link to a further page stands for. Each page is traced as the search that it goes on with, not by its link alone. */
import { FhirError } from '../fhir/outcome.ts';
import type { Context } from './context.ts';
import type { Exchange } from './exchange.ts';
import type { PageState } from './page-links.ts';

/** @param path below the base @returns undefined: it is the first page */
export function turnedPage(
  { links }: Context,
  { query, subject, store }: Exchange,
  path: string,
): PageState | undefined {
  const token = query.find(([name]) => name === '_page')?.[1];
  if (token === undefined) return undefined;
  if (query.length > 1) throw new FhirError('invalid', 'a page link takes no further parameters');
  const state = links.open(token, path, subject);
  store.notes.sent = [...state.query, ...query];
  return state;
}
