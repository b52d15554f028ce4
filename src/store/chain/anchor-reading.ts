/** What the anchor's files tell: the newest link of each chain that must be in the database. */
import { type KeyObject, verify } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Line, RESTORED, fingerprintOf, signed } from './anchor-file.ts';
import type { Head } from './anchor.ts';
import type { Fault } from './check.ts';

/** Clocks of two machines differ by less. Milliseconds. */
const CLOCKS = 10_000;

interface Restored {
  takenAt: number;
  at: number;
}

export interface Anchored {
  heads: Head[];
  checkpoints: number;
}

/** @param until what was told later need not be there: milliseconds, of a backup */
export async function readAnchor(
  folder: string,
  keys: readonly KeyObject[],
  until: number,
  tell: (fault: Fault) => void,
): Promise<Anchored> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^[0-9a-f]{16}\.ndjson$/.test(name));
  const restored = await restoredIn(folder);
  const counts = ({ at }: Line): boolean =>
    at <= until - (until === Infinity ? 0 : CLOCKS) &&
    !restored.some((each) => at > each.takenAt - CLOCKS && at < each.at);
  const byPrint = new Map(keys.map((key) => [fingerprintOf(key), key]));
  const found: Anchored = { heads: [], checkpoints: 0 };
  for (const name of names.sort()) {
    let head: Line | undefined;
    let isCut = false;
    for await (const text of createInterface({
      input: createReadStream(join(folder, name)),
      crlfDelay: Infinity,
    })) {
      const line = lineOf(text, name);
      // the last one, when the process was killed
      if (line === undefined) isCut = true;
      if (line === undefined || !counts(line)) continue;
      if (line.signature !== undefined) {
        found.checkpoints += 1;
        const key = byPrint.get(line.key ?? '');
        if (key === undefined || !verify(null, signed(line), key, Buffer.from(line.signature, 'base64url')))
          tell({
            what: 'changed',
            chain: line.chain,
            l: line.l,
            text: 'a checkpoint whose signature is not ours',
          });
      }
      if (head === undefined || line.l >= head.l) head = line;
      else tell({ what: 'changed', chain: line.chain, l: line.l, text: 'the anchor goes back' });
    }
    if (isCut && head === undefined) continue;
    if (head !== undefined) found.heads.push({ ...head, code: Buffer.from(head.code, 'base64url') });
  }
  return found;
}

function lineOf(text: string, name: string): Line | undefined {
  try {
    const line = JSON.parse(text) as Line;
    return name === `${line.chain}.ndjson` ? line : undefined;
  } catch {
    return undefined;
  }
}

async function restoredIn(folder: string): Promise<Restored[]> {
  const text = await readFile(join(folder, RESTORED), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Restored);
}
