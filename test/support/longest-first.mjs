/** What takes longest begins first, so that no worker is left alone with it at the end; the others by their size. */
import Sequencer from '@jest/test-sequencer';

/** In the order of what they take. */
const LONGEST = [
  'leaks/every-hiding',
  'leaks/two-worlds',
  'notice/crash',
  'store/crash',
  'store/spill',
  'subscription/killed',
  'ops/verify-audit',
];

const placeOf = ({ path }) => {
  const place = LONGEST.findIndex((name) => path.endsWith(`/test/${name}.test.ts`));
  return place < 0 ? LONGEST.length : place;
};

export default class LongestFirst extends Sequencer {
  async sort(tests) {
    const usual = await super.sort(tests);
    return usual
      .map((test, at) => ({ test, at, place: placeOf(test) }))
      .sort((one, other) => one.place - other.place || one.at - other.at)
      .map(({ test }) => test);
  }
}
