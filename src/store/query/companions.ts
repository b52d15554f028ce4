/**
 * Patients who share a resource with others, or are mentioned in theirs. A resource needs the permission of each whose
 * it is, so a search that names one patient has to ask what the others say too.
 */
import type { Database } from '../database.ts';
import { mentionTerm } from './narrowing.ts';
import type { Terms } from '../terms.ts';

const MOST = 1000;

/** These patients, all with whom they share a resource, and all whose resources mention them. */
export async function withCompanions(
  database: Database,
  terms: Terms,
  patients: readonly string[],
): Promise<string[]> {
  const among = [...patients];
  const marks = among.map((patient) => terms.of(mentionTerm(patient)));
  const found = await database.resources
    .aggregate<{ _id: string }>(
      [
        {
          $match: {
            $or: [
              { patient: { $in: among }, others: { $exists: true } },
              { others: { $in: among } },
              { ids: { $in: marks } },
            ],
          },
        },
        { $project: { _id: 0, each: { $concatArrays: [['$patient'], { $ifNull: ['$others', []] }] } } },
        { $unwind: '$each' },
        { $group: { _id: '$each' } },
        { $limit: MOST },
      ],
      { maxTimeMS: 10_000 },
    )
    .toArray();
  return [...new Set([...among, ...found.map(({ _id }) => _id)])];
}
