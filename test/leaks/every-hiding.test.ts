/**
 * Whatever hides it: a store that holds what is hidden and one that doesn't answer alike, byte for byte, each way in
 * which such a server may leak. The design's table "Hidden equals absent"; conformance/consent-rules.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { WRITING } from './support/attempts.ts';
import { named } from './support/cast.ts';
import { histories } from './support/histories.ts';
import { KINDS, type Kind } from './support/kinds.ts';
import type { Probe } from './support/probes.ts';
import { callerOf, makeStage } from './support/stages.ts';
import { more, traces } from './support/traces.ts';
import { READING } from './support/ways.ts';
import { type World, answers, difference } from './support/worlds.ts';

const TABLE = new URL('../golden/leak-probes.txt', import.meta.url);
const PATIENCE = 360_000;
const WAYS = Array.from({ length: 34 }, (_, index) => index + 1);

let full: World | undefined;
let empty: World | undefined;
beforeAll(async () => {
  [full, empty] = await Promise.all([true, false].map((hidden) => makeStage(import.meta.url, hidden, KINDS)));
}, PATIENCE);
afterAll(async () => {
  await Promise.all([full?.carnet.close(), empty?.carnet.close()]);
});

interface Asked {
  way: number;
  probe: Probe;
}

const asked = (ways: typeof READING, kind: Kind): Asked[] =>
  Object.entries(ways).flatMap(([way, probesOf]) =>
    probesOf(kind).map((probe) => ({ way: Number(way), probe })),
  );

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

/** By which not even who may see everything learns anything: links that are another's, operations that aren't there. */
const TELLING_NOTHING = [3, 20, 34];

it(
  'would notice: who may see everything tells the two worlds apart, each way',
  async () => {
    const ways = Object.keys(READING).map(Number);
    const untold: string[] = [];
    for (const kind of KINDS) {
      const tried = ways.filter(
        (way) => !TELLING_NOTHING.includes(way) && kind.spares?.includes(way) !== true,
      );
      const told = await Promise.all(tried.map((way) => isTold(READING[way]!(kind))));
      untold.push(...tried.filter((_, index) => !told[index]).map((way) => `${kind.kind}: way ${way}`));
    }
    expect(untold).toEqual([]);
  },
  PATIENCE,
);

async function isTold(probes: readonly Probe[]): Promise<boolean> {
  for (const probe of probes.filter(({ link }) => link === undefined)) {
    const [one, other] = await Promise.all(
      [full!, empty!].map((world) => answers(world, world.carnet.as('all'), [probe], false)),
    );
    if (one![0] !== other![0]) return true;
  }
  return false;
}

describe.each(KINDS)('hidden by $says', (kind) => {
  it.each([
    ['read', READING, true],
    ['written', WRITING, false],
  ] as const)(
    'hidden and absent are alike in all that is %s',
    async (_, ways, atOnce) => {
      const list = asked(ways, kind);
      const probes = list.map(({ probe }) => probe);
      const [withHidden, without] = await Promise.all(
        [full!, empty!].map((world) => answers(world, callerOf(world.carnet, kind), probes, atOnce)),
      );
      const told = list.flatMap(({ way, probe: { method, path } }, index) =>
        withHidden![index] === without![index]
          ? []
          : [{ way, probe: `${method} ${path}`, ...difference(withHidden![index]!, without![index]!) }],
      );
      expect(told).toEqual([]);
      expect(withHidden!.filter((answer) => answer.startsWith('5'))).toEqual([]);
    },
    PATIENCE,
  );

  it(
    'hidden and absent are alike in the traces of all that was asked',
    async () => {
      const [withHidden, without] = await Promise.all(
        [full!, empty!].map((world) => traces(world, callerOf(world.carnet, kind))),
      );
      expect([more(withHidden!, without!), more(without!, withHidden!)]).toEqual([[], []]);
      // who closed their space is given nothing of it any more
      if (kind.kind !== 'owner') expect(withHidden!.length).toBeGreaterThan(20);
    },
    PATIENCE,
  );

  it(
    'hidden and absent are alike in the access histories',
    async () => {
      const { hidden, shown, deleted } = named(kind);
      for (const patient of new Set([kind.of, kind.visible].flatMap((each) => each.split(' ')))) {
        const [withHidden, without] = await Promise.all(
          [full!, empty!].map((world) =>
            histories(callerOf(world.carnet, kind), patient, [hidden, shown, deleted]),
          ),
        );
        expect(withHidden).toEqual(without);
      }
    },
    PATIENCE,
  );
});
