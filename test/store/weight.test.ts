import { upTo } from '../../src/store/command.ts';
import { MOST_BYTES, light, weightOf } from '../../src/store/weight.ts';

const MIB = 1024 * 1024;
const doc = (mib: number) => ({ body: { length: mib * MIB } });
const SPILLED = { spill: {} };
const page = (...docs: object[]): number => light(docs, (each) => each).length;

it('a page holds what fits, and one at least', () => {
  expect(page()).toBe(0);
  expect(page(doc(1), {}, doc(2))).toBe(3);
  expect(page(doc(64), doc(64))).toBe(2);
  expect(page(doc(64), doc(64), doc(1))).toBe(2);
  expect(page(doc(200))).toBe(1);
  expect(page(doc(200), doc(1))).toBe(1);
  expect(page(SPILLED, SPILLED, SPILLED)).toBe(2);
  expect(page(...Array.from({ length: 70 }, () => ({ ...SPILLED, size: MIB })))).toBe(64);
});

it('no more is read than what goes beyond', async () => {
  let read = 0;
  async function* cursor() {
    for (;;) {
      read += 1;
      yield doc(50);
    }
  }
  const found = await upTo(cursor(), MOST_BYTES, weightOf);
  expect([found.length, read]).toEqual([3, 3]);
});
