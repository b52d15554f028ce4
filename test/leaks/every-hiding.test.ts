/**
 * Whatever hides it: a store that holds what is hidden and one that doesn't answer alike, byte for byte, each way in
 * which such a server may leak. The design's table "Hidden equals absent"; conformance/consent-rules.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { PATIENCE, alike, asked, itWouldNotice } from './support/alike.ts';
import { WRITING } from './support/attempts.ts';
import { KINDS, type Kind } from './support/kinds.ts';
import { makeStage } from './support/stages.ts';
import { READING } from './support/ways.ts';
import type { World } from './support/worlds.ts';

const TABLE = new URL('../golden/leak-probes.txt', import.meta.url);
const WAYS = Array.from({ length: 34 }, (_, index) => index + 1);

let full: World | undefined;
let empty: World | undefined;
beforeAll(async () => {
  [full, empty] = await Promise.all([true, false].map((hidden) => makeStage(import.meta.url, hidden, KINDS)));
}, PATIENCE);
afterAll(async () => {
  await Promise.all([full?.carnet.close(), empty?.carnet.close()]);
});

const count = (kind: Kind, way: number): number =>
  [...asked(READING, kind), ...asked(WRITING, kind)].filter((each) => each.way === way).length;

it('tries each way with each kind of hiding, as the reviewed table says', () => {
  const cells = KINDS.flatMap((kind) =>
    WAYS.map((way) => ({ kind: kind.kind, way, probes: count(kind, way) })),
  );
  expect(cells.filter(({ probes }) => probes === 0)).toEqual([]);
  const line = (name: string, numbers: readonly number[]): string =>
    [name.padEnd(58), ...numbers.map((number) => String(number).padStart(3))].join('');
  const table = [
    'Probes: the kinds of hiding by the ways of leaking. `GOLDEN=write` writes it anew.',
    '',
    line('hidden by', WAYS),
    ...KINDS.map((kind) =>
      line(
        kind.says,
        WAYS.map((way) => count(kind, way)),
      ),
    ),
    '',
  ].join('\n');
  if (process.env['GOLDEN'] === 'write') writeFileSync(TABLE, table);
  expect(table.split('\n')).toEqual(readFileSync(TABLE, 'utf8').split('\n'));
});

const worlds = () => [full!, empty!] as const;
itWouldNotice(KINDS, worlds);
// who closed their space is given nothing of it any more
alike(KINDS, worlds, ['owner']);
