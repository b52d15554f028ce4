/**
 * `Subscription/x/$events`: what was told, again, as far as the caller may know of it now.
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-events.html
 */
import { FhirError } from '../fhir/outcome.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { type Told, bundleFor } from '../subscription/notification.ts';
import type { Content } from '../subscription/plan.ts';
import { contentIn } from '../subscription/plan.ts';
import { refuseParameters, subscriptionOf } from './subscription-status.ts';

const MOST = 100;
const ALLOWED = ['eventsSinceNumber', 'eventsUntilNumber', 'content'];
/** What tells more. */
const ORDER: readonly Content[] = ['empty', 'id-only', 'full-resource'];

export async function subscriptionEvents(context: Context, exchange: Exchange): Promise<Answer> {
  refuseParameters(exchange, ALLOWED);
  const { state, resource } = await subscriptionOf(context, exchange);
  const from = numberOf(exchange, 'eventsSinceNumber') ?? 1;
  const to = numberOf(exchange, 'eventsUntilNumber') ?? Number.MAX_SAFE_INTEGER;
  const most = contentIn(resource);
  const asked = valueOf(exchange, 'content');
  const content = asked === undefined ? most : ORDER.find((each) => each === asked);
  if (content === undefined || ORDER.indexOf(content) > ORDER.indexOf(most))
    throw new FhirError(
      'value',
      `\`content\` is one of ${ORDER.slice(0, ORDER.indexOf(most) + 1).join(', ')}`,
    );
  const told: Told[] = [];
  for (const event of await context.subscriptions.events(state.id, from, to, MOST)) {
    requireScope(exchange, event.type);
    const stored = await exchange.store.readVersion(event.type, event.id, event.vid);
    if (stored !== undefined) told.push({ event, stored });
  }
  return { status: 200, body: bundleFor(exchange.base, state, 'query-event', told, content) };
}

/** The caller's token may be another than that which subscribed. */
function requireScope({ subject }: Exchange, type: string): void {
  const reaches = subject.scopes.some(
    (scope) => (scope.type === '*' || scope.type === type) && scope.interactions.includes('r'),
  );
  if (!reaches) throw new FhirError('forbidden', `the token has no scope for this: \`${type}.r\` is needed`);
}

function numberOf(exchange: Exchange, name: string): number | undefined {
  const value = valueOf(exchange, name);
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new FhirError('value', `\`${name}\` is the number of an event`);
  return Number(value);
}

function valueOf({ query }: Exchange, name: string): string | undefined {
  return query.find(([each]) => each === name)?.[1];
}
