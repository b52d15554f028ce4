/**
 * Patients who share a resource with others. A resource of several needs the permission of each, so a search of one
 * patient's resources has to ask what the others say too.
 */
import type { Database } from './database.ts';

const MOST = 1000;

/** These patients and all with whom they share a resource. */
export async function withCompanions(database: Database, patients: readonly string[]): Promise<string[]> {
  const among = [...patients];
  const found = await database.resources
    .aggregate<{ _id: string }>(
      [
        { $match: { $or: [{ patient: { $in: among }, others: { $exists: true } }, { others: { $in: among } }] } },
        { $project: { _id: 0, each: { $concatArrays: [['$patient'], '$others'] } } },
        { $unwind: '$each' },
        { $group: { _id: '$each' } },
        { $limit: MOST },
      ],
      { maxTimeMS: 10_000 },
    )
    .toArray();
  return [...new Set([...among, ...found.map(({ _id }) => _id)])];
}
