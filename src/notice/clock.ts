/** Times of day where somebody lives, through the changes of summer and winter. */

const DAY = 1440;
const MINUTE = 60_000;
/** More than there are zones, of which each can be written in many ways. */
const REMEMBERED = 1_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Minutes since midnight there. */
function minuteOf(moment: number, zone: string): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    if (formats.size >= REMEMBERED) formats.clear();
    formats.set(zone, format);
  }
  return minutes(format.format(moment));
}

function minutes(time: string): number {
  const [hour = '0', minute = '0'] = time.split(':');
  return Number(hour) * 60 + Number(minute);
}

/** The next moment after this one at which a clock there shows the time; one that it leaps over is an hour later. */
export function nextAt(moment: number, time: string, zone: string): number {
  const wanted = minutes(time);
  const start = Math.floor(moment / MINUTE) * MINUTE;
  const ahead = (wanted - minuteOf(start, zone) + DAY) % DAY || DAY;
  const guess = start + ahead * MINUTE;
  // the clock may have been changed on the way
  const off = ((minuteOf(guess, zone) - wanted + DAY + DAY / 2) % DAY) - DAY / 2;
  const righted = guess - off * MINUTE;
  return righted > moment && minuteOf(righted, zone) === wanted ? righted : guess;
}

/** From the one time to the other, over midnight if that is earlier. */
export function within(
  moment: number,
  { from, until }: { from: string; until: string },
  zone: string,
): boolean {
  const [at, begin, end] = [minuteOf(moment, zone), minutes(from), minutes(until)];
  return begin <= end ? begin <= at && at < end : at >= begin || at < end;
}

export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone }).format(0);
    return true;
  } catch {
    return false;
  }
}
