/** The way back from a backup: sums first, then the documents, then the indexes. */
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BSON, MongoClient, type Collection, type Db, type IndexDescription } from 'mongodb';
import { readArchive, sumOf } from './archive.ts';
import {
  FORMAT,
  KEY_FILE,
  MANIFEST,
  type Collected,
  type Manifest,
  type Places,
  type Tell,
} from './backup.ts';

/** What a server reads first: see layout.ts. */
const LAYOUT = 'layout';
const DURABLE = { writeConcern: { w: 'majority', journal: true } } as const;
const SHOWN = 10_000;
const BATCH = { documents: 1000, bytes: 8 * 1024 * 1024 };

/** Throws, having changed nothing, for a damaged backup, and, unless forced, where there is data already. */
export async function restore(places: Places, force: boolean, tell: Tell): Promise<Manifest[]> {
  const [data, keys] = [await readManifest(places.data, 'data'), await readManifest(places.keys, 'keys')];
  // newer keys are right: whoever was erased since stays erased
  if (keys.takenAt < data.takenAt && !force) {
    throw new Error(
      'the keys are older than the data, which may need newer ones: use --force to restore what they open',
    );
  }
  tell('checking the sums …');
  await checkSums(places.data, data);
  await checkSums(places.keys, keys);
  const client = await MongoClient.connect(places.uri, { appName: 'carnet restore' });
  try {
    const parts = [
      { manifest: data, folder: places.data, db: client.db(places.database) },
      { manifest: keys, folder: places.keys, db: client.db(`${places.database}_keys`) },
    ];
    for (const { db } of parts) if (!force) await refuseUnlessEmpty(db);
    await restoreKeyFile(join(places.keys, KEY_FILE), places.keyFile, force);
    for (const { db } of parts) await db.dropDatabase();
    await markUnfinished(client.db(places.database));
    for (const { manifest, folder, db } of parts) {
      const others = manifest.collections.filter(({ name }) => name !== LAYOUT);
      for (const collected of others) await fill(db, collected, folder, tell);
    }
    await fillLayout(client.db(places.database), data, places.data, tell);
    return [data, keys];
  } finally {
    await client.close();
  }
}

async function readManifest(folder: string, part: Manifest['part']): Promise<Manifest> {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')) as Manifest;
  } catch (error) {
    throw new Error(`\`${folder}\` holds no whole backup: ${(error as Error).message}`);
  }
  if (manifest.format !== FORMAT || manifest.version !== 1 || manifest.part !== part) {
    throw new Error(`\`${folder}\` is no backup of the ${part}`);
  }
  // INVARIANT: no path out of the backup's folder, whoever wrote the manifest
  for (const { name, file } of manifest.collections) {
    if (file !== `${name}.bson.gz` || basename(file) !== file) throw new Error(`\`${folder}\` is damaged`);
  }
  return manifest;
}

async function checkSums(folder: string, { collections }: Manifest): Promise<void> {
  for (const { file, bytes, sha256 } of collections) {
    const sum = await sumOf(join(folder, file)).catch((error: unknown) => {
      throw new Error(`\`${file}\` can't be read: ${(error as Error).message}`);
    });
    if (sum.bytes !== bytes || sum.sha256 !== sha256)
      throw new Error(`\`${file}\` is damaged: its sum is another`);
  }
}

async function refuseUnlessEmpty(db: Db): Promise<void> {
  for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray()) {
    if ((await db.collection(name).findOne({}, { projection: { _id: 1 } })) === null) continue;
    throw new Error(`the database \`${db.databaseName}\` is not empty: use --force to replace it`);
  }
}

/** One that differs is kept beside it: it may be the only one that opens other data. */
async function restoreKeyFile(from: string, to: string, force: boolean): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  if (existsSync(to)) {
    if ((await readFile(to)).equals(await readFile(from))) return;
    if (!force) throw new Error(`\`${to}\` holds other keys: use --force to put it aside`);
    await rename(to, `${to}.${new Date().toISOString().replaceAll(/[:.]/g, '-')}`);
  }
  await copyFile(from, `${to}.new`);
  await chmod(`${to}.new`, 0o600);
  await rename(`${to}.new`, to);
}

/** INVARIANT: no server serves what was restored in part. This layout record fits none, and gives way at the end. */
async function markUnfinished(db: Db): Promise<void> {
  const record = {
    _id: 'store' as never,
    layout: Number.MAX_SAFE_INTEGER,
    termKey: 'a restore was not finished',
  };
  await db.collection(LAYOUT).insertOne(record, DURABLE);
}

async function fillLayout(db: Db, { collections }: Manifest, folder: string, tell: Tell): Promise<void> {
  const collected = collections.find(({ name }) => name === LAYOUT);
  if (collected === undefined)
    throw new Error(`\`${folder}\` is no backup of the data: it has no layout record`);
  await db.dropCollection(LAYOUT);
  await fill(db, collected, folder, tell);
}

async function fill(
  db: Db,
  { name, file, count, indexes }: Collected,
  folder: string,
  tell: Tell,
): Promise<void> {
  const collection = await db.createCollection(name);
  let [batch, bytes, done]: [ReturnType<typeof BSON.deserialize>[], number, number] = [[], 0, 0];
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await collection.insertMany(batch, { ordered: false, ...DURABLE });
    if (Math.floor((done + batch.length) / SHOWN) > Math.floor(done / SHOWN))
      tell(`${name}: ${done} of ${count}`);
    done += batch.length;
    [batch, bytes] = [[], 0];
  };
  for await (const document of readArchive(join(folder, file))) {
    // values stay BSON's own: a double that is whole must not come back as an integer
    batch.push(BSON.deserialize(document, { promoteValues: false, promoteBuffers: false, bsonRegExp: true }));
    bytes += document.length;
    if (batch.length >= BATCH.documents || bytes >= BATCH.bytes) await flush();
  }
  await flush();
  if (done !== count) throw new Error(`\`${file}\` held ${done} documents in place of ${count}`);
  await rebuild(collection, indexes as IndexDescription[]);
  tell(`${name}: ${done} documents`);
}

async function rebuild(collection: Collection, indexes: IndexDescription[]): Promise<void> {
  const wanted = indexes.filter(({ name }) => name !== '_id_');
  if (wanted.length > 0) await collection.createIndexes(wanted);
}
