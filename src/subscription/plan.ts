/**
 * What a Subscription asks for, by criteria (https://hl7.org/fhir/R4/subscription.html) or by topic
 * (https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/). What isn't understood is refused, never widened.
 */
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import type { Language } from '../notice/kinds.ts';
import type { Filter } from '../search/filter.ts';
import { channelOf, type Target } from './target.ts';
import { type Asking, filterOf } from './filter.ts';
import type { Host } from './hosts.ts';
import { TOPICS, topicOf } from './topics.ts';
import { CONTENT, FILTER, HEARTBEAT, MOST, TIMEOUT } from './vocabulary.ts';

export type Content = 'empty' | 'id-only' | 'full-resource';

export interface Plan {
  /** Of the resources that it is told of. */
  type: string;
  filter: Filter;
  /** Absent: R4's own form. */
  topic?: string;
  content: Content;
  target: Target;
  /** Milliseconds. */
  heartbeat?: number;
  timeout: number;
  /** Events in one notification. */
  most: number;
  /** Between two notifications, whatever happens. Milliseconds. */
  apart: number;
  /** Of e-mails. */
  language: Language;
}

export interface Offered extends Asking {
  hosts: readonly Host[];
  /** E-mails are sent. */
  mails: boolean;
}

/** Types that nobody is told of. */
const UNTOLD: ReadonlySet<string> = new Set(['AuditEvent', 'Subscription', 'Binary', 'Bundle']);
const CONTENTS: readonly Content[] = ['empty', 'id-only', 'full-resource'];
const FHIR = /^application\/(fhir\+)?json( *;.*)?$/i;
const MOST_EVENTS = 100;
/** The same words for all: one e-mail tells of as many, and another comes no sooner. */
const BY_MAIL = { most: 1000, apart: 600_000 };

/** @throws FhirError 422 */
export function planOf(resource: Resource, offered: Offered): Plan {
  const criteria = typeof resource.criteria === 'string' ? resource.criteria : '';
  const channel = (resource.channel ?? {}) as Json;
  const topic = /^[a-z]+:/i.test(criteria) ? topicNamed(criteria) : undefined;
  const [type = '', query = ''] = topic === undefined ? splitOnce(criteria) : [topic.type];
  if (!offered.types.has(type) || UNTOLD.has(type))
    throw refused(`\`${type.slice(0, 60)}\` is no type that can be subscribed to`, 'criteria');
  const target = channelOf(channel, offered);
  const plan: Plan = {
    type,
    filter:
      topic === undefined
        ? filterOf(type, query, offered)
        : ofTopic(type, extensionsOf(resource._criteria), offered),
    ...(topic === undefined ? {} : { topic: topic.url }),
    content: contentOf(channel, topic !== undefined),
    target,
    apart: 0,
    ...boundsOf(extensionsOf(channel), topic !== undefined),
    ...(target.kind === 'email' ? BY_MAIL : {}),
    language: /^en\b/i.test(String(resource.language)) ? ('en' as const) : ('fr' as const),
  };
  if (target.kind === 'email' && plan.content !== 'empty')
    throw refused('an e-mail has no content: send no `payload`, or `empty`', 'channel.payload');
  if (target.kind === 'email' && plan.heartbeat !== undefined)
    throw refused('an e-mail that nothing happened is not sent: it has no heartbeat', 'channel');
  if (topic === undefined && target.kind === 'websocket' && plan.content !== 'empty')
    throw refused('a websocket without a topic has no payload', 'channel.payload');
  return plan;
}

function topicNamed(url: string) {
  const topic = topicOf(url);
  if (topic !== undefined) return topic;
  const allowed = TOPICS.map((each) => each.url).join(', ');
  throw refused(`\`${url.slice(0, 200)}\` is no topic; allowed: ${allowed}`, 'criteria');
}

/** Each filter must hold. */
function ofTopic(type: string, extensions: readonly Json[], offered: Offered): Filter {
  const filters = extensions.map(({ url, valueString }) => {
    if (url !== FILTER || typeof valueString !== 'string')
      throw refused(`the criteria take the extension \`${FILTER}\` (valueString) alone`, 'criteria');
    const [of, query] = valueString.includes('?') ? splitOnce(valueString) : [type, valueString];
    if (of !== type) throw refused(`the filter is a search of \`${type}\``, 'criteria');
    return filterOf(type, query, offered);
  });
  return { op: 'and', of: filters };
}

function contentOf(channel: Json, byTopic: boolean): Content {
  const { payload } = channel;
  if (payload !== undefined && !(typeof payload === 'string' && FHIR.test(payload)))
    throw refused('the payload is `application/fhir+json`', 'channel.payload');
  const extensions = extensionsOf(channel._payload);
  if (!byTopic) {
    if (extensions.length > 0)
      throw refused('without a topic the payload takes no extension', 'channel.payload');
    return payload === undefined ? 'empty' : 'full-resource';
  }
  const [only, ...more] = extensions;
  const content = CONTENTS.find((each) => each === only?.valueCode);
  if (only?.url !== CONTENT || content === undefined || more.length > 0)
    throw refused(
      `the payload needs the extension \`${CONTENT}\`: ${CONTENTS.join(', ')}`,
      'channel.payload',
    );
  return content;
}

/** Of one that was accepted. */
export function contentIn({ channel, criteria }: Resource): Content {
  return contentOf((channel ?? {}) as Json, topicOf(String(criteria)) !== undefined);
}

function boundsOf(
  extensions: readonly Json[],
  byTopic: boolean,
): Pick<Plan, 'heartbeat' | 'timeout' | 'most'> {
  const bounds = new Map<unknown, number>();
  for (const { url, valueUnsignedInt, valuePositiveInt } of extensions) {
    const value = url === MOST ? valuePositiveInt : valueUnsignedInt;
    const { least, most } = BOUNDS[String(url)] ?? {};
    if (!byTopic || least === undefined || bounds.has(url))
      throw refused(`the channel doesn't take the extension \`${String(url).slice(0, 200)}\``, 'channel');
    if (typeof value !== 'number' || value < least || value > most!)
      throw refused(`\`${String(url)}\` is from ${least} to ${most}`, 'channel');
    bounds.set(url, value);
  }
  const heartbeat = bounds.get(HEARTBEAT);
  return {
    ...(heartbeat === undefined ? {} : { heartbeat: heartbeat * 1000 }),
    timeout: (bounds.get(TIMEOUT) ?? 10) * 1000,
    most: byTopic ? (bounds.get(MOST) ?? 20) : 1,
  };
}

/** Seconds, and events. */
const BOUNDS: Record<string, { least: number; most: number } | undefined> = {
  [HEARTBEAT]: { least: 10, most: 86_400 },
  [TIMEOUT]: { least: 1, most: 20 },
  [MOST]: { least: 1, most: MOST_EVENTS },
};

export function extensionsOf(element: unknown): Json[] {
  const { extension } = (element ?? {}) as Json;
  return Array.isArray(extension) ? (extension as Json[]) : [];
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf('?');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

const refused = (text: string, element: string): FhirError =>
  new FhirError('business-rule', text, { expression: `Subscription.${element}` });
