/**
 * One Subscription's turn: what the outbox holds for it, told in order. INVARIANT: nothing is numbered, traced or sent
 * but what the gate gives the subscriber at that moment, and not before somebody is there to take it: of what was
 * hidden in between, no number is missing.
 */
import { parseJson } from '../fhir/json.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Outbox, Row } from '../notice/outbox.ts';
import { satisfies } from './filter.ts';
import { type Kind, type Told, bundleFor } from './notification.ts';
import type { Plan } from './plan.ts';
import {
  type Candidate,
  type Channel,
  type Claimed,
  type Desk,
  type Kept,
  Lost,
  type Notification,
  type Numbered,
  type Opened,
  type OpenSession,
  type Session,
  type Stands,
  Undelivered,
} from './ports.ts';

/** Rows read at a time. */
const ROWS = 200;
/** A lease outlasts what may be waited for by this. Milliseconds. */
const SLACK = 10_000;

export interface TurnOptions {
  desk: Desk;
  outbox: Pick<Outbox, 'after'>;
  channel: Channel;
  session: OpenSession;
  stands: Stands;
  base: string;
  now: () => number;
}

interface Found {
  events: Candidate[];
  /** All rows up to here were looked at. */
  upto: number;
}

export class Turn {
  readonly #options: TurnOptions;
  readonly #plan: Plan;
  readonly #opened: Opened;
  #claimed: Claimed;

  /** As it stands now. */
  get claimed(): Claimed {
    return this.#claimed;
  }

  constructor(options: TurnOptions, claimed: Claimed, plan: Plan, opened: Opened) {
    this.#options = options;
    this.#claimed = claimed;
    this.#plan = plan;
    this.#opened = opened;
  }

