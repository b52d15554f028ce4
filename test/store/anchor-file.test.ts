/** The anchor's file tells heads in their order, whatever is told while a checkpoint is being written. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Head } from '../../src/store/chain/anchor.ts';
import { anchorFile } from '../../src/store/chain/anchor-file.ts';
import { readAnchor } from '../../src/store/chain/anchor-reading.ts';
import type { Fault } from '../../src/store/chain/check.ts';

const CHAIN = '00112233445566aa';
const folder = mkdtempSync(join(tmpdir(), 'carnet-anchor-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const head = (l: number): Head => ({
  chain: CHAIN,
  l,
  n: l,
  at: 1_700_000_000_000 + l,
  code: Buffer.from([l]),
});

/** What is told soon is due by then, and nothing of it could be written. */
function busy(milliseconds: number): void {
  for (const end = Date.now() + milliseconds; Date.now() < end;);
}

it('goes forth only, and its checkpoints are ours', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const anchor = anchorFile(folder, privateKey);
  const checks: Promise<void>[] = [];
  for (let l = 0; l < 40; l += 2) {
    anchor.tell(head(l));
    checks.push(anchor.check(head(l)));
    anchor.tell(head(l + 1));
    busy(110);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(checks);
  await anchor.close();
  const told: Fault[] = [];
  const { heads, checkpoints } = await readAnchor(folder, [publicKey], Infinity, (fault) => told.push(fault));
  expect(told).toEqual([]);
  expect(checkpoints).toBe(20);
  expect(heads.map(({ l }) => l)).toEqual([39]);
  const lines = readFileSync(join(folder, `${CHAIN}.ndjson`), 'utf8')
    .trim()
    .split('\n');
  const numbers = lines.map((line) => (JSON.parse(line) as Head).l);
  expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
});

it('a head that goes back is found', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const other = mkdtempSync(join(tmpdir(), 'carnet-anchor-'));
  const anchor = anchorFile(other, privateKey);
  await anchor.check(head(5));
  await anchor.check(head(4));
  const told: Fault[] = [];
  await readAnchor(other, [publicKey], Infinity, (fault) => told.push(fault));
  expect(told).toEqual([{ what: 'changed', chain: CHAIN, l: 4, text: 'the anchor goes back' }]);
  rmSync(other, { recursive: true, force: true });
});
