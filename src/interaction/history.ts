/** https://hl7.org/fhir/R4/http.html#history */
import type { HistoryScope } from '../enforcement/ports.ts';
import { dateRange } from '../fhir/dates.ts';
import { FhirError } from '../fhir/outcome.ts';
import { bundleOf, historyEntry, type Link } from './bundle.ts';
import type { Context } from './context.ts';
import type { Answer, Exchange } from './exchange.ts';
import { turnedPage } from './turned-page.ts';

const PARAMETERS = ['_since', '_at', '_count', '_page'];

export async function history(context: Context, exchange: Exchange): Promise<Answer> {
  const { type, id } = exchange.params;
  const path = [type, id, '_history'].filter((part) => part !== undefined).join('/');
  const state = turnedPage(context, exchange, path);
  const query = state?.query ?? exchange.query;
  const scope = scopeOf(query, context);
  const page = await exchange.store.history({ ...scope, type, id, after: state?.after });
  if (id !== undefined && !page.exists) throw new FhirError('not-found', 'not found');
  const self = new URLSearchParams(query).toString();
  const address = `${exchange.base}/${path}`;
  const links: Link[] = [{ relation: 'self', url: self === '' ? address : `${address}?${self}` }];
  if (page.next !== undefined) {
    const next = { query, path, handling: 'strict' as const, after: page.next };
    links.push({ relation: 'next', url: `${address}?_page=${context.links.seal(next, exchange.subject)}` });
  }
  const { total, watermark } = page;
  return {
    status: 200,
    body: bundleOf(
      { type: 'history', total, lastUpdated: watermark, links },
      page.matches.map((stored) => historyEntry(exchange.base, stored)),
    ),
  };
}

function scopeOf(query: readonly [string, string][], { bounds }: Context): HistoryScope {
  const scope: HistoryScope = { count: bounds.defaultCount };
  const seen = new Set<string>();
  for (const [name, value] of query) {
    if (seen.has(name)) throw new FhirError('invalid', `\`${name}\` is given more than once`);
    seen.add(name);
    if (name === '_count') {
      if (!/^\d+$/.test(value)) throw new FhirError('value', '`_count` is a number from 0');
      scope.count = Math.min(Number(value), bounds.maxCount);
    } else if (name === '_since') scope.since = range(name, value).lo;
    else if (name === '_at') scope.at = range(name, value);
    else if (name !== '_page') {
      throw new FhirError(
        'invalid',
        `unknown parameter \`${name.slice(0, 60)}\`: allowed are ${PARAMETERS.join(', ')}`,
      );
    }
  }
  return scope;
}

function range(name: string, value: string): { lo: number; hi: number } {
  const found = dateRange(value.replace(/ (?=\d{2}:\d{2}$)/, '+'));
  if (found === undefined) throw new FhirError('value', `\`${name}\` is a date or an instant`);
  return found;
}
