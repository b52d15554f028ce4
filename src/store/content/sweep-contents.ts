/**
 * Content that no document claims. Who uploads has a day to name the Binary in a DocumentReference of their own; what
 * was claimed once stays. Content itself goes when no version names it.
 */
import { locationOf } from '../../fhir/content/attachment.ts';
import { ObjectId } from 'mongodb';
import { chunksOf, filesOf } from './contents.ts';
import type { Claims } from './claims.ts';
import type { Database } from '../database.ts';
import { dropPiece, piecesOf } from './pieces.ts';
import type { Terms } from '../terms.ts';

/** Milliseconds. */
const DAY = 86_400_000;
/** What was named after a day stays named: older files need no look. */
const WINDOW = 30 * DAY;
const BATCH = 200;

/** Answers how much was dropped. */
export async function sweepContents(
  database: Database,
  { terms, claims }: { terms: Terms; claims: Claims },
  now: number,
  signal?: AbortSignal,
): Promise<number> {
  const before = now - DAY;
  return (
    (await dropUnclaimed(database, terms, claims, before, signal)) +
    (await dropFiles(database, before, signal)) +
    (await dropChunks(database, before, signal))
  );
}

/** Binaries, and FHIR documents that follow a document, whose depositor has none that names them. */
async function dropUnclaimed(
  database: Database,
  terms: Terms,
  claims: Claims,
  before: number,
  signal?: AbortSignal,
): Promise<number> {
  const { db, resources, history } = database;
  let dropped = 0;
  const uploaded = resources.find(
    { unclaimed: { $lt: before } },
    {
      projection: { _id: 1, by: 1, v: 1, content: 1, piece: 1, inline: 1 },
      hint: 'unclaimed',
      batchSize: BATCH,
    },
  );
  for await (const { _id, by, v, content, ...apart } of uploaded) {
    if (signal?.aborted === true) return dropped;
    const documents = await resources
      .find(
        { ids: terms.of(locationOf(_id)), type: 'DocumentReference', by },
        { projection: { _id: 1, patient: 1, others: 1 }, limit: BATCH, hint: 'ids_type_date' },
      )
      .toArray();
    if (documents.length > 0) {
      // somebody may have changed it while it was being claimed
      const patients = documents.flatMap(({ patient, others = [] }) => [patient, ...others]);
      await claims.own({ rid: _id, by, patients: patients.filter((each) => each !== '') });
      await resources.updateOne({ _id, v }, { $unset: { unclaimed: 1 } });
      continue;
    }
    if ((await resources.deleteOne({ _id, v })).deletedCount === 0) continue;
    await history.deleteMany({ rid: _id });
    dropped += 1;
    for (const piece of piecesOf(apart)) await dropPiece(database, piece, before);
    // in sight of the next step
    if (content !== undefined)
      await filesOf(db).updateOne({ _id: content }, { $set: { uploadDate: new Date(before - 1) } });
  }
  return dropped;
}

async function dropFiles(database: Database, before: number, signal?: AbortSignal): Promise<number> {
  const { db, resources, history } = database;
  const old = { uploadDate: { $lt: new Date(before), $gte: new Date(before - WINDOW) } };
  let dropped = 0;
  const files = filesOf(db).find(old, { projection: { _id: 1 }, hint: 'uploaded', batchSize: BATCH });
  for await (const { _id } of files) {
    if (signal?.aborted === true) return dropped;
    const named = await Promise.all([
      resources.findOne({ content: _id }, { projection: { _id: 1 }, hint: 'content' }),
      history.findOne({ content: _id }, { projection: { _id: 1 }, hint: 'content' }),
    ]);
    if (named.some((each) => each !== null)) continue;
    // deposited again meanwhile: it is young
    if ((await filesOf(db).deleteOne({ _id, ...old })).deletedCount === 0) continue;
    await chunksOf(db).deleteMany({ files_id: _id });
    dropped += 1;
  }
  return dropped;
}

/** Of uploads that were cut off, and of bytes that were there already. */
async function dropChunks({ db }: Database, before: number, signal?: AbortSignal): Promise<number> {
  let dropped = 0;
  const time = (at: number): ObjectId => ObjectId.createFromTime(at / 1000);
  const first = { files_id: { $lt: time(before), $gte: time(before - WINDOW) }, n: 0 };
  const chunks = chunksOf(db).find(first, {
    projection: { _id: 0, files_id: 1 },
    hint: 'files_id_1_n_1',
    batchSize: BATCH,
  });
  for await (const { files_id: id } of chunks) {
    if (signal?.aborted === true) return dropped;
    if ((await filesOf(db).findOne({ _id: id }, { projection: { _id: 1 } })) !== null) continue;
    await chunksOf(db).deleteMany({ files_id: id });
    dropped += 1;
  }
  return dropped;
}
