/** Whether a moment is outside the hours in which people work, as the clock on their wall has it. */
import type { Thresholds } from './thresholds.ts';

const HOUR = 3_600_000;
const QUARTER = HOUR / 4;
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const REMEMBERED = 40_000;

export function hoursOf({ zone, from, until, days }: Thresholds['hours']): (at: number) => boolean {
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    hour12: false,
  });
  // the clock is asked once for a quarter of an hour, in which no zone changes its hour
  const known = new Map<number, boolean>();
  return (at) => {
    const quarter = Math.floor(at / QUARTER);
    let isOutside = known.get(quarter);
    if (isOutside === undefined) {
      const parts = clock.formatToParts(quarter * QUARTER);
      const hour = Number(parts.find(({ type }) => type === 'hour')!.value) % 24;
      const day = DAYS.indexOf(parts.find(({ type }) => type === 'weekday')!.value);
      isOutside = hour < from || hour >= until || !days.includes(day);
      if (known.size >= REMEMBERED) known.clear();
      known.set(quarter, isOutside);
    }
    return isOutside;
  };
}
