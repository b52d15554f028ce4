/** Rates that all processes count together, under hashes: a write each, so for what a person does. */
import { createHmac } from 'node:crypto';
import { RateLimiterMongo } from 'rate-limiter-flexible';
import { type Rate, rateOf } from '../../auth/rate.ts';
import type { Database } from '../database.ts';

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
    // who is past it costs the database nothing
    inMemoryBlockOnConsumed: points + 1,
  });
  const rate = rateOf(limiter);
  return (name) => rate(createHmac('sha256', key).update(name).digest('base64url'));
}
