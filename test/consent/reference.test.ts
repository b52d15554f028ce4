/**
 * The engine, held against an evaluator that is written from `conformance/consent-rules.md` alone: the condition of
 * its plan, and what it decides and by which line. `PROVE=1000000` tries that many cases.
 */
import fc from 'fast-check';
import { moments } from './support/arbitrary.ts';
import { callers } from './support/arbitrary-caller.ts';
import { caseOf, deposits, statements } from './support/arbitrary-case.ts';
import { type Case, isWhole, reference } from './support/case.ts';
import { type Engine, engine } from './support/engine.ts';
import type { Decision } from './support/reference.ts';
import { carries } from './support/reference-rules.ts';
import { rulesWith } from './support/rules.ts';
import { shrink } from './support/shrink.ts';

const CASES = Number(process.env['PROVE'] ?? 40_000);
/** How many of a thousand cases are decided so, at least; of a line nothing else may be decided. */
const LEAST: Record<string, number> = {
  '1 deny': 15,
  '2 deny': 30,
  '2 permit': 0.3,
  '3 permit': 15,
  '4 deny': 18,
  '5 deny': 5,
  '6 permit': 30,
  '6 permit by RelatedPerson': 6,
  '6 permit by Consent': 0.15,
  '7 permit': 20,
  '7 permit by Consent': 0.6,
  '7 permit masked': 0.15,
  '8 permit': 4,
  '8 permit masked': 0.8,
  '8 permit of a trace': 0.05,
  '9 deny': 70,
  '10 permit': 30,
  '10 permit by CareTeam': 0.3,
  '10 deny': 70,
  '11 deny': 25,
  '12 deny': 140,
};
/** Callers and resources to each set of Consents. */
const pairs = <T>(one: fc.Arbitrary<T>) => fc.tuple(one, one);

const byPage = (each: Case): string => told(reference(each));
const byEngine = (each: Case): string => told(engine(each));
const told = ({ line, effect, planned = effect }: Decision & Partial<Engine>): string =>
  `line ${line}: ${effect}; a search: ${planned}`;

/** How it is decided, and what makes a difference within the line. */
function waysOf(each: Case, { line, effect, because }: Engine): string[] {
  const way = `${line} ${effect}`;
  const types = new Set(because.map((name) => name.split('/')[0]!));
  const isMasked = carries(each.resource, rulesWith(each.rules).labels.masked);
  const isTrace = each.resource.resourceType === 'AuditEvent';
  return [
    way,
    ...[...types].map((type) => `${way} by ${type}`),
    ...(isMasked ? [`${way} masked`] : []),
    ...(isTrace ? [`${way} of a trace`] : []),
  ];
}

it(
  `the engine and the page agree on ${CASES} cases`,
  () => {
    let tried = 0;
    const met = new Map<string, number>();
    fc.assert(
      fc.property(statements, pairs(callers), pairs(deposits), moments, (said, whos, whats, now) => {
        for (const caller of whos) {
          for (const what of whats) {
            const each = caseOf(said, what, caller, now);
            const decision = engine(each);
            if (told(decision) !== byPage(each)) throw new Error(disagreement(each));
            for (const way of waysOf(each, decision)) met.set(way, (met.get(way) ?? 0) + 1);
            tried += 1;
          }
        }
      }),
      { numRuns: Math.ceil(CASES / 4), endOnFailure: true },
    );
    expect(tried).toBeGreaterThanOrEqual(CASES);
    const rare = Object.keys(LEAST).filter((way) => ((met.get(way) ?? 0) / tried) * 1000 < LEAST[way]!);
    expect(rare.map((way) => `${way}: ${met.get(way) ?? 0} of ${tried}`)).toEqual([]);
    expect([...met.keys()].filter((way) => /^\d+ \w+$/.test(way) && LEAST[way] === undefined)).toEqual([]);
  },
  60_000 + 2 * CASES,
);

/** As test/consent/cases keeps it. */
function disagreement(found: Case): string {
  const least = shrink(found, (each) => isWhole(each) && byPage(each) !== byEngine(each));
  return `the engine and the page disagree: ${JSON.stringify({ ...least, page: byPage(least), engine: byEngine(least) })}`;
}
