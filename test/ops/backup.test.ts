import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Binary, Double, GridFSBucket, Int32, Long, MongoClient, type Db, type Document } from 'mongodb';
import { backup, type Manifest } from '../../src/store/backup/backup.ts';
import { restore } from '../../src/store/backup/restore.ts';
import { testDatabase } from '../support/database.ts';

const { uri, dbName } = testDatabase(import.meta.url);
let client: MongoClient;
let data: Db;
let keys: Db;
let folder: string;
let places: Parameters<typeof backup>[0];

const LAYOUT: Document = { _id: 'store', layout: 1001, termKey: 'abc' };

beforeAll(async () => {
  client = await MongoClient.connect(uri);
});

afterAll(() => client.close());

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'carnet-backup-'));
  const keyFile = join(folder, 'server', 'kek.json');
  mkdirSync(join(folder, 'server'));
  writeFileSync(keyFile, '{"current":"k1"}');
  places = { uri, database: dbName, keyFile, data: join(folder, 'data'), keys: join(folder, 'keys') };
  data = client.db(dbName);
  keys = client.db(`${dbName}_keys`);
  await data.collection('layout').insertOne({ ...LAYOUT });
  await data.collection('resources').insertMany(RESOURCES.map((document) => ({ ...document })));
  await data.collection('resources').createIndex({ patient: 1, date: -1 }, { name: 'patient_date' });
  await keys.collection<{ _id: string }>('keys').insertOne({ _id: 'p1' });
});

afterEach(async () => {
  await data.dropDatabase();
  await keys.dropDatabase();
  rmSync(folder, { recursive: true, force: true });
});

/** Values that a careless way through JavaScript would change. */
const RESOURCES: Document[] = [
  { _id: 'whole double', value: new Double(5) },
  { _id: 'int', value: new Int32(5) },
  { _id: 'long', value: Long.fromString('9007199254740993') },
  { _id: 'bytes', value: new Binary(Buffer.from([0, 255, 1])) },
  { _id: 'date', value: new Date('2024-02-29T12:00:00.123Z') },
  { _id: 'nothing', value: null, empty: [], nested: { a: [{ b: 1 }] } },
  { _id: '__proto__', value: { $gt: '' }, 'a.b': 1 },
];

const quiet = (): void => {};
const take = (): Promise<Manifest[]> => backup(places, quiet);
const bringBack = (force = false): Promise<Manifest[]> => restore(places, force, quiet);

async function lose(): Promise<void> {
  await data.dropDatabase();
  await keys.dropDatabase();
  rmSync(places.keyFile);
}

/** The documents' bytes, in hexadecimal. */
async function bytesOf(db: Db, name: string): Promise<string[]> {
  const documents = await db
    .collection(name)
    .find({}, { raw: true, sort: { _id: 1 } })
    .toArray();
  return documents.map((document) => Buffer.from(document as unknown as Uint8Array).toString('hex'));
}

describe('backup, loss, restore', () => {
  it('bring back every document byte for byte, the indexes and the key file', async () => {
    const before = await bytesOf(data, 'resources');
    expect(before).toHaveLength(RESOURCES.length);
    await take();
    await lose();
    await bringBack();
    expect(await bytesOf(data, 'resources')).toEqual(before);
    expect(await keys.collection('keys').find().toArray()).toEqual([{ _id: 'p1' }]);
    expect(await data.collection('layout').find().toArray()).toEqual([LAYOUT]);
    expect((await data.collection('resources').indexes()).map(({ name }) => name)).toEqual([
      '_id_',
      'patient_date',
    ]);
    expect(readFileSync(places.keyFile, 'utf8')).toBe('{"current":"k1"}');
    expect(statSync(places.keyFile).mode & 0o077).toBe(0);
  });

  it('bring back files of GridFS, and documents of several megabytes', async () => {
    const content = Buffer.alloc(5_000_000, 'content ');
    const stream = new GridFSBucket(data, { bucketName: 'spill' }).openUploadStream('a');
    await new Promise((resolve, reject) => stream.on('finish', resolve).on('error', reject).end(content));
    await data.collection<Document>('history').insertOne({ body: new Binary(Buffer.alloc(15_000_000, 1)) });
    await take();
    await lose();
    await bringBack();
    const chunks = new GridFSBucket(data, { bucketName: 'spill' }).openDownloadStreamByName('a');
    expect(Buffer.concat(await chunks.toArray()).equals(content)).toBe(true);
    expect((await data.collection('spill.chunks').indexes()).map(({ name }) => name)).toContain(
      'files_id_1_n_1',
    );
    expect(await data.collection('history').countDocuments()).toBe(1);
  });

  it('show one moment, whatever is written meanwhile', async () => {
    let writing = true;
    let pairs = 0;
    const writer = (async () => {
      for (; writing; pairs += 1) {
        const session = client.startSession();
        await session.withTransaction(async () => {
          await data.collection('resources').insertOne({ pair: pairs }, { session });
          await data.collection('audit').insertOne({ pair: pairs }, { session });
        });
        await session.endSession();
      }
    })();
    while (pairs < 20) await new Promise((resolve) => setTimeout(resolve, 5));
    await take();
    writing = false;
    await writer;
    await lose();
    await bringBack();
    const [resources, audit] = await Promise.all(
      ['resources', 'audit'].map((name) => data.collection(name).distinct('pair')),
    );
    expect(resources!.length).toBeGreaterThanOrEqual(20);
    expect(resources).toEqual(audit);
  });
});