  /** @returns how far it came, in the outbox; undefined: there may be more. @throws Undelivered, Lost */
  async run(signal: AbortSignal): Promise<number | undefined> {
    if (this.#claimed.status === 'requested') await this.#begin();
    const pending = await this.#options.desk.pending(this.#claimed);
    for (let rest = pending; rest.length > 0; rest = rest.slice(this.#plan.most))
      await this.#tell(rest.slice(0, this.#plan.most));
    while (!signal.aborted && !isEarly(this.#plan, this.#claimed, this.#options.now())) {
      const { events, upto } = await this.#gather();
      if (events.length === 0) {
        await this.#beat();
        return upto;
      }
      await this.#tell(events, upto);
    }
    return undefined;
  }

  /** Without a topic there is no handshake; nor by e-mail, where it would say that something is new. */
  async #begin(): Promise<void> {
    const { desk } = this.#options;
    if (this.#plan.topic !== undefined && this.#plan.target.kind !== 'email')
      await this.#sendAlone('handshake');
    const vid = await desk.become(this.#claimed, 'active');
    if (vid === undefined) throw new Lost();
    this.#claimed = { ...this.#claimed, status: 'active', vid };
  }

  async #beat(): Promise<void> {
    const { heartbeat } = this.#plan;
    if (heartbeat === undefined || this.#options.now() < this.#claimed.sent + heartbeat) return;
    await this.#sendAlone('heartbeat');
  }

  async #sendAlone(kind: 'handshake' | 'heartbeat'): Promise<void> {
    const reached = await this.#reach();
    try {
      await this.#requireStanding();
      await reached.send({ kind, subscription: this.#claimed.id, body: this.#bundle(kind, []) });
    } finally {
      reached.close();
    }
    const { place, events } = this.#claimed;
    await this.#arrived({ place, events });
  }

  /** What the gate gives now, of what was written since. */
  async #gather(): Promise<Found> {
    const { desk, outbox, now } = this.#options;
    const session = await this.#session();
    const events: Candidate[] = [];
    let upto = this.#claimed.place;
    for (;;) {
      const rows = await outbox.after(upto, ROWS);
      for (const row of rows) {
        upto = row.n;
        const candidate = candidateOf(row, this.#plan, this.#claimed.since);
        if (candidate === undefined) continue;
        const stored = await session.read(candidate);
        if (stored === undefined) continue;
        const body = stored.method === 'DELETE' ? await session.before(candidate) : stored.body;
        if (body === undefined || !this.#asksFor(body, candidate)) continue;
        events.push(candidate);
        if (events.length === this.#plan.most) return { events, upto };
      }
      if (rows.length < ROWS) return { events, upto };
      const place = (events[0]?.n ?? upto + 1) - 1;
      await desk.renew(this.#claimed, now() + leaseFor(this.#plan), place);
      this.#claimed = { ...this.#claimed, place };
    }
  }

  #asksFor(body: Buffer, { at }: Candidate): boolean {
    return satisfies(this.#plan.filter, parseJson(body) as Resource, at, this.#options.base);
  }

  /** @param upto with new ones: how far was looked; absent: they have their numbers */
  async #tell(events: readonly (Candidate | Numbered)[], upto?: number): Promise<void> {
    const { desk, now } = this.#options;
    const reached = await this.#reach();
    try {
      // time has passed: the gate decides anew, and what it gives now is what is sent
      const session = await this.#session();
      const told: Told[] = [];
      let number = upto === undefined ? this.#claimed.events : this.#claimed.given;
      for (const event of events) {
        const stored = await session.read(event);
        if (stored === undefined) continue;
        number = 'number' in event ? event.number : number + 1;
        told.push({ event: { ...event, number }, stored });
      }
      if (told.length > 0 && this.#plan.content !== 'empty') await session.record();
      if (upto !== undefined && told.length > 0) {
        const until = now() + this.#plan.timeout + SLACK;
        await desk.offer(
          this.#claimed,
          told.map(({ event }) => event),
          until,
        );
        this.#claimed = { ...this.#claimed, given: number };
      }
      if (told.length > 0) {
        for (const notification of this.#notifications(told, number)) await reached.send(notification);
      }
      const last = events.at(-1)!;
      await this.#arrived(
        {
          place: Math.max(this.#claimed.place, upto ?? last.n),
          events: upto === undefined && 'number' in last ? last.number : number,
        },
        told.length > 0,
      );
    } finally {
      reached.close();
    }
  }

  #notifications(told: readonly Told[], events: number): Notification[] {
    const { topic, content, target } = this.#plan;
    const common = { kind: 'event-notification' as const, subscription: this.#claimed.id };
    if (target.kind === 'email') return [common];
    if (topic !== undefined) return [{ ...common, body: this.#bundle(common.kind, told, events) }];
    return told.map(({ stored: { type, id, body } }) =>
      content === 'empty' ? common : { ...common, body, about: `${type}/${id}` },
    );
  }

  #bundle(kind: Kind, told: readonly Told[], events = this.#claimed.given): Buffer {
    const { id, status } = this.#claimed;
    const { topic, content } = this.#plan;
    return bundleFor(this.#options.base, { id, topic, status, events }, kind, told, content);
  }

  #reach() {
    return this.#options.channel.reach(this.#plan, this.#claimed.id);
  }

  async #requireStanding(): Promise<void> {
    if (await this.#options.stands(this.#opened.subject)) return;
    throw new Undelivered('the rights that it was written with have ended: write it again', true);
  }

  /** @throws Undelivered */
  async #session(): Promise<Session> {
    await this.#requireStanding();
    const { target } = this.#plan;
    const to = target.kind === 'rest-hook' ? new URL(target.endpoint).hostname : target.kind;
    return this.#options.session(this.#opened.subject, this.#claimed.id, to);
  }

  async #arrived(done: { place: number; events: number }, isSent = true): Promise<void> {
    const sent = isSent ? this.#options.now() : this.#claimed.sent;
    await this.#options.desk.arrived(this.#claimed, { ...done, sent });
    this.#claimed = { ...this.#claimed, ...done, sent, tries: 0, failing: undefined };
  }
}

/** As far as can be told without asking anybody. */
export function candidateOf(
  { n, at, cause }: Row,
  { type, topic }: Plan,
  since: number,
): Candidate | undefined {
  if (cause.cause !== 'change' || cause.type !== type || at < since) return undefined;
  // criteria are told of what there is: https://hl7.org/fhir/R4/subscription.html
  if (cause.method === 'DELETE' && topic === undefined) return undefined;
  return { n, type, id: cause.id, vid: cause.vid, at };
}

/** The last one was sent too short a while ago. */
export const isEarly = ({ apart }: Plan, { sent }: Pick<Kept, 'sent'>, now: number): boolean =>
  now < sent + apart;

/** What a fault is for the subscriber. */
export function textOf(error: unknown): string {
  return error instanceof Undelivered ? error.message : 'the notification was not delivered';
}

/** Long enough for what a turn waits for between two durable steps. */
export const leaseFor = ({ timeout }: Plan): number => 2 * timeout + SLACK;
