/**
 * Follows the outbox for all Subscriptions. Each has its own place in it and its own turns, so that a dead endpoint
 * delays no other; one process works on a Subscription at a time, by a lease.
 */
import { keptBy } from '../consent/subject.ts';
import { FhirError } from '../fhir/outcome.ts';
import { delayAfter, PARKED_AFTER } from '../notice/mail.ts';
import type { Outbox, Row } from '../notice/outbox.ts';
import { type Offered, type Plan, planOf } from './plan.ts';
import {
  type Channel,
  type Claimed,
  type Desk,
  type Kept,
  Lost,
  type Opened,
  type OpenSession,
  type Stands,
  Undelivered,
} from './ports.ts';
import { Turn, candidateOf, isEarly, leaseFor, textOf } from './turn.ts';

/** Turns at a time. */
const AT_ONCE = 64;
/** Rows that are kept in mind, so that each Subscription needn't read them to know that they are none of its own. */
const IN_MIND = 5_000;
const PAGE = 1_000;
const HANDSHAKES = 5;
const MINUTE = 60_000;

export interface DelivererOptions {
  desk: Desk;
  outbox: Outbox;
  channels: Readonly<Record<Plan['target']['kind'], Channel>>;
  session: OpenSession;
  stands: Stands;
  offered: () => Offered;
  base: string;
  now: () => number;
  /** Told of each that ends as `error`. */
  ended: (id: string, fault: string) => void;
  /** Told of what is wrong here, not at an endpoint. */
  failed: (error: unknown) => void;
}

interface Known extends Opened {
  vid: string;
  plan: Plan;
  end: number;
  /** All up to here holds nothing for it. */
  seen: number;
}

