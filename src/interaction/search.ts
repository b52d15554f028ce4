/** https://hl7.org/fhir/R4/http.html#search */
import { FhirError, outcome } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Filter, SearchQuery } from '../search/filter.ts';
import { parseSearch } from '../search/parse.ts';
import { bundleOf, type Link, outcomeEntry, searchEntry } from './bundle.ts';
import { compartmentFilter, compartmentTypes } from './compartment.ts';
import type { Context } from './context.ts';
import type { Answer, Exchange } from './exchange.ts';
import type { PageState } from './page-links.ts';
import { isWhole, shaped } from './summarized.ts';
import { turnedPage } from './turned-page.ts';

type Query = readonly (readonly [string, string])[];

/** @param also outcomes that its first page tells beside its own */
export const searchType = (
  context: Context,
  exchange: Exchange,
  also: readonly Resource[] = [],
): Promise<Answer> => search(context, exchange, [exchange.params.type!], undefined, also);

export function searchSystem(context: Context, exchange: Exchange): Promise<Answer> {
  return search(context, exchange, severalTypes(context, exchange.query));
}

/** `Patient/x/DocumentReference` and `Patient/x/*`: https://hl7.org/fhir/R4/compartmentdefinition.html */
export function searchCompartment(context: Context, exchange: Exchange): Promise<Answer> {
  const { compartment, type } = exchange.params;
  const of = compartment!;
  const members = compartmentTypes(of.type).filter((each) => context.types.has(each));
  if (type !== undefined && !members.includes(type)) {
    throw new FhirError('not-supported', `the compartment of \`${of.type}\` has no \`${type}\``, {
      status: 404,
    });
  }
  const types = type === undefined ? members.filter((each) => each !== 'AuditEvent') : [type];
  return search(context, exchange, types, compartmentFilter(of, types));
}

async function search(
  context: Context,
  exchange: Exchange,
  types: readonly string[],
  within?: Filter,
  also: readonly Resource[] = [],
): Promise<Answer> {
  const state = turnedPage(context, exchange, pathOf(exchange));
  const asked = parse(context, exchange, types, state);
  const query =
    within === undefined ? asked : { ...asked, filter: { op: 'and' as const, of: [within, asked.filter] } };
  const page = await exchange.store.search(query, state?.after);
  const whole = isWhole(query);
  const body = (bytes: Buffer): Buffer => (whole ? bytes : shaped(bytes, query));
  const included =
    query.includes.length + query.revincludes.length === 0
      ? []
      : await exchange.store.include(
          page.matches,
          { forward: query.includes, reverse: query.revincludes },
          context.bounds.maxIncluded,
        );
  const { base } = exchange;
  const entries = [
    ...page.matches.map((match) => searchEntry(base, match, body(match.body), 'match')),
    ...included.map((each) =>
      searchEntry(base, each, query.summary === 'false' ? each.body : body(each.body), 'include'),
    ),
    ...(query.ignored.length === 0 ? [] : [outcomeEntry(ignoredOutcome(query.ignored))]),
    ...also.map((each) => outcomeEntry(Buffer.from(JSON.stringify(each)))),
    ...((await isTold(context, exchange, query, state)) ? [outcomeEntry(WITHHELD)] : []),
  ];
  const links = linksOf(context, exchange, query, page.next, state);
  const { total, watermark } = page;
  return {
    status: 200,
    body: bundleOf({ type: 'searchset', total, lastUpdated: watermark, links }, entries),
  };
}

/** A search of the system; conditional references and conditions use it too. */
export function parse(
  context: Context,
  exchange: Pick<Exchange, 'base' | 'prefer' | 'query'>,
  types: readonly string[],
  state?: PageState,
): SearchQuery {
  const { bounds, terminology, types: enabledTypes } = context;
  return parseSearch(types, state?.query ?? (exchange.query as Query), {
    base: exchange.base,
    handling: state?.handling ?? exchange.prefer.handling,
    defaultCount: bounds.defaultCount,
    maxCount: bounds.maxCount,
    now: context.now(),
    enabledTypes,
    terminology,
  });
}

/** `_type` names them; else all that are served. AuditEvents are asked for alone: they are kept apart. */
function severalTypes(context: Context, query: Query): string[] {
  const listed = query.filter(([name]) => name === '_type').flatMap(([, value]) => value.split(','));
  if (listed.length === 1 && listed[0] === 'AuditEvent') return ['AuditEvent'];
  if (listed.includes('AuditEvent')) {
    throw new FhirError('not-supported', '`AuditEvent` is searched by itself: leave it out of `_type`');
  }
  return searchedTogether(context);
}

/** Reading traces leaves traces to be read: they are asked for alone. */
export function searchedTogether({ types }: Context): string[] {
  return [...types].filter((type) => type !== 'AuditEvent');
}

function linksOf(
  context: Context,
  exchange: Exchange,
  query: SearchQuery,
  next: unknown,
  state: PageState | undefined,
): Link[] {
  const address = `${exchange.base}/${pathOf(exchange)}`.replace(/\/$/, '');
  const self = new URLSearchParams(query.understood).toString();
  const links: Link[] = [{ relation: 'self', url: self === '' ? address : `${address}?${self}` }];
  if (next === undefined) return links;
  const token = context.links.seal(
    {
      query: state?.query ?? exchange.query,
      path: pathOf(exchange),
      handling: state?.handling ?? exchange.prefer.handling,
      after: next,
    },
    exchange.subject,
  );
  return [...links, { relation: 'next', url: `${address}?_page=${token}` }];
}

/** Where a GET finds the same search. */
function pathOf({ params }: Exchange): string {
  const { compartment, type } = params;
  return compartment === undefined ? (type ?? '') : `${compartment.type}/${compartment.id}/${type ?? '*'}`;
}

/** Once a search, where the deployment chose so, and where there are entries at all. */
async function isTold(
  { disclosure }: Context,
  { store }: Exchange,
  query: SearchQuery,
  state: PageState | undefined,
): Promise<boolean> {
  return disclosure === 'told' && state === undefined && query.count > 0 && store.withholds(query);
}

const WITHHELD = Buffer.from(
  JSON.stringify(
    outcome([
      {
        severity: 'information',
        code: 'suppressed',
        text: 'some of what there is of these types is withheld by the choice of the patient',
      },
    ]),
  ),
);

function ignoredOutcome(ignored: readonly string[]): Buffer {
  const issues = ignored.map((name) => ({
    severity: 'warning' as const,
    code: 'not-supported' as const,
    text: `parameter \`${name.slice(0, 60)}\` is unknown or has no value: it was left out`,
  }));
  return Buffer.from(JSON.stringify(outcome(issues)));
}
