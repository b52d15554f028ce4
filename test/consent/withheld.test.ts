/** What a professional may be told is withheld: exactly what a mask or a Consent alone keeps from them. */
import fc from 'fast-check';
import { matches } from '../../src/condition/condition.ts';
import { decide } from '../../src/consent/lines.ts';
import { compile } from '../../src/consent/policy.ts';
import { matrixFor } from '../../src/consent/matrix.ts';
import { withheld } from '../../src/consent/withheld.ts';
import { callers } from './support/arbitrary-caller.ts';
import { caseOf, deposits, statements } from './support/arbitrary-case.ts';
import { moments } from './support/arbitrary.ts';
import { attributesOf, engineCaller, namedIn, statedIn } from './support/engine.ts';
import { rulesWith } from './support/rules.ts';
import { PATIENT } from './support/universe.ts';

it('what is withheld is what would be given without masks, or what a Consent denies', () => {
  const met = { 9: 0, 10: 0, not: 0 };
  fc.assert(
    fc.property(statements, callers, deposits, moments, (said, who, what, moment) => {
      const each = caseOf(said, what, who, moment);
      const rules = rulesWith(each.rules);
      const policy = compile(PATIENT, statedIn(each), rules);
      const caller = engineCaller(who);
      const asked = [policy, caller, rules, Date.parse(moment), namedIn(each.named)] as const;
      const facts = attributesOf(each.resource, each.by, each.hiddenSince);
      const isTold = matches(withheld(...asked), facts);
      const decision = decide(...asked, facts);
      const bare = { ...facts, labels: facts.labels.filter((label) => !rules.labels.masked.includes(label)) };
      const isHidden = [...rules.labels.hiddenFromPatient, ...rules.labels.hiddenFromRepresentatives].some(
        (label) => facts.labels.includes(label),
      );
      const byMask = decision.line === 9 && decide(...asked, bare).effect === 'permit';
      const byConsent =
        decision.line === 10 && decision.effect === 'deny' && matches(matrixFor(caller, rules), facts);
      // taking a mask off may change what else a Consent that names it says: of these only the other rows are held
      const isPlain = bare.labels.length === facts.labels.length || !mentionsMasks(said);
      if (isPlain) {
        const expected = caller.role === 'professional' && !isHidden && (byMask || byConsent);
        expect([JSON.stringify(decision), isTold]).toEqual([JSON.stringify(decision), expected]);
      } else if (isTold) {
        expect(decision.effect).toBe('deny');
        expect([9, 10]).toContain(decision.line);
      }
      if (isTold) met[decision.line as 9 | 10] += 1;
      else met.not += 1;
    }),
    { numRuns: 4000 },
  );
  expect(met[9]).toBeGreaterThan(5);
  expect(met[10]).toBeGreaterThan(20);
});

function mentionsMasks(said: unknown): boolean {
  return /securityLabel/.test(JSON.stringify(said));
}
