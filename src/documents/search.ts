/**
 * Searches by type, with what IHE and PDSm add for some types.
 * https://profiles.ihe.net/ITI/MHD/ITI-66.html and https://profiles.ihe.net/ITI/MHD/ITI-67.html
 */
import { keptAs } from '../consent/labelling.ts';
import type { Rules } from '../consent/rules.ts';
import { stringifyJson } from '../fhir/json.ts';
import { outcome } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import { bundleOf, outcomeEntry } from '../interaction/bundle.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { mayLookFor, nationalNumber } from '../interaction/finding.ts';
import { searchType } from '../interaction/search.ts';
import { searchPatients } from './patient-search.ts';

type Search = (context: Context, exchange: Exchange) => Promise<Answer>;

const OWN: Readonly<Record<string, Search>> = {
  Patient: searchPatients,
  DocumentReference: (context, exchange) => searchShared(context, exchange, ['status']),
  List: (context, exchange) => searchShared(context, exchange, ['code', 'status']),
};

export function search(context: Context, exchange: Exchange): Promise<Answer> {
  return (OWN[exchange.params.type!] ?? searchType)(context, exchange);
}

/** Parameters that only a flow of PDSm has: by them it is told from FHIR's own searches, which need nothing. */
const FLOW =
  /^((patient|subject)\.identifier|isArchived|period-start|period-end|creation|DesignationType|SourceId|authorOrg)(:|$)/;
const PATIENT = /^(patient|subject)(:Patient)?(\.identifier)?$/;
const BY_NUMBER = /^(patient|subject)(:Patient)?\.identifier$/;

/** @param required what PDSm wants of such a flow beside the patient */
async function searchShared(
  context: Context,
  exchange: Exchange,
  required: readonly string[],
): Promise<Answer> {
  const { query, subject, store } = exchange;
  const warnings = warning(missingOf(query, required));
  const named = query.map(([name, value]): [string, string] => [
    renamed(name),
    LABELS.test(name)
      ? value
          .split(',')
          .map((token) => labelAsKept(token, store.rules))
          .join(',')
      : value,
  ]);
  const at = named.findIndex(([name]) => BY_NUMBER.test(name));
  const number = at < 0 ? undefined : nationalNumber([['identifier', named[at]![1]]]);
  if (number === undefined || !mayLookFor(subject) || subject.role === 'all') {
    return searchType(context, { ...exchange, query: named }, warnings);
  }
  await context.finds.take(subject);
  const found = await store.whoIs([`identifier=${number}`]);
  if (found === undefined) {
    const body = bundleOf(
      { type: 'searchset', total: 0, links: [] },
      warnings.map((each) => outcomeEntry(Buffer.from(stringifyJson(each)))),
    );
    return { status: 200, body, paced: true };
  }
  named[at] = ['patient', `Patient/${found.id}`];
  return searchType(context, { ...exchange, query: named }, warnings);
}

/** PDSm writes `relatesTo`, R4 `relatesto`. */
const renamed = (name: string): string => name.replace(/^relatesTo(?=$|[:.])/, 'relatesto');

const LABELS = /^(security-label|_security)(:not)?$/;

/** Labels are found by each system under which they come. */
function labelAsKept(token: string, rules: Rules): string {
  const bar = token.lastIndexOf('|');
  if (bar < 0) return token;
  const system = keptAs({ system: token.slice(0, bar), code: token.slice(bar + 1) }, rules);
  return system === undefined ? token : `${system}${token.slice(bar)}`;
}

function missingOf(query: Exchange['query'], required: readonly string[]): string[] {
  if (!query.some(([name]) => FLOW.test(name))) return [];
  const has = (name: string): boolean => query.some(([each]) => each === name || each.startsWith(`${name}:`));
  return [
    ...(query.some(([name]) => PATIENT.test(name)) ? [] : ['patient']),
    ...required.filter((name) => !has(name)),
  ];
}

/** What is found is found all the same: https://interop.esante.gouv.fr/ig/fhir/pdsm/ */
function warning(missing: readonly string[]): Resource[] {
  if (missing.length === 0) return [];
  const text = `PDSm wants the parameter \`${missing.join('`, `')}\` too`;
  return [outcome([{ severity: 'warning', code: 'required', text }])];
}
