/**
 * The anchor as files: one for each chain, with a line for its newest link as it grows, and a signed one each minute
 * (Ed25519, https://www.rfc-editor.org/rfc/rfc8032). Whoever can write to the database only can't reach them.
 */
import { type KeyObject, createHash, createPublicKey, sign } from 'node:crypto';
import { appendFile, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Anchor, Head } from './anchor.ts';

/** A head that is a little old tells as much. Milliseconds. */
const TOLD_WITHIN = 100;
export const RESTORED = 'restored.ndjson';

export interface Line {
  chain: string;
  l: number;
  n: number;
  at: number;
  code: string;
  /** Over the rest, by the key of this fingerprint. */
  key?: string;
  signature?: string;
}

export function anchorFile(folder: string, signingKey: KeyObject): Anchor {
  let newest: Head | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  const key = fingerprintOf(signingKey);
  const append = (line: Line, durable: boolean): Promise<void> => {
    const next = writing.catch(() => {}).then(() => write(folder, line, durable));
    writing = next;
    return next;
  };
  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    if (newest === undefined) return;
    const line = lineOf(newest);
    newest = undefined;
    await append(line, false);
  };
  return {
    tell(head) {
      newest = head;
      // what can't be told now is told by the next one, and missed by who checks the age of the last
      timer ??= setTimeout(() => void flush().catch(() => {}), TOLD_WITHIN).unref();
    },
    async check(head) {
      // INVARIANT: it takes its place before anything is waited for, so that what is told meanwhile comes after it
      if (newest !== undefined && newest.l <= head.l) newest = undefined;
      const line = lineOf(head);
      await append(
        { ...line, key, signature: sign(null, signed(line), signingKey).toString('base64url') },
        true,
      );
    },
    async close() {
      await flush();
      await writing;
    },
  };
}

async function write(folder: string, line: Line, durable: boolean): Promise<void> {
  const path = join(folder, `${line.chain}.ndjson`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const text = `${JSON.stringify(line)}\n`;
  if (!durable) return appendFile(path, text, { mode: 0o600 });
  const file = await open(path, 'a', 0o600);
  try {
    await file.appendFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
}

const lineOf = ({ chain, l, n, at, code }: Head): Line => ({
  chain,
  l,
  n,
  at,
  code: code.toString('base64url'),
});

export function signed({ chain, l, n, at, code }: Line): Buffer {
  return Buffer.from(JSON.stringify(['carnet checkpoint', chain, l, n, at, code]));
}

export function fingerprintOf(key: KeyObject): string {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  return createHash('sha256')
    .update(half.export({ format: 'der', type: 'spki' }))
    .digest('hex')
    .slice(0, 16);
}

/** Says that the database was brought back to an earlier state: what was told since is not missed. */
export async function tellRestored(folder: string, takenAt: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const line = JSON.stringify({ takenAt: Date.parse(takenAt), at: Date.now() });
  await appendFile(join(folder, RESTORED), `${line}\n`, { mode: 0o600 });
}
