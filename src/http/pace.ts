/** Which answers leave on the ticks of a clock. */
import { Clock } from '../auth/clock.ts';
import type { InteractionName } from './routes.ts';

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

/** Statuses that hidden and absent share, beside 404. */
const SHARED: Partial<Record<InteractionName, number>> = {
  update: 405,
  delete: 204,
  'conditional-delete': 204,
};

export const isPaced = (interaction: string, status: number): boolean =>
  status === 404 || SHARED[interaction as InteractionName] === status;
