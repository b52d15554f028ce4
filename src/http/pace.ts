/** Which answers leave on the ticks of a clock. */
import { Clock } from '../auth/clock.ts';
import type { InteractionName } from './routes.ts';

/** Of answers for which what is hidden is looked at too: a longer tick covers some hundreds. Milliseconds. */
const SHORTEST: Partial<Record<string, number>> = { $notices: 160 };

/** Of two kinds in one request the one with the longer tick. */
export const slower = (one: string | undefined, other: string): string =>
  one !== undefined && (SHORTEST[one] ?? 0) >= (SHORTEST[other] ?? 0) ? one : other;

/** One for each kind of request. */
export class Clocks {
  readonly #byKind = new Map<string, Clock>();

  /** @param start as of performance.now() */
  untilTick(kind: string, start: number): Promise<void> {
    let clock = this.#byKind.get(kind);
    if (clock === undefined) this.#byKind.set(kind, (clock = new Clock(SHORTEST[kind])));
    return clock.untilTick(start);
  }
}

/** Statuses that hidden and absent share, beside 404. */
const SHARED: Partial<Record<InteractionName, number>> = {
  update: 405,
  delete: 204,
  'conditional-delete': 204,
};

export const isPaced = (interaction: string, status: number): boolean =>
  status === 404 || SHARED[interaction as InteractionName] === status;
