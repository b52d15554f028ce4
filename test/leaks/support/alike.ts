/** Holds two worlds against each other, whatever hides: as asked by each kind's caller, and by who sees all. */
import { WRITING } from './attempts.ts';
import { named } from './cast.ts';
import { histories } from './histories.ts';
import type { Kind } from './kinds.ts';
import type { Probe } from './probes.ts';
import { callerOf } from './stages.ts';
import { more, traces } from './traces.ts';
import { READING } from './ways.ts';
import { type World, answers, difference } from './worlds.ts';

export const PATIENCE = 360_000;

interface Asked {
  way: number;
  probe: Probe;
}

/** With what is hidden, and without. */
export type Worlds = () => readonly [World, World];

export const asked = (ways: typeof READING, kind: Kind): Asked[] =>
  Object.entries(ways).flatMap(([way, probesOf]) =>
    probesOf(kind).map((probe) => ({ way: Number(way), probe })),
  );

/** By which not even who may see everything learns anything: links that are another's, operations that aren't there. */
const TELLING_NOTHING = [3, 20, 34];

export function itWouldNotice(kinds: readonly Kind[], worlds: Worlds): void {
  it(
    'would notice: who may see everything tells the two worlds apart, each way',
    async () => {
      const ways = Object.keys(READING).map(Number);
      const untold: string[] = [];
      for (const kind of kinds) {
        const tried = ways.filter(
          (way) => !TELLING_NOTHING.includes(way) && kind.spares?.includes(way) !== true,
        );
        const told = await Promise.all(tried.map((way) => isTold(READING[way]!(kind), worlds())));
        untold.push(...tried.filter((_, index) => !told[index]).map((way) => `${kind.kind}: way ${way}`));
      }
      expect(untold).toEqual([]);
    },
    PATIENCE,
  );
}

async function isTold(probes: readonly Probe[], worlds: readonly World[]): Promise<boolean> {
  for (const probe of probes.filter(({ link }) => link === undefined)) {
    const [one, other] = await Promise.all(
      worlds.map((world) => answers(world, world.carnet.as('all'), [probe], false)),
    );
    if (one![0] !== other![0]) return true;
  }
  return false;
}

/** @param untold kinds whose callers are given no traces of what they asked */
export function alike(kinds: readonly Kind[], worlds: Worlds, untold: readonly string[]): void {
  describe.each(kinds)('hidden by $says', (kind) => {
    it.each([
      ['read', READING, true],
      ['written', WRITING, false],
    ] as const)(
      'hidden and absent are alike in all that is %s',
      async (_, ways, atOnce) => {
        const list = asked(ways, kind);
        const probes = list.map(({ probe }) => probe);
        const [withHidden, without] = await Promise.all(
          worlds().map((world) => answers(world, callerOf(world, kind), probes, atOnce)),
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
          worlds().map((world) => traces(world, callerOf(world, kind))),
        );
        expect([more(withHidden!, without!), more(without!, withHidden!)]).toEqual([[], []]);
        if (!untold.includes(kind.kind)) expect(withHidden!.length).toBeGreaterThan(20);
      },
      PATIENCE,
    );

    it(
      'hidden and absent are alike in the access histories',
      async () => {
        const { hidden, shown, deleted } = named(kind);
        for (const patient of new Set([kind.of, kind.visible].flatMap((each) => each.split(' ')))) {
          const [withHidden, without] = await Promise.all(
            worlds().map((world) => histories(callerOf(world, kind), patient, [hidden, shown, deleted])),
          );
          expect(withHidden).toEqual(without);
        }
      },
      PATIENCE,
    );
  });
}
