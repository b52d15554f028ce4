/** What is sent: https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html */
import { randomUUID } from 'node:crypto';
import { madeBy } from '../enforcement/made.ts';
import type { Stored } from '../enforcement/ports.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import type { Content } from './plan.ts';
import type { Numbered } from './ports.ts';
import { NOTIFICATION, STATUS } from './vocabulary.ts';

export type Kind = 'handshake' | 'heartbeat' | 'event-notification' | 'query-status' | 'query-event';

export interface State {
  id: string;
  topic?: string;
  status: string;
  /** The number of the last event. */
  events: number;
  error?: string;
}

export interface Told {
  event: Numbered;
  stored: Stored;
}

export function bundleFor(
  base: string,
  state: State,
  kind: Kind,
  told: readonly Told[],
  content: Content,
): Buffer {
  const id = randomUUID();
  const status = statusFor(base, state, kind, told, content);
  const own = {
    fullUrl: `urn:uuid:${id}`,
    resource: { ...status, id },
    request: { method: 'GET', url: `${base}/Subscription/${state.id}/$status` },
    response: { status: '200' },
  };
  const head = {
    resourceType: 'Bundle',
    id: randomUUID(),
    meta: { profile: [NOTIFICATION] },
    type: 'history',
    timestamp: new Date().toISOString(),
  };
  const entries = content === 'empty' ? [] : told.map((each) => entryOf(base, each, content));
  return Buffer.concat([
    Buffer.from(`${JSON.stringify(head).slice(0, -1)},"entry":[`),
    Buffer.from([JSON.stringify(own), ...entries].join(',')),
    Buffer.from(']}'),
  ]);
}

export function statusFor(
  base: string,
  { id, topic, status, events, error }: State,
  kind: Kind,
  told: readonly Told[] = [],
  content: Content = 'empty',
): Resource {
  const parameter: Json[] = [
    { name: 'subscription', valueReference: { reference: `${base}/Subscription/${id}` } },
    ...(topic === undefined ? [] : [{ name: 'topic', valueCanonical: topic }]),
    { name: 'status', valueCode: status },
    { name: 'type', valueCode: kind },
    { name: 'events-since-subscription-start', valueString: String(events) },
    ...told.map(({ event, stored }) => ({
      name: 'notification-event',
      part: [
        { name: 'event-number', valueString: String(event.number) },
        { name: 'timestamp', valueInstant: new Date(event.at).toISOString() },
        ...(content === 'empty'
          ? []
          : [{ name: 'focus', valueReference: { reference: addressOf(base, stored) } }]),
      ],
    })),
    ...(error === undefined ? [] : [{ name: 'error', valueCodeableConcept: { text: error } }]),
  ];
  return { resourceType: 'Parameters', meta: { profile: [STATUS] }, parameter };
}

/** The bytes of the resource as they are kept; of a deletion there are none. */
function entryOf(base: string, { stored }: Told, content: Content): string {
  const { method, url, status } = madeBy(stored);
  const entry = {
    fullUrl: addressOf(base, stored),
    request: { method, url },
    response: { status: String(status) },
  };
  if (content === 'id-only' || method === 'DELETE') return JSON.stringify(entry);
  return `${JSON.stringify(entry).slice(0, -1)},"resource":${stored.body.toString()}}`;
}

const addressOf = (base: string, { type, id }: Pick<Stored, 'type' | 'id'>): string =>
  `${base}/${type}/${id}`;
