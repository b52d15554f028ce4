/** Answers that tell of absence leave on ticks of a clock, so that their timing tells nothing more. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { InteractionName } from './routes.ts';

export const TICK_MS = 20;

/** `start` as of performance.now(). */
export async function untilTick(start: number): Promise<void> {
  const rest = TICK_MS - ((performance.now() - start) % TICK_MS);
  await sleep(Math.ceil(rest));
}

/** Statuses that hidden and absent share, beside 404. */
const SHARED: Partial<Record<InteractionName, number>> = {
  update: 405,
  delete: 204,
  'conditional-delete': 204,
};

export const isPaced = (interaction: string, status: number): boolean =>
  status === 404 || SHARED[interaction as InteractionName] === status;
