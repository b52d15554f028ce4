/** The run's MongoDB, with a fresh database for each test file. */
import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';

export interface TestDatabase {
  uri: string;
  dbName: string;
}

/** `testDatabase(import.meta.url)` */
export function testDatabase(file: string): TestDatabase {
  const uri = process.env['TEST_MONGODB_URI'];
  if (uri === undefined)
    throw new Error('no database was started for this run: see test/support/global-setup.mjs');
  const name = basename(new URL(file).pathname, '.test.ts')
    .replaceAll(/[^\w-]/g, '_')
    .slice(0, 40);
  return { uri, dbName: `${name}_${randomUUID().slice(0, 8)}` };
}
