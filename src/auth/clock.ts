/**
 * Answers that tell of absence leave on ticks of a clock, so that their timing tells nothing more. Where such answers take
 * longer, on a busy machine, the clock goes slower: else what takes a little longer would often leave a tick later.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const TICK_MS = 20;
const LONGEST_MS = 320;
/** Answers by which the next tick is chosen. */
const LATELY = 64;
/** Of them, so many take less than half a tick. */
const MOST = 0.9;
const SPARE = 2;

/** One for each kind of answer. */
export class Clock {
  readonly #shortest: number;
  readonly #lately: number[] = [];
  #at = 0;
  #tick: number;

  /** @param shortest tick, milliseconds: longer where such answers are too few to choose by */
  constructor(shortest = TICK_MS) {
    this.#shortest = shortest;
    this.#tick = shortest;
  }

  /** @param start as of performance.now() */
  async untilTick(start: number): Promise<void> {
    const took = performance.now() - start;
    const tick = this.#tick;
    this.#lately[this.#at % LATELY] = took;
    this.#at += 1;
    if (this.#at % (LATELY / 8) === 0) this.#tick = tickFor(this.#lately, this.#shortest);
    await sleep(Math.ceil(tick - (took % tick)));
  }
}

/** @param lately what such answers took. Milliseconds */
export function tickFor(lately: readonly number[], shortest = TICK_MS): number {
  const most = lately.toSorted((one, other) => one - other)[Math.floor((lately.length - 1) * MOST)] ?? 0;
  let tick = shortest;
  while (tick < most * SPARE && tick < LONGEST_MS) tick *= 2;
  return tick;
}
