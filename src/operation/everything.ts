/**
 * `Patient/x/$everything` and `Encounter/x/$everything`: all of the compartment that the caller may be given, and who
 * and what it refers to. https://hl7.org/fhir/R4/patient-operation-everything.html
 */
import { FhirError } from '../fhir/outcome.ts';
import { bundleOf, type Link, searchEntry } from '../interaction/bundle.ts';
import { compartmentFilter, compartmentTypes } from '../interaction/compartment.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { turnedPage } from '../interaction/turned-page.ts';
import { type Filter, type Include, all, everythingOf } from '../search/filter.ts';
import { careWithin } from './care-dates.ts';
import { type EverythingAsked, everythingAsked } from './everything-query.ts';
import { parametersIn } from './parameters.ts';

/** What is of no patient and comes along with what refers to it. */
export const ALONG = [
  'Practitioner',
  'PractitionerRole',
  'Organization',
  'Location',
  'HealthcareService',
  'Medication',
  'Device',
  'Substance',
];

export async function everything(context: Context, exchange: Exchange): Promise<Answer> {
  const { params, store, base, subject, prefer } = exchange;
  const of = { type: params.type!, id: params.id! };
  const path = `${of.type}/${of.id}/$everything`;
  const state = turnedPage(context, exchange, path);
  const pairs = state?.query ?? parametersIn(exchange);
  store.notes.sent ??= [...pairs];
  const asked = everythingAsked(pairs, of.type, typesOf(context, of.type), context.bounds);
  const known = await store.read(of.type, of.id);
  if (known === undefined || known.method === 'DELETE') throw new FhirError('not-found', 'not found');
  const { types } = asked;
  const query = {
    ...everythingOf(types, asked.count),
    total: 'accurate' as const,
    filter: all([compartmentFilter(of, types), ...filtersOf(asked)]),
    includes: includesOf(of.type, asked),
  };
  const page = types.length === 0 ? NOTHING : await store.search(query, state?.after);
  const includes = { forward: query.includes, reverse: [] };
  const along =
    page.matches.length === 0 || includes.forward.length === 0
      ? []
      : await store.include(page.matches, includes, context.bounds.maxIncluded);
  const links: Link[] = [{ relation: 'self', url: addressOf(`${base}/${path}`, pairs) }];
  if (page.next !== undefined) {
    const next = { query: [...pairs], path, handling: prefer.handling, after: page.next };
    links.push({ relation: 'next', url: `${base}/${path}?_page=${context.links.seal(next, subject)}` });
  }
  const { total, watermark } = page;
  return {
    status: 200,
    body: bundleOf({ type: 'searchset', total, lastUpdated: watermark, links }, [
      ...page.matches.map((match) => searchEntry(base, match, match.body, 'match')),
      ...along.map((each) => searchEntry(base, each, each.body, 'include')),
    ]),
  };
}

const NOTHING = { matches: [], total: 0, next: undefined, watermark: undefined };

/** Traces are asked for by themselves: reading them leaves more of them. */
function typesOf({ types }: Context, of: string): string[] {
  return compartmentTypes(of).filter((type) => types.has(type) && type !== 'AuditEvent');
}

function filtersOf({ types, from, until, since }: EverythingAsked): Filter[] {
  return [
    ...(from === undefined && until === undefined ? [] : [careWithin(types, { from, until })]),
    ...(since === undefined ? [] : [{ op: 'updated' as const, test: { gte: since } }]),
  ];
}

/** Whatever names them: an author, whose organization, the medication of a prescription. */
function includesOf(of: string, { isAsked }: EverythingAsked): Include[] {
  const targets = of === 'Encounter' ? ['Patient', ...ALONG] : ALONG;
  return targets
    .filter(isAsked)
    .map((target) => ({ type: '*', param: '*', target, iterate: target !== 'Patient' }));
}

function addressOf(address: string, pairs: readonly [string, string][]): string {
  return pairs.length === 0 ? address : `${address}?${new URLSearchParams([...pairs]).toString()}`;
}
