/**
 * Backup of a running database, the keys apart from the data: one snapshot across all collections of both.
 * https://www.mongodb.com/docs/manual/reference/read-concern-snapshot/
 */
import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MongoClient, MongoServerError, type ClientSession, type Db, type Document } from 'mongodb';
import { writeArchive, type Archived } from './archive.ts';

export const FORMAT = 'carnet-backup';
export const MANIFEST = 'manifest.json';
export const KEY_FILE = 'key-file.json';

export interface Collected extends Archived {
  name: string;
  file: string;
  /** As MongoDB lists them. */
  indexes: Document[];
}

export interface Manifest {
  format: typeof FORMAT;
  version: 1;
  part: 'data' | 'keys';
  /** The same for the two parts that were taken together. */
  snapshot: string;
  takenAt: string;
  collections: Collected[];
}

export interface Places {
  uri: string;
  /** The data's; that of the keys has `_keys` behind it. */
  database: string;
  /** The key-encryption keys, on the server. */
  keyFile: string;
  /** Folders of the backup, which must not lie within each other. */
  data: string;
  keys: string;
}

export type Tell = (what: string) => void;

const SNAPSHOT_TOO_OLD = 239;
const BATCH = 500;

export async function backup(places: Places, tell: Tell): Promise<Manifest[]> {
  const folders = { data: places.data, keys: places.keys };
  for (const folder of Object.values(folders)) await makeEmpty(folder);
  const client = await MongoClient.connect(places.uri, { appName: 'carnet backup' });
  const about = {
    format: FORMAT,
    version: 1,
    snapshot: randomUUID(),
    takenAt: new Date().toISOString(),
  } as const;
  const session = client.startSession({ snapshot: true });
  try {
    const manifests: Manifest[] = [];
    // keys first: the snapshot is the same, and what is short is safe before its history may run out
    for (const [part, name] of [
      ['keys', `${places.database}_keys`],
      ['data', places.database],
    ] as const) {
      const collections = await collect(client.db(name), session, folders[part], tell);
      manifests.push({ ...about, part, collections });
    }
    await copyFile(places.keyFile, join(places.keys, KEY_FILE));
    await chmod(join(places.keys, KEY_FILE), 0o600);
    for (const manifest of manifests) await finish(folders[manifest.part], manifest);
    return manifests;
  } catch (error) {
    if (!(error instanceof MongoServerError && error.code === SNAPSHOT_TOO_OLD)) throw error;
    throw new Error(
      'the backup took longer than MongoDB keeps a snapshot: raise minSnapshotHistoryWindowInSeconds',
    );
  } finally {
    await session.endSession();
    await client.close();
  }
}

async function collect(db: Db, session: ClientSession, folder: string, tell: Tell): Promise<Collected[]> {
  const names = (await db.listCollections({ type: 'collection' }, { nameOnly: true }).toArray()).map(
    ({ name }) => name,
  );
  const collected: Collected[] = [];
  for (const name of names.filter((each) => !each.startsWith('system.')).sort()) {
    const collection = db.collection(name);
    const total = await collection.estimatedDocumentCount();
    const seen = (count: number): void => {
      if (count % 10_000 === 0) tell(`${name}: ${count} of ${Math.max(total, count)}`);
    };
    const cursor = collection.find({}, { session, raw: true, batchSize: BATCH, sort: { _id: 1 } });
    const file = `${name}.bson.gz`;
    const archived = await writeArchive(
      join(folder, file),
      cursor as unknown as AsyncIterable<Uint8Array>,
      seen,
    );
    tell(`${name}: ${archived.count} documents, ${(archived.bytes / 1e6).toFixed(1)} MB`);
    collected.push({ name, file, ...archived, indexes: await collection.listIndexes().toArray() });
  }
  return collected;
}

async function makeEmpty(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0)
    throw new Error(`\`${folder}\` is not empty: a backup is never overwritten`);
}

/** The manifest comes last, whole: a backup without one was cut off. */
async function finish(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, MANIFEST);
  await writeFile(`${path}.new`, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
}
