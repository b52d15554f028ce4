/** A database's traces, verified as `npm run verify-audit` does. */
import { Codes } from '../../../src/store/chain/codes.ts';
import type { Fault } from '../../../src/store/chain/check.ts';
import { liveSource } from '../../../src/store/chain/sources.ts';
import { type Verdict, verifyChain } from '../../../src/store/chain/verify.ts';
import type { Head } from '../../../src/store/chain/anchor.ts';
import type { Database } from '../../../src/store/database.ts';
import { keyFile } from '../../../src/store/keys/keys.ts';
import { archivedItems, archivedNames } from '../../../src/store/traces/retention.ts';

export async function codesOf(keyPath: string): Promise<Codes> {
  const encryption = await keyFile(keyPath);
  return new Codes((purpose) => encryption.derive(purpose));
}

export async function verified(
  database: Database,
  codes: Codes,
  heads: readonly Head[] = [],
  archive?: { folder: string; key: Buffer },
): Promise<Verdict & { told: Fault[] }> {
  const told: Fault[] = [];
  const verdict = await verifyChain(
    liveSource(database, Date.now()),
    archive === undefined
      ? { names: [], items: nothing() }
      : {
          names: await archivedNames(archive.folder),
          items: archivedItems(archive.folder, archive.key, (text) =>
            told.push({ what: 'unreadable', text }),
          ),
        },
    codes,
    heads,
    (fault) => told.push(fault),
    () => {},
  );
  return { ...verdict, told };
}

async function* nothing(): AsyncGenerator<never> {}
