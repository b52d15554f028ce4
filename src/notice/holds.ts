/** When the announcement of what is hidden from its patient is over (Code de la santé publique, R1111-53). */
import { type Duration, before } from '../consent/rules.ts';

const LONGEST_MONTH = 31 * 86_400_000;
const DAY = 86_400_000;

/** The first moment that is this long after, as the gate counts it: see `before`. */
export function after(moment: number, duration: Duration): number {
  let low = moment;
  let high = moment + (duration.days ?? 0) * DAY + (duration.months ?? 0) * LONGEST_MONTH + 3 * DAY;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    // hidden since before then: shown
    if (before(middle, duration) > moment) high = middle;
    else low = middle + 1;
  }
  return low;
}
