/**
 * A Subscription that is written: who may, what of it the server sets, and whose rights it is delivered by. It begins
 * anew as `requested`, but for `off`.
 */
import { type Subject, keptBy } from '../consent/subject.ts';
import type { Change } from '../enforcement/ports.ts';
import { FhirError } from '../fhir/outcome.ts';
import { asksNational } from '../search/national.ts';
import { type Offered, planOf } from './plan.ts';

/** Rights are those of the token that wrote it, and no older than this. Milliseconds. */
export const RIGHTS_LAST = 31 * 86_400_000;
const SUBSCRIBERS: ReadonlySet<string> = new Set(['system', 'app', 'professional', 'all']);

/** @throws FhirError 403, 422 */
export function accepted(change: Change, subject: Subject, offered: Offered): Change {
  const { type, by, resource } = change;
  if (type !== 'Subscription' || resource === undefined) return change;
  if (!SUBSCRIBERS.has(subject.role))
    throw new FhirError('forbidden', 'Subscriptions are for software and professionals');
  // it would outlive what the software says by weeks
  if (subject.assertedBy !== undefined)
    throw new FhirError(
      'forbidden',
      'only a professional who has logged in subscribes, not software in their name',
    );
  if (by !== keptBy(subject, type))
    throw new FhirError('forbidden', 'only its subscriber may change a Subscription');
  if (subject.emergencies.length > 0 || subject.purposes.some((each) => EMERGENCIES.has(each)))
    throw new FhirError('forbidden', 'an emergency is no time to subscribe');
  const plan = planOf(resource, offered);
  // to any address, in whosever name: patients have notices
  if (subject.role === 'app' && plan.target.kind === 'email')
    throw new FhirError('forbidden', 'an app is told by rest-hook or websocket, not by e-mail');
  if (subject.role === 'app' && subject.ins !== true && asksNational({ filter: plan.filter, sort: [] }))
    throw new FhirError('forbidden', 'the app isn’t told national identifiers');
  for (const letter of ['r', 's']) requireScope(subject, plan.type, letter);
  const { error: _, ...rest } = resource;
  return {
    ...change,
    resource: {
      ...rest,
      resourceType: 'Subscription',
      status: resource.status === 'off' ? 'off' : 'requested',
      end: new Date(endOf(resource.end, offered.now)).toISOString(),
    },
    subscriber: subject,
  };
}

const EMERGENCIES = new Set(['BTG', 'ETREAT']);

function endOf(asked: unknown, now: number): number {
  const most = now + RIGHTS_LAST;
  const end = typeof asked === 'string' ? Date.parse(asked) : most;
  if (!(end > now))
    throw new FhirError('business-rule', 'the end is past', { expression: 'Subscription.end' });
  return Math.min(end, most);
}

function requireScope({ scopes }: Subject, type: string, letter: string): void {
  const reaches = scopes.some(
    (scope) => (scope.type === '*' || scope.type === type) && scope.interactions.includes(letter),
  );
  if (!reaches) throw new FhirError('forbidden', `the token has no scope for this: \`${type}.rs\` is needed`);
}
