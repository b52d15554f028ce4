/** A line of an access history: one visit with all that is told of it. */
import { type Happening, type Mode, type Who } from './happening.ts';
import { type Kind, KINDS, kindNames } from './kinds.ts';
import { type Summary, summaryOf } from './summary.ts';
import type { Clock } from './when.ts';
import type { Visit } from './visits.ts';
import { sentenceOf } from './words.ts';

export interface Line {
  text: string;
  summary: Summary;
  who: Who;
  mode: Mode;
  purposes: readonly string[];
  reason?: string;
  kinds: readonly Kind[];
  /** `Type/id`, each once, in the order in which they were last touched. */
  resources: readonly string[];
  /** What those of them are called that the reader may be given now. */
  titles: ReadonlyMap<string, string>;
  addresses: readonly string[];
  /** Ids of its AuditEvents, newest first. */
  traces: readonly string[];
  /** Told by another system. */
  outside: boolean;
  /** The next page goes on with it. */
  cut: boolean;
}

/** @param reader `Practitioner/x`: who reads is called you */
export function lineOf(
  visit: Visit,
  reader: string,
  clock: Clock,
  titles: ReadonlyMap<string, string> = new Map(),
): Line {
  const { happenings, cut } = visit;
  const [last] = happenings as [Happening];
  const { mode, purposes, outside } = last;
  const who = fullest(happenings);
  const reason = happenings.map((each) => each.reason).find((each) => each !== undefined);
  const summary = summaryOf(visit);
  const own = who.reference === reader;
  const told = { who, mode, purposes, reason, outside, own, cut };
  const named = new Set(happenings.flatMap((each) => each.resources));
  const kinds = new Set(happenings.flatMap((each) => kindNames(each, each.mode !== 'usual')));
  return {
    text: sentenceOf(told, summary, clock),
    summary,
    who,
    mode,
    purposes,
    ...(reason === undefined ? {} : { reason }),
    kinds: KINDS.filter((kind) => kinds.has(kind)),
    resources: [...named],
    titles: new Map([...titles].filter(([name]) => named.has(name))),
    addresses: distinct(happenings.flatMap(({ address }) => address ?? [])),
    traces: happenings.map(({ id }) => id),
    outside,
    cut,
  };
}

/** Who is named best: not every trace of somebody says as much. */
function fullest(happenings: readonly Happening[]): Who {
  return Object.assign({}, ...happenings.map(({ who }) => who).reverse()) as Who;
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}
