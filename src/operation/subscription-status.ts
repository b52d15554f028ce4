/**
 * `Subscription/x/$status` and `Subscription/$status?id=x&id=y`: how far they are.
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-status.html
 */
import { randomUUID } from 'node:crypto';
import type { Stored } from '../enforcement/ports.ts';
import { parseJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import { ID, type Resource } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { parse } from '../interaction/search.ts';
import { type State, statusFor } from '../subscription/notification.ts';
import { topicOf } from '../subscription/topics.ts';
import { parametersIn } from './parameters.ts';

const ALLOWED = ['id', 'status'];
const STATES = ['requested', 'active', 'error', 'off'];
/** As many as one subscriber may have. */
const MOST = 200;

export interface Found {
  state: State;
  resource: Resource;
}

export async function subscriptionStatus(context: Context, exchange: Exchange): Promise<Answer> {
  refuseParameters(exchange, ALLOWED);
  const { base, params } = exchange;
  const found =
    params.id === undefined
      ? await subscriptionsOf(context, exchange)
      : [await subscriptionOf(context, exchange)];
  const entries = found.map(({ state }) => {
    const id = randomUUID();
    return {
      fullUrl: `urn:uuid:${id}`,
      resource: { ...statusFor(base, state, 'query-status'), id },
      search: { mode: 'match' },
    };
  });
  return {
    status: 200,
    body: {
      resourceType: 'Bundle',
      type: 'searchset',
      total: entries.length,
      // empty arrays are not allowed in FHIR
      ...(entries.length === 0 ? {} : { entry: entries }),
    },
  };
}

/** Of a Subscription that the caller may read: it is theirs. @throws FhirError not-found */
export async function subscriptionOf(context: Context, { params, store }: Exchange): Promise<Found> {
  const stored = await store.read('Subscription', params.id!);
  if (stored === undefined || stored.method === 'DELETE') throw new FhirError('not-found', 'not found');
  return foundIn(context, stored);
}

/** Those of the caller's that were asked for, all unless ids or states are named; others aren't there. @throws FhirError */
export async function subscriptionsOf(context: Context, exchange: Exchange): Promise<Found[]> {
  const asked = parametersIn(exchange);
  const values = (name: string): string[] =>
    asked.filter(([each]) => each === name).flatMap(([, value]) => value.split(','));
  const [ids, states] = [values('id'), values('status')];
  if (ids.length > MOST || !ids.every((id) => ID.test(id)))
    throw new FhirError('value', `\`id\` is the id of a Subscription, at most ${MOST} times`);
  if (!states.every((state) => STATES.includes(state)))
    throw new FhirError('value', `\`status\` is one of ${STATES.join(', ')}`);
  const query: [string, string][] = [
    ['_count', String(MOST)],
    ...(ids.length === 0 ? [] : [['_id', ids.join()] as [string, string]]),
    ...(states.length === 0 ? [] : [['status', states.join()] as [string, string]]),
  ];
  const { matches } = await exchange.store.search(parse(context, { ...exchange, query }, ['Subscription']));
  return Promise.all(matches.map((each) => foundIn(context, each)));
}

async function foundIn(
  { subscriptions }: Context,
  { id, body }: Pick<Stored, 'id' | 'body'>,
): Promise<Found> {
  const resource = parseJson(body) as Resource;
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
export function refuseParameters(exchange: Exchange, allowed: readonly string[]): void {
  const other = parametersIn(exchange).find(([name]) => !allowed.includes(name))?.[0];
  if (other === undefined) return;
  const list = allowed.length === 0 ? 'none' : allowed.join(', ');
  throw new FhirError(
    'not-supported',
    `parameter \`${other.slice(0, 60)}\` is not supported; allowed: ${list}`,
  );
}