export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #known = new Map<string, Known>();
  readonly #turns = new Map<string, { lane: string; done: Promise<void> }>();
  /** All rows after `start`. */
  #mind: Row[] = [];
  #start: number | undefined;
  #tidied = 0;

  constructor(options: DelivererOptions) {
    this.#options = options;
  }

  /** Begins what is due; waits for none of it, unless the server stops. Rows have their numbers from src/notice/dispatch.ts. */
  async run(signal: AbortSignal): Promise<void> {
    const { desk, now } = this.#options;
    await this.#mindRows();
    const due = await desk.due(now());
    if (now() - this.#tidied > MINUTE) await this.#tidy(due);
    for (const kept of due) {
      if (signal.aborted || this.#turns.size >= AT_ONCE) break;
      if (this.#turns.has(kept.id)) continue;
      await this.#consider(kept, signal).catch((error: unknown) => this.#leave(kept, error));
    }
    if (signal.aborted) await this.settle();
  }

  async settle(): Promise<void> {
    await Promise.all([...this.#turns.values()].map(({ done }) => done));
  }

  async #consider(kept: Kept, signal: AbortSignal): Promise<void> {
    const { desk, channels, now } = this.#options;
    const known = await this.#knownOf(kept);
    if (known === undefined) return;
    const { plan, end } = known;
    if (now() >= end) {
      await desk.become(kept, 'off', 'the end was reached: write it again to go on');
      return;
    }
    const channel = channels[plan.target.kind];
    if (!channel.isHere(kept.id)) return;
    if (!this.#wants(kept, known)) return;
    const lane = channel.lane(plan, keptBy(known.subject, 'Subscription'));
    if ([...this.#turns.values()].filter((each) => each.lane === lane).length >= channel.atOnce) return;
    const claimed = await desk.claim(kept, now(), now() + leaseFor(plan));
    if (claimed === undefined) return;
    const done = this.#take(claimed, known, channel, signal).finally(() => this.#turns.delete(kept.id));
    this.#turns.set(kept.id, { lane, done });
  }

  /** One that can't be opened delays no other. @throws when it is the database that can't be reached */
  async #leave(kept: Kept, error: unknown): Promise<void> {
    const { desk, failed, now } = this.#options;
    const claimed = await desk.claim(kept, now(), now() + MINUTE);
    if (claimed === undefined) return;
    failed(error);
    await this.#postpone(claimed, error);
  }

  async #take(claimed: Claimed, known: Known, channel: Channel, signal: AbortSignal): Promise<void> {
    const { desk, failed } = this.#options;
    const start = this.#start!;
    const turn = new Turn({ ...this.#options, channel }, claimed, known.plan, known);
    try {
      const upto = await turn.run(signal);
      if (upto !== undefined) known.seen = Math.max(upto, start);
      await desk.release(claimed, 0);
    } catch (error) {
      if (error instanceof Lost) return;
      if (!(error instanceof Undelivered)) failed(error);
      await this.#postpone(turn.claimed, error).catch(failed);
    }
  }

  async #postpone(claimed: Claimed, error: unknown): Promise<void> {
    const { desk, now } = this.#options;
    const at = now();
    const failing = claimed.failing ?? at;
    const isOver =
      error instanceof Undelivered &&
      (error.isFinal ||
        at - failing >= PARKED_AFTER ||
        (claimed.status === 'requested' && claimed.tries >= HANDSHAKES));
    const fault = textOf(error);
    await desk.later(claimed, { next: at + delayAfter(claimed.tries, Math.random()), failing, fault });
    if (!isOver) return;
    const became = await desk.become(claimed, 'error', fault);
    if (became !== undefined) this.#options.ended(claimed.id, fault);
  }

  /** Undefined: it can't be delivered any more. */
  async #knownOf(kept: Kept): Promise<Known | undefined> {
    const known = this.#known.get(kept.id);
    if (known?.vid === kept.vid) return known;
    const { desk, offered } = this.#options;
    const opened = await desk.open(kept);
    if (opened === undefined) return undefined;
    try {
      const made = {
        ...opened,
        vid: kept.vid,
        plan: planOf(opened.resource, offered()),
        end: Date.parse(String(opened.resource.end)),
        seen: kept.place,
      };
      this.#known.set(kept.id, made);
      return made;
    } catch (error) {
      if (!(error instanceof FhirError)) throw error;
      // the operator allows it no more
      await desk.become(kept, 'error', error.message);
      return undefined;
    }
  }

  #wants(kept: Kept, known: Known): boolean {
    const { heartbeat } = known.plan;
    if (kept.status === 'requested' || kept.failing !== undefined) return true;
    if (isEarly(known.plan, kept, this.#options.now())) return false;
    if (heartbeat !== undefined && this.#options.now() >= kept.sent + heartbeat) return true;
    const from = Math.max(kept.place, known.seen);
    // what isn't in mind must be read
    if (from < this.#start!) return true;
    const rows = this.#mind.slice(from - this.#start!);
    const some = rows.some((row) => candidateOf(row, known.plan, kept.since) !== undefined);
    if (!some && rows.length > 0) known.seen = rows.at(-1)!.n;
    return some;
  }

  async #mindRows(): Promise<void> {
    const { outbox } = this.#options;
    this.#start ??= await outbox.position('subscriptions');
    for (let rows = PAGE; rows === PAGE;) {
      const more = await outbox.after(this.#start + this.#mind.length, PAGE);
      rows = more.length;
      this.#mind.push(...more);
      const over = this.#mind.length - IN_MIND;
      if (over <= 0) continue;
      this.#mind.splice(0, over);
      this.#start += over;
    }
  }

  async #tidy(due: readonly Kept[]): Promise<void> {
    const { desk, now } = this.#options;
    this.#tidied = now();
    const ids = new Set(due.map(({ id }) => id));
    for (const kept of due) {
      const seen = this.#known.get(kept.id)?.seen ?? 0;
      if (seen > kept.place && !this.#turns.has(kept.id)) await desk.skip(kept, seen);
    }
    for (const id of this.#known.keys()) if (!ids.has(id) && !this.#turns.has(id)) this.#known.delete(id);
    await desk.hold(now());
  }
}