describe('a backup', () => {
  it('holds no key in the folder of the data, and no data in that of the keys', async () => {
    await take();
    expect(readdirSync(places.data).sort()).toEqual(['layout.bson.gz', 'manifest.json', 'resources.bson.gz']);
    expect(readdirSync(places.keys).sort()).toEqual(['key-file.json', 'keys.bson.gz', 'manifest.json']);
  });

  it('never overwrites', async () => {
    await take();
    await expect(take()).rejects.toThrow('is not empty: a backup is never overwritten');
  });
});

describe('a restore', () => {
  beforeEach(take);

  it('refuses a database that holds anything, unless forced', async () => {
    await data.collection<{ _id: string }>('resources').insertOne({ _id: 'later' });
    await expect(bringBack()).rejects.toThrow('is not empty: use --force to replace it');
    expect(await data.collection('resources').countDocuments()).toBe(RESOURCES.length + 1);
    await bringBack(true);
    expect(await data.collection('resources').countDocuments()).toBe(RESOURCES.length);
  });

  it('refuses to replace another key file, and keeps it when forced', async () => {
    await lose();
    writeFileSync(places.keyFile, '{"current":"other"}');
    await expect(bringBack()).rejects.toThrow('holds other keys');
    await bringBack(true);
    expect(readFileSync(places.keyFile, 'utf8')).toBe('{"current":"k1"}');
    const aside = readdirSync(join(folder, 'server')).filter((name) => name !== 'kek.json');
    expect(aside.map((name) => readFileSync(join(folder, 'server', name), 'utf8'))).toEqual([
      '{"current":"other"}',
    ]);
  });

  it.each([
    ['with a flipped bit', (file: string) => flip(file)],
    ['that was cut short', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 20))],
    ['that is missing', (file: string) => rmSync(file)],
  ])('changes nothing for a file %s', async (_, damage) => {
    damage(join(places.data, 'resources.bson.gz'));
    await expect(bringBack(true)).rejects.toThrow('resources.bson.gz');
    expect(await data.collection('resources').countDocuments()).toBe(RESOURCES.length);
  });

  it('refuses a backup that was cut off, the folders exchanged, and a path out of the folder', async () => {
    await expect(restore({ ...places, data: places.keys, keys: places.data }, true, quiet)).rejects.toThrow(
      'is no backup of',
    );
    const path = join(places.data, 'manifest.json');
    const manifest = readFileSync(path, 'utf8');
    writeFileSync(path, manifest.replaceAll('resources', '../resources'));
    await expect(bringBack(true)).rejects.toThrow('is damaged');
    rmSync(path);
    await expect(bringBack(true)).rejects.toThrow('holds no whole backup');
  });

  it('takes newer keys as they are, and older ones only when forced', async () => {
    const path = join(places.data, 'manifest.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
    const dated = (takenAt: string): void => writeFileSync(path, JSON.stringify({ ...manifest, takenAt }));
    await lose();
    dated('2999-01-01T00:00:00.000Z');
    await expect(bringBack()).rejects.toThrow('the keys are older than the data');
    dated('2020-01-01T00:00:00.000Z');
    await bringBack();
    expect(await data.collection('resources').countDocuments()).toBe(RESOURCES.length);
  });

  it('that breaks off leaves a layout that no server accepts', async () => {
    await lose();
    const path = join(places.keys, 'manifest.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"count": 1', '"count": 2'));
    await expect(bringBack()).rejects.toThrow('held 1 documents in place of 2');
    expect(await data.collection('layout').find().toArray()).toEqual([
      expect.objectContaining({ _id: 'store', layout: Number.MAX_SAFE_INTEGER }),
    ]);
  });
});

function flip(file: string): void {
  const content = readFileSync(file);
  content[content.length >> 1]! ^= 1;
  writeFileSync(file, content);
}
