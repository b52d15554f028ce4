/** The port by which identity, accounts and the catalogue record what happens there. */
import type { ResourceStore } from '../../enforcement/ports.ts';
import { type Authorized, authorizedTrace } from './authorized.ts';
import { type AccountEvent, accountTrace } from './event.ts';

export interface AccountLog {
  /**
   * Sealed, in the chain and durable when it returns: answer after, and with 503 when it throws. Those of one request
   * together.
   */
  record(...events: readonly (AccountEvent | Authorized)[]): Promise<void>;
}

/** @param told makes the notices of them durable, with them @param base address of this server */
export function accountLog(
  port: Pick<ResourceStore, 'record'>,
  base: string,
  told: (events: readonly AccountEvent[], at: number) => Promise<void>,
): AccountLog {
  return {
    async record(...events) {
      await Promise.all([
        port.record((at) =>
          events.map((event) =>
            event.what === 'authorized' ? authorizedTrace(event, base, at) : accountTrace(event, base, at),
          ),
        ),
        told(
          events.filter((event) => event.what !== 'authorized'),
          Date.now(),
        ),
      ]);
    },
  };
}
