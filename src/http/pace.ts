/**
 * Answers that tell of absence leave on ticks of a clock, so that their timing tells nothing more. Where such answers take
 * longer, on a busy machine, the clock goes slower: else what takes a little longer would often leave a tick later.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { InteractionName } from './routes.ts';

const TICK_MS = 20;
const LONGEST_MS = 320;
/** Answers by which the next tick is chosen. */
const LATELY = 64;
/** Of them, so many take less than half a tick. */
const MOST = 0.9;
const SPARE = 2;

/** One for each kind of request. */
export class Clocks {
  readonly #byKind = new Map<string, Clock>();

  /** @param start as of performance.now() */
  untilTick(kind: string, start: number): Promise<void> {
    let clock = this.#byKind.get(kind);
    if (clock === undefined) this.#byKind.set(kind, (clock = new Clock()));
    return clock.untilTick(start);
  }
}

class Clock {
  readonly #lately: number[] = [];
  #at = 0;
  #tick = TICK_MS;

  async untilTick(start: number): Promise<void> {
    const took = performance.now() - start;
    const tick = this.#tick;
    this.#lately[this.#at % LATELY] = took;
    this.#at += 1;
    if (this.#at % (LATELY / 8) === 0) this.#tick = tickFor(this.#lately);
    await sleep(Math.ceil(tick - (took % tick)));
  }
}

/** @param lately what such answers took. Milliseconds */
export function tickFor(lately: readonly number[]): number {
  const most = lately.toSorted((one, other) => one - other)[Math.floor((lately.length - 1) * MOST)] ?? 0;
  let tick = TICK_MS;
  while (tick < most * SPARE && tick < LONGEST_MS) tick *= 2;
  return tick;
}

/** Statuses that hidden and absent share, beside 404. */
const SHARED: Partial<Record<InteractionName, number>> = {
  update: 405,
  delete: 204,
  'conditional-delete': 204,
};

export const isPaced = (interaction: string, status: number): boolean =>
  status === 404 || SHARED[interaction as InteractionName] === status;
