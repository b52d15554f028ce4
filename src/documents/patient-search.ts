/** ITI-78 by an exact national identifier: https://profiles.ihe.net/ITI/PDQm/ITI-78.html */
import { stringifyJson } from '../fhir/json.ts';
import { type Link, bundleOf } from '../interaction/bundle.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { keepsRegister, mayLookFor, nationalNumber } from '../interaction/finding.ts';
import { parse, searchType } from '../interaction/search.ts';

/** Any other search of Patients is as it always is. */
export async function searchPatients(context: Context, exchange: Exchange): Promise<Answer> {
  const { subject, query, store, base } = exchange;
  const number = nationalNumber(query);
  if (number === undefined || !mayLookFor(subject) || keepsRegister(subject))
    return searchType(context, exchange);
  await context.finds.take(subject);
  const found = await store.whoIs([`identifier=${number}`]);
  const links: Link[] = [
    { relation: 'self', url: `${base}/Patient?${new URLSearchParams(query).toString()}` },
  ];
  if (found === undefined) {
    return { status: 200, body: bundleOf({ type: 'searchset', total: 0, links }, []), paced: true };
  }
  // what the patient lets the caller read of themself is given whole
  const whole = parse(context, { ...exchange, query: [['_id', found.id!]] }, ['Patient']);
  const [match] = (await store.search(whole)).matches;
  const body = match?.body ?? Buffer.from(stringifyJson(found));
  const entry = [
    `{"fullUrl":${JSON.stringify(`${base}/Patient/${found.id}`)},"resource":`,
    body,
    ',"search":{"mode":"match"}}',
  ];
  return { status: 200, body: bundleOf({ type: 'searchset', total: 1, links }, [entry]) };
}
