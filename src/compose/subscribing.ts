/** Subscriptions, wired: what is accepted, whose rights they are delivered by, and by which ways. */
import { randomUUID } from 'node:crypto';
import { DISCLOSE } from '../audit/event.ts';
import { tracesOf } from '../audit/tracing.ts';
import type { Subject } from '../consent/subject.ts';
import { Access } from '../enforcement/access.ts';
import { type Concern, Notes, secretLabels } from '../enforcement/notes.ts';
import { parted } from '../enforcement/parting.ts';
import type { PolicySource, ResourceStore } from '../enforcement/ports.ts';
import { type Accept, ScopedStore } from '../enforcement/scoped-store.ts';
import type { Carrier } from '../notice/courier.ts';
import type { Log } from '../ops/log.ts';
import { type Lookup } from '../ops/subscriptions/address.ts';
import { byMail } from '../ops/subscriptions/mail.ts';
import { restHook } from '../ops/subscriptions/rest-hook.ts';
import { openNames } from './open-names.ts';
import type { Recorder } from './recording.ts';
import { terminology } from '../search/known-terminology.ts';
import type { MongoOutbox } from '../store/outgoing/outbox.ts';
import { accepted } from '../subscription/accept.ts';
import { Deliverer } from '../subscription/deliverer.ts';
import type { Host } from '../subscription/hosts.ts';
import type { Offered } from '../subscription/plan.ts';
import type { Channel, Desk, OpenSession, Stands } from '../subscription/ports.ts';

export interface SubscribingOptions {
  base: string;
  types: ReadonlySet<string>;
  hosts: readonly Host[];
  lookup?: Lookup;
  mails: boolean;
  desk: Desk;
  outbox: MongoOutbox;
  port: ResourceStore;
  policies: PolicySource;
  record: Recorder;
  /** Code system of professions, for traces. */
  professions: string;
  log: Log;
}

export interface Subscribing {
  accept(subject: Subject): Accept;
  /** @param stands whether a subscriber's rights still hold */
  deliverer(websocket: Channel, mail: Carrier | undefined, link: string, stands: Stands): Deliverer;
}

export function subscribing(options: SubscribingOptions): Subscribing {
  const { base, types, hosts, lookup, mails, desk, outbox, log } = options;
  const offered = (): Offered => ({ base, types, terminology, now: Date.now(), hosts, mails });
  return {
    accept: (subject) => (change) => accepted(change, subject, offered()),
    deliverer: (websocket, mail, link, stands) =>
      new Deliverer({
        desk,
        outbox,
        channels: { 'rest-hook': restHook(hosts, lookup), websocket, email: byMail(mail, link) },
        session: sessions(options),
        stands,
        offered,
        base,
        now: Date.now,
        ended: (id, fault) => log.warn({ subscription: id, fault }, 'a subscription ended as error'),
        failed: (err) => log.error({ err }, 'a subscription was not delivered'),
      }),
  };
}

/** Versions among which the one before another is looked for. */
const VERSIONS = 10;

/** A read like any other, with the subscriber's rights: traced as `$events` of the Subscription. */
function sessions({ base, port, policies, record, professions }: SubscribingOptions): OpenSession {
  const secret = secretLabels(policies);
  const names = openNames(port, secret);
  return (subject, id, to) => {
    const notes = new Notes(secret);
    const access = Access.of(subject, policies, Date.now, () => {});
    const asked = {
      audit: { code: DISCLOSE, action: 'R' as const },
      params: { type: 'Subscription', id },
      url: `Subscription/${id}/$events`,
      query: [],
      requestId: randomUUID(),
      subject,
      base,
      address: to,
    };
    const tracer = (concerns: readonly Concern[], at: number) =>
      tracesOf(asked, concerns, { outcome: '0', professions }, at);
    const scoped = new ScopedStore(port, access, notes, tracer);
    return {
      async read({ type, id: of, vid }) {
        const stored = await scoped.readVersion(type, of, vid);
        if (stored?.method !== 'PUT' || stored.version === 1) return stored;
        const { matches } = await scoped.history({ type, id: of, count: VERSIONS });
        const isFirst = matches.some((each) => each.vid === vid && each.first === true);
        return isFirst ? { ...stored, first: true } : stored;
      },
      async before({ type, id: of, vid }) {
        const { matches } = await scoped.history({ type, id: of, count: VERSIONS });
        const at = matches.findIndex((each) => each.vid === vid);
        return at < 0 ? undefined : matches[at + 1]?.body;
      },
      async record() {
        const concerns = await parted(notes.open(), subject, names);
        if (concerns.length === 0) return;
        await record(subject, concerns, (at) => tracer(concerns, at));
      },
    };
  };
}
