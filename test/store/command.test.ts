/** What is written by a plain command is there once, whatever happens to the first try. */
import { type Collection, type Document, MongoClient } from 'mongodb';
import { insert } from '../../src/store/command.ts';
import { testDatabase } from '../support/database.ts';

interface Line extends Document {
  _id: string;
}

const { uri, dbName } = testDatabase(import.meta.url);
const client = new MongoClient(uri);
const lines: Collection<Line> = client.db(dbName).collection('lines');
const documents = (name: string, count: number): Line[] =>
  Array.from({ length: count }, (_, index) => ({ _id: `${name}-${index}` }));

afterAll(async () => {
  await client.db(dbName).dropDatabase();
  await client.close();
});

/** The collection, whose first command is done or not, and whose answer is lost. */
function losing(done: boolean): Collection<Line> {
  const command = async (asked: Document): Promise<never> => {
    if (done) await lines.db.command(asked);
    throw new Error('the connection was lost');
  };
  const given = { collectionName: 'lines', db: { command }, insertMany: lines.insertMany.bind(lines) };
  return given as unknown as Collection<Line>;
}

it.each([1, 64, 65, 200])('writes %i', async (count) => {
  await insert(lines, documents(`all-${count}`, count));
  expect(await lines.countDocuments({ _id: new RegExp(`^all-${count}-`) })).toBe(count);
});

it.each([true, false])('writes again when the answer is lost (it was written before: %s)', async (done) => {
  await insert(losing(done), documents(`lost-${done}`, 3));
  expect(await lines.countDocuments({ _id: new RegExp(`^lost-${done}-`) })).toBe(3);
});

it.each([2, 70])('fails when one of %i ids is taken by another', async (count) => {
  await lines.insertOne({ _id: `taken-${count}-1` });
  await expect(insert(lines, documents(`taken-${count}`, count))).rejects.toMatchObject({ code: 11000 });
});
