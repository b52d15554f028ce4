/** Decisions as Parameters: how many alike, by which line, by which provision of which version of which Consent. */
import type { Decision } from '../consent/lines.ts';
import type { Language } from '../consent/reasons.ts';
import { lineInWords } from '../consent/words.ts';
import { type Sight, WITH_OTHERS } from '../enforcement/insight.ts';
import type { Json } from '../fhir/resource.ts';

/** Of one decision, and ways of deciding of one kind of data. */
const MOST_CITED = 20;
const MOST_WAYS = 20;

/** @param count of how many resources it decides so; absent: of the one that was asked for */
export function ground(decision: Decision, language: Language, count?: number): Json {
  const { line, effect, cited } = decision;
  return {
    name: 'reason',
    part: [
      { name: 'effect', valueCode: effect },
      ...(line === WITH_OTHERS ? [] : [{ name: 'line', valuePositiveInt: line }]),
      ...(count === undefined ? [] : [{ name: 'count', valueUnsignedInt: count }]),
      { name: 'text', valueString: lineInWords(decision, language) },
      ...cited.slice(0, MOST_CITED).map(({ because, at }) => ({
        name: 'source',
        part: [
          { name: 'reference', valueReference: referenceTo(because, language) },
          ...(at === undefined ? [] : [{ name: 'expression', valueString: at }]),
        ],
      })),
    ],
  };
}

const UNSAVED = { fr: 'le consentement proposé', en: 'the Consent proposed' };

/** What isn't saved has no version. */
function referenceTo(because: string, language: Language): Json {
  return because.endsWith('/_history/') ? { display: UNSAVED[language] } : { reference: because };
}

/** The different ways in which these are decided, the most frequent first. */
export function grounds(sights: readonly Pick<Sight, 'decision'>[], language: Language): Json[] {
  const ways = new Map<string, { decision: Decision; count: number }>();
  for (const { decision } of sights) {
    const name = JSON.stringify([decision.line, decision.effect, decision.cited]);
    const way = ways.get(name);
    if (way === undefined) ways.set(name, { decision, count: 1 });
    else way.count += 1;
  }
  return [...ways.values()]
    .sort((a, b) => b.count - a.count)
    .slice(0, MOST_WAYS)
    .map(({ decision, count }) => ground(decision, language, count));
}

/** These by what they are. */
export function byKind<T>(items: readonly T[], kindOf: (item: T) => string): [string, T[]][] {
  const kinds = new Map<string, T[]>();
  for (const item of items) {
    const kind = kindOf(item);
    const alike = kinds.get(kind);
    if (alike === undefined) kinds.set(kind, [item]);
    else alike.push(item);
  }
  return [...kinds].sort(([a], [b]) => (a < b ? -1 : 1));
}
