/** Accounts that were suspended before their persons were marked, see shut.ts: they are suspended once more, at the first start. */
import type { Database } from '../database.ts';
import type { KeyRing } from '../keys/keys.ts';
import { MongoLogins } from './logins.ts';

export async function shutOlder(
  database: Database,
  ring: KeyRing,
  tell: (what: string) => void,
): Promise<void> {
  const logins = new MongoLogins(database, ring);
  let done = 0;
  for await (const { account } of database.logins.find(
    { suspended: true },
    { projection: { account: 1, _id: 0 } },
  )) {
    await logins.suspend(account);
    done += 1;
  }
  if (done > 0) tell(`${done} suspended logins are believed nowhere else either`);
}
