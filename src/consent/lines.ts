/**
 * The order of the lines: who is given what of one patient's resources. One table, read twice: `plan` for a query,
 * `decide` for an explanation. The law of it: conformance/consent-rules.md.
 */
import {
  ALL,
  type Attributes,
  type Condition,
  NONE,
  and,
  keyed,
  matches,
  not,
  or,
} from '../condition/condition.ts';
import { type Effect, LEVELS, type Named, levelIn } from './actors.ts';
import { type Caller, isLay, isProfessional, treats } from './caller.ts';
import { NO_WORD, letsIn } from './letting.ts';
import { standingOf } from './link.ts';
import { matrixFor } from './matrix.ts';
import type { Policy } from './policy.ts';
import { type Rules, before } from './rules.ts';
import { TRACER, askedBy } from './vocabulary.ts';
import { GRANTED } from '../fhir/facts.ts';
import { type ByLevel, type Said, effects, modeOf, said } from './statements.ts';

/** What a line, or one level of line 10, says; within it deny beats permit. */
export interface Verdict {
  line: number;
  permit: Condition;
  deny: Condition;
  because: readonly Pick<Said, 'effect' | 'about' | 'because' | 'at'>[];
}

export interface Decision {
  effect: Effect;
  line: number;
  /** The resources that say so, `Consent/x/_history/v`. */
  because: readonly string[];
  /** The same, with the provision of each that is a Consent. */
  cited: readonly Cited[];
}

export interface Cited {
  because: string;
  /** `Consent.provision.provision[0]` */
  at?: string;
}

const TRACES: Condition = { is: 'type', among: ['AuditEvent'] };
/** Of this server, of what was granted: those that line 8 may give. */
const TRACED_HERE: Condition = and({ is: 'by', among: [TRACER] }, { is: 'code', among: [GRANTED] });

/** Of the Consents, those that tell the caller of others, or of what is refused. */
function words({ persons, groups }: Caller): Condition {
  const own = [...persons, ...groups].map(letsIn);
  return and({ is: 'type', among: ['Consent'] }, not({ is: 'code', among: [NO_WORD, ...own] }));
}

interface Asked {
  policy: Policy;
  caller: Caller;
  rules: Rules;
  now: number;
  named: Named;
}

/** What the caller may be given of the resources that are this patient's. */
export function plan(policy: Policy, caller: Caller, rules: Rules, now: number, named: Named): Condition {
  const asked = { policy, caller, rules, now, named };
  return fold(earlier(asked), and(matrixFor(caller, rules), fold(consented(asked), NONE)));
}

/** Lines 1 to 9, then those of line 10, as they are for one caller. */
export function verdictsFor(...[policy, caller, rules, now, named]: Parameters<typeof plan>): Verdict[][] {
  const asked = { policy, caller, rules, now, named };
  return [earlier(asked), consented(asked)];
}

/** Line 7 gives the caller something. */
export function opensInEmergency(...asked: Parameters<typeof plan>): boolean {
  return verdictsFor(...asked)[0]!.some(({ line, permit }) => line === 7 && permit.is !== 'none');
}

/** Which line decides of one resource that is this patient's, and by which resource. */
export function decide(
  policy: Policy,
  caller: Caller,
  rules: Rules,
  now: number,
  named: Named,
  facts: Attributes,
): Decision {
  return judge(policy, caller, rules, now, named)(facts);
}

/**
 * The same of many resources.
 * @param key how the labels and codes of what is asked about are kept; absent: as they are
 */
export function judge(
  policy: Policy,
  caller: Caller,
  rules: Rules,
  now: number,
  named: Named,
  key?: (term: string) => string,
): (facts: Attributes) => Decision {
  const asked = { policy, caller, rules, now, named };
  const kept = (condition: Condition): Condition => (key === undefined ? condition : keyed(condition, key));
  const matrix = kept(matrixFor(caller, rules));
  const verdicts = [...earlier(asked), ...consented(asked)].map(({ line, permit, deny, because }) => ({
    line,
    permit: kept(permit),
    deny: kept(deny),
    because: because.map((voice) => ({ ...voice, about: kept(voice.about) })),
  }));
  return (facts) => {
    for (const verdict of verdicts) {
      const effect = effectOf(verdict, facts);
      if (effect === undefined) continue;
      if (verdict.line === 10 && effect === 'permit' && !matches(matrix, facts)) return denied(11);
      const voices = verdict.because.filter(
        (voice) => voice.effect === effect && matches(voice.about, facts),
      );
      const cited = voices.map(({ because, at }) => (at === undefined ? { because } : { because, at }));
      const because = [...new Set(cited.map((each) => each.because))];
      return { effect, line: verdict.line, because, cited };
    }
    return denied(12);
  };
}

function denied(line: number): Decision {
  return { effect: 'deny', line, because: [], cited: [] };
}

/** Line 12. */
export const NOBODY = denied(12);

function effectOf({ permit, deny }: Verdict, facts: Attributes): Effect | undefined {
  if (matches(deny, facts)) return 'deny';
  return matches(permit, facts) ? 'permit' : undefined;
}

/** The first verdict that says something decides; `last` when none does. */
function fold(verdicts: readonly Verdict[], last: Condition): Condition {
  return verdicts.reduceRight((rest, { permit, deny }) => and(not(deny), or(permit, rest)), last);
}

