/** A time to look back on: `24h`, `7d`. */
import { CommandError } from './command.ts';

const UNITS: Record<string, number> = { h: 3_600_000, d: 86_400_000 };
const LONGEST = 366 * 86_400_000;

/** Milliseconds. */
export function durationOf(text: string): number {
  const [, number, unit = ''] = /^(\d{1,4})([hd])$/.exec(text) ?? [];
  const duration = Number(number) * (UNITS[unit] ?? NaN);
  if (duration > 0 && duration <= LONGEST) return duration;
  throw new CommandError(`a time is a number of hours or days up to 366d, such as 24h, not \`${text}\``);
}
