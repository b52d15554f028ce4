/** Events of accounts, clients and the catalogue, wired: traces in the chain, and the notices of them. */
import { type AccountLog, accountLog } from '../audit/identity/log.ts';
import type { ResourceStore } from '../enforcement/ports.ts';
import { newsOf } from '../notice/happened.ts';
import type { MongoOutbox } from '../store/outgoing/outbox.ts';

export function accounting(port: ResourceStore, outbox: MongoOutbox, base: string): AccountLog {
  return accountLog(port, base, (events, at) => outbox.enter(newsOf(events, at)));
}
