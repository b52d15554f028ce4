/**
 * `Subscription/x/$get-ws-binding-token`: binds one websocket connection, once, within a minute.
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-get-ws-binding-token.html
 */
import { FhirError } from '../fhir/outcome.ts';
import type { Json } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { refuseParameters, subscriptionOf } from './subscription-status.ts';

const LASTS = 60_000;

export async function bindingToken(context: Context, exchange: Exchange): Promise<Answer> {
  refuseParameters(exchange, []);
  const { state, resource } = await subscriptionOf(context, exchange);
  if ((resource.channel as Json).type !== 'websocket')
    throw new FhirError('business-rule', 'the channel of the Subscription is no websocket');
  if (state.status !== 'requested' && state.status !== 'active')
    throw new FhirError('business-rule', 'the Subscription is not active');
  const until = context.now() + LASTS;
  return {
    status: 200,
    body: {
      resourceType: 'Parameters',
      parameter: [
        { name: 'token', valueString: await context.subscriptions.token(state.id, until) },
        { name: 'expiration', valueDateTime: new Date(until).toISOString() },
        { name: 'subscription', valueString: `${exchange.base}/Subscription/${state.id}` },
        { name: 'websocket-url', valueUrl: context.websocket },
      ],
    },
  };
}
