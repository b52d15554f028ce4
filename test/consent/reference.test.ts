/**
 * The engine, held against an evaluator that is written from `conformance/consent-rules.md` alone. `PROVE=1000000`
 * tries that many cases.
 */
import fc from 'fast-check';
import { type Case, callers, isWhole, manyConsents, moments } from './support/arbitrary.ts';
import { resources } from './support/arbitrary-resource.ts';
import { allows } from './support/engine.ts';
import { allowed } from './support/reference.ts';
import { shrink } from './support/shrink.ts';

const CASES = Number(process.env['PROVE'] ?? 20_000);
const LEAST_PERMITTED = 0.2;
/** Callers and resources to each set of Consents. */
const pairs = <T>(one: fc.Arbitrary<T>) => fc.tuple(one, one);

const byPage = ({ consents, resource, caller, now }: Case) =>
  allowed(consents, resource, caller, new Date(now));
const byEngine = ({ consents, resource, caller, now }: Case) =>
  allows(consents, resource, caller, new Date(now));

it(
  `the engine and the page agree on ${CASES} cases`,
  () => {
    let tried = 0;
    let permits = 0;
    fc.assert(
      fc.property(manyConsents, pairs(callers), pairs(resources), moments, (consents, whos, whats, now) => {
        for (const caller of whos) {
          for (const resource of whats) {
            const each = { consents, caller, resource, now };
            const wanted = byPage(each);
            tried += 1;
            if (wanted) permits += 1;
            if (byEngine(each) !== wanted) throw new Error(disagreement(each));
          }
        }
      }),
      { numRuns: Math.ceil(CASES / 4), endOnFailure: true },
    );
    expect(tried).toBeGreaterThanOrEqual(CASES);
    expect(permits / tried).toBeGreaterThan(LEAST_PERMITTED);
  },
  60_000 + 2 * CASES,
);

/** As test/consent/cases keeps it. */
function disagreement(found: Case): string {
  const least = shrink(found, (each) => isWhole(each) && byPage(each) !== byEngine(each));
  return `the engine and the page disagree: ${JSON.stringify({ ...least, allowed: byPage(least) })}`;
}