/** Lines 1 to 9. */
function earlier(asked: Asked): Verdict[] {
  const { policy, caller, rules, now, named } = asked;
  const { patient } = policy;
  if (rules.excluded.includes(caller.role)) return [denies(1, ALL)];
  const standing = standingOf(policy, caller, now);
  if (!policy.open) {
    const account = standing.is === 'patient' || caller.rights.includes('registration.write');
    const self: Condition = { is: 'instance', among: [`Patient/${patient}`] };
    return [denies(2, account ? not(self) : ALL), permits(2, self)];
  }
  const deposited = permits(3, { is: 'by', among: [caller.depositor] });
  const { labels } = rules;
  const hidden = and(
    { is: 'label', among: labels.hiddenFromPatient },
    not({ is: 'hiddenBefore', at: before(now, rules.announcement.show) }),
  );
  if (standing.is === 'patient') return [deposited, denies(5, hidden), permits(6, ALL)];
  const fromLay = denies(5, or(hidden, { is: 'label', among: labels.hiddenFromRepresentatives }));
  if (standing.is === 'representative') {
    return [deposited, fromLay, permits(6, ALL, standing.because)];
  }
  const blocks = policy.blocks.filter(
    ({ stands, actors, from, until }) =>
      stands &&
      from <= now &&
      now < until &&
      levelIn(actors, 'deny', caller, named, patient, now) !== undefined,
  );
  if (blocks.length > 0) {
    return [
      deposited,
      denies(
        4,
        ALL,
        blocks.map(({ because }) => because),
      ),
    ];
  }
  const told = words(caller);
  const traces = denies(12, or(TRACES, told));
  const masked = denies(9, { is: 'label', among: labels.masked });
  if (standing.is === 'caregiver') {
    const own = said(policy, caller, 'usual', named, now).get('caller')!;
    return [deposited, fromLay, traces, { ...verdict(6, own), deny: NONE, permit: rest(own) }, masked];
  }
  if (isLay(caller)) return [deposited, fromLay, traces, masked];
  const trust = trusted(asked);
  if (trust.length === 0) return [deposited, traces, ...emergency(asked), masked];
  const parts: Condition = { is: 'author', among: caller.persons.map(askedBy) };
  const others = denies(12, or(and(TRACES, or(not(TRACED_HERE), parts)), told));
  return [deposited, others, ...emergency(asked).map(butTraces), ...trust, traces, masked];
}

/** Who reads the traces of a space is not who has an emergency. */
function butTraces({ permit, ...line }: Verdict): Verdict {
  return { ...line, permit: and(permit, not(TRACES)) };
}

/** What voices permit, less what they deny. */
function rest(voices: readonly Said[]): Condition {
  return and(effects(voices, 'permit'), not(effects(voices, 'deny')));
}

/** Line 7. */
function emergency({ policy, caller, rules, now, named }: Asked): Verdict[] {
  const mode = modeOf(caller, policy.patient, rules.emergency.BTG.hours, now);
  if (mode === undefined) return [];
  const voices = (unmasking: boolean): ByLevel => said(policy, caller, { mode, unmasking }, named, now);
  const opened = (heard: ByLevel, byDefault: Effect): Condition =>
    fold(byLevel(7, heard), byDefault === 'permit' ? ALL : NONE);
  const heard = voices(false);
  const open = opened(heard, rules.emergency[mode].default);
  const unmasked = opened(voices(true), rules.emergency.masked);
  const masked: Condition = { is: 'label', among: rules.labels.masked };
  const matrix = rules.emergency[mode].matrix ? matrixFor(caller, rules) : ALL;
  const because = [...heard.values()].flat();
  return [{ line: 7, permit: and(open, or(not(masked), unmasked), matrix), deny: NONE, because }];
}

/** Line 8. */
function trusted({ policy, caller, rules, now, named }: Asked): Verdict[] {
  if (!isProfessional(caller) || !rules.trusted.includes(caller.profession ?? '')) return [];
  const general = policy.generalPractitioners.some((name) => caller.persons.includes(name));
  const voices = said(policy, caller, 'usual', named, now)
    .get('caller')!
    .filter(({ effect, administrator }) => effect === 'permit' && (general || administrator));
  return voices.length === 0 ? [] : [verdict(8, voices)];
}

/** Line 10, and what stands at its levels beside the Consents. */
function consented(asked: Asked): Verdict[] {
  const { policy, caller, rules, now, named } = asked;
  const voices = new Map(said(policy, caller, 'usual', named, now));
  voices.set('group', [...voices.get('group')!, ...shared(asked)]);
  const byDefault = rules.default === 'permit' && isProfessional(caller) && treats(caller);
  return [...byLevel(10, voices), ...(byDefault ? [permits(10, ALL)] : [])];
}

/** What the care teams of the patient share with the caller. */
function shared({ policy, caller, rules, now }: Asked): Said[] {
  if (!rules.sharing || !isProfessional(caller) || !treats(caller)) return [];
  const names = [...caller.persons, ...caller.groups];
  return policy.teams
    .filter(
      ({ from, until, members }) =>
        from <= now &&
        now < until &&
        members.some((each) => names.includes(each.name) && each.from <= now && now < each.until),
    )
    .map(({ encounter, because }) => ({
      effect: 'permit',
      about: or({ is: 'about', among: [encounter] }, { is: 'instance', among: [encounter] }),
      because,
      administrator: false,
    }));
}

function byLevel(line: number, voices: ByLevel): Verdict[] {
  return LEVELS.map((level) => verdict(line, voices.get(level)!));
}

function verdict(line: number, because: readonly Said[]): Verdict {
  return { line, permit: effects(because, 'permit'), deny: effects(because, 'deny'), because };
}

function permits(line: number, permit: Condition, because: readonly string[] = []): Verdict {
  return {
    line,
    permit,
    deny: NONE,
    because: because.map((each) => ({ effect: 'permit', about: ALL, because: each })),
  };
}

function denies(line: number, deny: Condition, because: readonly string[] = []): Verdict {
  return {
    line,
    permit: NONE,
    deny,
    because: because.map((each) => ({ effect: 'deny', about: ALL, because: each })),
  };
}
