/** Versions that came after a deletion, from before they told it: they are marked at the first start. */
import type { Database } from './database.ts';

export async function markAnew(
  { history, resources }: Database,
  tell: (what: string) => void,
): Promise<void> {
  let done = 0;
  const marks = history.find({ method: 'DELETE' }, { projection: { _id: 0, rid: 1, v: 1 } });
  for await (const { rid, v } of marks) {
    const next = { v: v + 1, method: 'PUT' } as const;
    const set = { $set: { anew: true as const } };
    const current = await resources.updateOne({ _id: rid, ...next }, set);
    const past =
      current.matchedCount > 0 ? current : await history.updateOne({ rid, ...next }, set, { hint: 'rid_at' });
    done += past.modifiedCount;
  }
  if (done > 0) tell(`${done} versions say that they came after a deletion`);
}
