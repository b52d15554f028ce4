/**
 * `Subscription/x/$get-ws-binding-token` and `Subscription/$get-ws-binding-token?id=x&id=y`: binds one websocket
 * connection, once, within a minute.
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-get-ws-binding-token.html
 */
import { reachesAll } from '../consent/token-reach.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { parametersIn } from './parameters.ts';
import { type Found, refuseParameters, subscriptionOf, subscriptionsOf } from './subscription-status.ts';

const LASTS = 60_000;

export async function bindingToken(context: Context, exchange: Exchange): Promise<Answer> {
  refuseParameters(exchange, ['id']);
  const ids = (await meant(context, exchange)).map(({ state: { id } }) => id);
  await requireReach(context, exchange, ids);
  const until = context.now() + LASTS;
  return {
    status: 200,
    body: {
      resourceType: 'Parameters',
      parameter: [
        { name: 'token', valueString: await context.subscriptions.token(ids, until) },
        { name: 'expiration', valueDateTime: new Date(until).toISOString() },
        ...ids.map((id) => ({ name: 'subscription', valueString: `${exchange.base}/Subscription/${id}` })),
        { name: 'websocket-url', valueUrl: context.websocket },
      ],
    },
  };
}

/** What is told by it is told by the rights of the token that wrote it. @throws FhirError 403 when this one has less */
async function requireReach(
  { subscriptions }: Context,
  { subject }: Exchange,
  ids: readonly string[],
): Promise<void> {
  for (const rights of await Promise.all(ids.map((id) => subscriptions.rights(id))))
    if (rights === undefined || !reachesAll(subject, rights))
      throw new FhirError('forbidden', 'the token reaches less than the one that wrote the Subscription');
}

/** Each must be the caller's and fit; without ids those of the caller's that do. @throws FhirError */
async function meant(context: Context, exchange: Exchange): Promise<Found[]> {
  const { params } = exchange;
  if (params.id !== undefined) return [fitting(await subscriptionOf(context, exchange))];
  const ids = new Set(parametersIn(exchange).flatMap(([, value]) => value.split(',')));
  const found = await subscriptionsOf(context, exchange);
  // hidden and absent are one
  if (found.length < ids.size) throw new FhirError('not-found', 'not found');
  if (ids.size > 0) return found.map(fitting);
  const able = found.filter((each) => unfit(each) === undefined);
  if (able.length === 0) throw new FhirError('business-rule', 'no Subscription is active by websocket');
  return able;
}

function fitting(found: Found): Found {
  const why = unfit(found);
  if (why !== undefined) throw new FhirError('business-rule', why);
  return found;
}

function unfit({ state, resource }: Found): string | undefined {
  if ((resource.channel as Json).type !== 'websocket')
    return 'the channel of the Subscription is no websocket';
  return state.status === 'requested' || state.status === 'active'
    ? undefined
    : 'the Subscription is not active';
}
