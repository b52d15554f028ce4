/**
 * `Subscription/x/$status`: how far it is.
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-status.html
 */
import { parseJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { type State, statusFor } from '../subscription/notification.ts';
import { topicOf } from '../subscription/topics.ts';

export async function subscriptionStatus(context: Context, exchange: Exchange): Promise<Answer> {
  refuseParameters(exchange, []);
  const { state } = await subscriptionOf(context, exchange);
  const { base } = exchange;
  const entry = [
    { fullUrl: `${base}/Subscription/${state.id}/$status`, resource: statusFor(base, state, 'query-status') },
  ];
  return {
    status: 200,
    body: { resourceType: 'Bundle', type: 'searchset', total: 1, entry: entry.map(asMatch) },
  };
}

const asMatch = (entry: object) => ({ ...entry, search: { mode: 'match' } });

/** Of a Subscription that the caller may read: it is theirs. @throws FhirError not-found */
export async function subscriptionOf(
  { subscriptions }: Context,
  { params, store }: Exchange,
): Promise<{ state: State; resource: Resource }> {
  const id = params.id!;
  const stored = await store.read('Subscription', id);
  if (stored === undefined || stored.method === 'DELETE') throw new FhirError('not-found', 'not found');
  const resource = parseJson(stored.body) as Resource;
  const { events = 0, fault } = (await subscriptions.state(id)) ?? {};
  const topic = topicOf(String(resource.criteria))?.url;
  const state = {
    id,
    status: String(resource.status),
    events,
    ...(topic === undefined ? {} : { topic }),
    ...(fault === undefined ? {} : { error: fault }),
  };
  return { state, resource };
}

/** @throws FhirError */
export function refuseParameters({ query }: Exchange, allowed: readonly string[]): void {
  const other = query.find(([name]) => !allowed.includes(name))?.[0];
  if (other === undefined) return;
  const list = allowed.length === 0 ? 'none' : allowed.join(', ');
  throw new FhirError(
    'not-supported',
    `parameter \`${other.slice(0, 60)}\` is not supported; allowed: ${list}`,
  );
}
