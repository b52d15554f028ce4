/** Rates that all processes count together, under hashes. */
import { createHmac } from 'node:crypto';
import { RateLimiterMongo } from 'rate-limiter-flexible';
import { type Rate, rateInShares } from '../../auth/rate.ts';
import type { Database } from '../database.ts';

/** Of the whole that a process takes at a time; of fewer than twice as many each is counted by itself. */
const SHARES = 100;

/**
 * @param key under which names are kept @param what apart from others
 * @param seconds in which there are so many
 */
export function rateOfAll(
  { client, db }: Database,
  key: Buffer,
  what: string,
  points: number,
  seconds: number,
): Rate {
  const limiter = new RateLimiterMongo({
    storeClient: client,
    dbName: db.databaseName,
    tableName: 'attempts',
    disableIndexesCreation: true,
    keyPrefix: what,
    points,
    duration: seconds,
  });
  const rate = rateInShares(limiter, Math.max(1, Math.floor(points / SHARES)));
  return (name) => rate(createHmac('sha256', key).update(name).digest('base64url'));
}
