/** From counts to the callers whom the security officer should look at, by pseudonyms that change each month. */
import { createHmac } from 'node:crypto';
import type { Counts, Tally } from './tally.ts';
import { KINDS, type CallerKind, type Thresholds } from './thresholds.ts';

export type Reason = 'patients' | 'emergencies' | 'refused' | 'hours';

export interface Line extends Counts {
  caller: string;
  kind: CallerKind;
  because: Reason[];
}

export interface Report {
  from: string;
  until: string;
  traces: number;
  /** Who did so little that there was no room to count them. */
  forgotten: number;
  /** What is normal for each kind of caller: patients on their busiest day. */
  normal: { kind: CallerKind; callers: number; median: number; limit: number }[];
  unusual: Line[];
  /** Unusual callers beyond those that are listed. */
  more: number;
}

const LISTED = 200;

export function reportOf(
  tally: Tally,
  thresholds: Thresholds,
  span: { from: number; until: number },
  key: Buffer,
): Report {
  const callers = [...tally.callers()];
  const normal = KINDS.flatMap((kind) => {
    const days = callers.filter((each) => each.kind === kind).map(({ counts }) => counts.busiestDay);
    if (days.length === 0) return [];
    const median = medianOf(days);
    const { times, callers: enough, least } = thresholds.patients;
    const limit = Math.max(days.length < enough ? 0 : times * median, least[kind]);
    return [{ kind, callers: days.length, median, limit }];
  });
  const limits = new Map(normal.map(({ kind, limit }) => [kind, limit]));
  const pseudonym = pseudonyms(key, span.until);
  const unusual = callers
    .map(({ who, kind, counts }) => ({
      ...counts,
      who,
      kind,
      because: reasons(kind, counts, limits.get(kind)!, thresholds),
    }))
    .filter(({ because }) => because.length > 0)
    .sort((a, b) => b.because.length - a.because.length || b.busiestDay - a.busiestDay);
  return {
    from: new Date(span.from).toISOString(),
    until: new Date(span.until).toISOString(),
    traces: tally.traces,
    forgotten: tally.forgotten,
    normal,
    unusual: unusual.slice(0, LISTED).map(({ who, ...line }) => ({ caller: pseudonym(who), ...line })),
    more: Math.max(unusual.length - LISTED, 0),
  };
}

/** The same caller is the same within a month, and nobody can be followed from one to the next without the key. */
export function pseudonyms(key: Buffer, at: number): (who: string) => string {
  const month = new Date(at).toISOString().slice(0, 7);
  return (who) => createHmac('sha256', key).update(`${month} ${who}`).digest('hex').slice(0, 16);
}

function reasons(
  kind: CallerKind,
  { busiestDay, emergencies, refused, outside, accesses }: Counts,
  limit: number,
  thresholds: Thresholds,
): Reason[] {
  const { least, share } = thresholds.outside;
  const found: [Reason, boolean][] = [
    ['patients', busiestDay > limit],
    ['emergencies', emergencies > thresholds.emergencies],
    ['refused', refused > thresholds.refused[kind]],
    ['hours', outside > least && outside > share * accesses],
  ];
  return found.filter(([, holds]) => holds).map(([reason]) => reason);
}

function medianOf(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
