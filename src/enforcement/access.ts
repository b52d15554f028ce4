/**
 * The gate's key. Every read and every search of the store wants one, and only this file makes one: whatever it
 * is used for, the same condition decides, once as a query and once as a check.
 */
import type { Ahead } from '../auth/grants.ts';
import type { Emergency } from '../consent/caller.ts';
import { opensInEmergency } from '../consent/lines.ts';
import type { Subject } from '../consent/subject.ts';
import { withheld } from '../consent/withheld.ts';
import { type Attributes, type Condition, ALL, NONE, and, keyed, matches } from '../condition/condition.ts';
import { UNKNOWN_PATIENT } from '../fhir/subjects.ts';
import { CLOSED, LONGEST, SPREAD, candidatesOf, ceiling, idIn, isAsked, sizeOf, unnamed } from './bounds.ts';
import { type Asked, DIRECTORY_ONLY, granted, grantedAmong } from './granted.ts';
import type { Grounds } from './notes.ts';
import { asTold, isOwnTrace, isTold, isTraced } from './own-traces.ts';
import { type Plan, callerFor, planFor } from './plans.ts';
import type { Change, PolicySource, Shown, Told, Versions } from './ports.ts';
import { Standings } from './standings.ts';
import { type Stranger, isStrangerTo, strangerOf } from './stranger.ts';

/** Letters of scopes that let a caller be given what is met on the way, and ask for what is named. */
const READING = /[rs]/;
const NAMING = /[ruds]/;

export interface Internal {
  reason: string;
  within: Condition;
}

/** What a search may find. */
export interface Reach {
  condition: Condition;
  /** In place of the condition. */
  judged?: Judged;
}

/** What is found of these patients, of nobody, and of what the caller deposited must be judged each. */
export interface Judged {
  patients: readonly string[];
  depositor: string;
}

export class Access {
  readonly #subject: Subject | Internal;
  readonly #policies: PolicySource | undefined;
  readonly #now: () => number;
  /** Told of each resource that was asked for by name and not given. */
  readonly #refused: (facts: Attributes, grounds: Grounds) => void;
  /** What was read with the caller's token. */
  readonly ahead: Ahead | undefined;
  /** Of the patients who were asked in this request. */
  readonly #plans = new Map<string, Plan>();
  /** What the caller is to patients. */
  readonly standings: Standings;

  private constructor(
    subject: Subject | Internal,
    policies: PolicySource | undefined,
    now: () => number,
    refused: (facts: Attributes, grounds: Grounds) => void,
    ahead?: Ahead,
  ) {
    this.ahead = ahead;
    this.#subject = subject;
    this.#policies = policies;
    this.#now = now;
    this.#refused = refused;
    const gate = 'reason' in subject || policies === undefined ? undefined : { subject, policies, now };
    this.standings = new Standings(gate, (patient) => this.#plans.get(patient)?.standing);
  }

  static of(
    subject: Subject,
    policies: PolicySource,
    now: () => number,
    refused: (facts: Attributes, grounds: Grounds) => void,
    ahead?: Ahead,
  ): Access {
    return new Access(subject, policies, now, refused, ahead);
  }

  /** The server's own work. Each use says why, and can be found by name. @param within nothing else is even read */
  static internal(reason: string, within: Condition = ALL): Access {
    return new Access({ reason, within }, undefined, Date.now, () => {});
  }

  /** Which of these, asked for by name, may be given. @param read with them */
  allows(items: readonly Attributes[], read?: Versions): Promise<boolean[]> {
    return this.#decide(items, NAMING, read);
  }

  /** The same; each refusal is noted. */
  async admit(items: readonly Attributes[], read?: Versions): Promise<boolean[]> {
    const allowed = await this.allows(items, read);
    this.refuse(items.filter((_, index) => !allowed[index]));
    return allowed;
  }

  /** Which of these, met on the way, may be given. @param read with them, or before */
  among(items: readonly Attributes[], read?: Versions): Promise<boolean[]> {
    return this.#decide(items, READING, read);
  }

  /**
   * What the caller may be given of the resources of these patients, or of all patients when undefined.
   * @throws FhirError too-costly when too many patients would have to be asked
   */
  async condition(patients: readonly string[] | undefined, ofTraces = false): Promise<Condition> {
    const { condition, judged } = await this.reach(patients, ofTraces);
    if (judged !== undefined) throw unnamed();
    return condition;
  }

  /**
   * The same, or of whom each resource must be judged by `among` since it can't be said in one query.
   * @param read of the patients, after the request began
   */
  async reach(patients: readonly string[] | undefined, ofTraces = false, read?: Versions): Promise<Reach> {
    const subject = this.#subject;
    const source = this.#policies;
    // an app has no other patient than the one in context
    if (
      patients === undefined &&
      !('reason' in subject) &&
      subject.role === 'app' &&
      subject.patient !== undefined
    )
      return { condition: await this.#condition([subject.patient], READING, read) };
    if (
      patients === undefined &&
      !('reason' in subject) &&
      source !== undefined &&
      isAsked(subject, source)
    ) {
      const caller = callerFor(subject);
      // of traces nobody is given more than their own requests' by what patients let them see
      const candidates = ofTraces && !this.isTold ? [] : await candidatesOf(source, caller);
      if (candidates.length > SPREAD) {
        return { condition: NONE, judged: { patients: candidates, depositor: caller.depositor } };
      }
      return {
        condition: and(
          ceiling(subject, READING, source),
          await this.#granted(subject, source, candidates, false),
        ),
      };
    }
    const condition = await this.#condition(patients ?? [], READING, read);
    if (patients === undefined || 'reason' in subject || sizeOf(condition) <= LONGEST) return { condition };
    return { condition: NONE, judged: { patients, depositor: subject.depositor } };
  }

  /** The caller once they broke the glass; undefined: it opens nothing to them. */
  async inEmergency(emergency: Emergency): Promise<Subject | undefined> {
    const subject = this.#subject;
    const source = this.#policies;
    if ('reason' in subject || source === undefined) return undefined;
    const as: Subject = { ...subject, purposes: ['BTG'], emergencies: [emergency] };
    const patient = idIn(emergency.patient);
    const { policy, named } = (await source.policies([patient])).get(patient)!;
    return opensInEmergency(policy, callerFor(as), source.rules, this.#now(), named) ? as : undefined;
  }

  /** Of one patient's resources, what masks and Consents alone keep from the caller, if they are a professional. */
  async withheld(patient: string): Promise<Condition> {
    const subject = this.#subject;
    const source = this.#policies;
    if ('reason' in subject || source === undefined) return NONE;
    const { policy, named } = (await source.policies([patient])).get(patient)!;
    const condition = withheld(policy, callerFor(subject), source.rules, this.#now(), named);
    return and(ceiling(subject, READING, source), keyed(condition, source.key));
  }

  /** What keeps the caller from being shown what others did to it, as they deposited it. Undefined: nothing does. */
  deposit(
    found: Pick<Shown, 'by' | 'patients' | 'unshown' | 'told'>,
  ): { isUnshown: (label: string) => boolean; told: Told | undefined } | undefined {
    const source = this.#policies;
    const { unshown = [], told } = found;
    if (source === undefined || (unshown.length === 0 && told === undefined)) return undefined;
    if (!this.isStrangerTo(found)) return undefined;
    return { isUnshown: (label) => unshown.includes(source.key(`label=${label}`)), told };
  }

  /** The caller deposited it, and what others label it with is no business of theirs. */
  isStrangerTo(found: Pick<Shown, 'by' | 'patients'>): boolean {
    return this.stranger !== undefined && isStrangerTo(this.stranger, found);
  }

  /** It is hidden from its patient for a while. */
  hides({ labels }: Pick<Change, 'labels'>): boolean {
    const hiding = this.#policies?.rules.labels.hiddenFromPatient ?? [];
    return labels.some((label) => hiding.includes(label));
  }

  /** It is a version that the caller, who deposited it, isn't told of. */
  keeps(found: Pick<Shown, 'by' | 'patients' | 'unshown' | 'told'>): boolean {
    return this.deposit(found)?.told !== undefined;
  }

  /** Undefined: all is shown to the caller as it is kept. */
  get stranger(): Stranger | undefined {
    const subject = this.#subject;
    if ('reason' in subject || subject.role === 'all') return undefined;
    return strangerOf(subject);
  }

  /** Which of these the lines would give, whatever types the token's scopes reach. */
  permits(items: readonly Attributes[]): Promise<boolean[]> {
    return this.#decide(items, undefined);
  }

  /** The caller deposited it, or is given everything. */
  hasDeposited({ by }: Pick<Attributes, 'by'>): boolean {
    return this.isUnlimited || by === this.depositor;
  }

  get isUnlimited(): boolean {
    const subject = this.#subject;
    return 'reason' in subject || subject.role === 'all';
  }

  /** An app is told national identifiers only where its listing says why. */
  get isToldNational(): boolean {
    const subject = this.#subject;
    return 'reason' in subject || subject.role !== 'app' || subject.ins === true;
  }

  /** The caller is told all that a trace says. */
  get isTold(): boolean {
    const subject = this.#subject;
    return 'reason' in subject || isTold(subject);
  }

  /** A trace as the caller is given it. @param whose the patients whose it is, where that isn't those whom it names */
  told<S extends Shown>(stored: S, whose?: readonly string[]): S {
    const subject = this.#subject;
    return this.isUnlimited || 'reason' in subject ? stored : asTold(stored, subject, whose);
  }

  /** It is of the caller's own request: what has become of what it names changes nothing. */
  isOwnTrace(item: Pick<Attributes, 'type' | 'by' | 'authors'>): boolean {
    const subject = this.#subject;
    return !('reason' in subject) && isOwnTrace(subject, item);
  }

  /** In whose name the caller's own traces are, if they are given them whatever else is. */
  get traced(): string | undefined {
    const subject = this.#subject;
    return 'reason' in subject || !isTraced(subject) ? undefined : subject.reference;
  }

  /** Whose traces are all that the caller is given of traces, if they are given none but their own. */
  get tracedAs(): readonly string[] | undefined {
    const subject = this.#subject;
    return 'reason' in subject || isTold(subject) ? undefined : [subject.reference, subject.depositor];
  }

  /** In whose name the caller's deposits are kept; of internal work nobody's. */
  get depositor(): string | undefined {
    const subject = this.#subject;
    return 'reason' in subject ? undefined : subject.depositor;
  }

  /** Notes that these, asked for by name, are not given. */
  refuse(items: readonly Attributes[]): void {
    for (const item of items) this.#refused(item, this.grounds(item, false));
  }

  /** How it came that this was given, or wasn't: for the traces. */
  grounds(facts: Attributes, isGiven: boolean): Grounds {
    return (patient) => {
      const plan = this.#plans.get(patient);
      return plan === undefined
        ? undefined
        : { standing: plan.standing, decided: plan.decide(facts, isGiven) };
    };
  }

  /** The same of what a search found, by what the search was answered. */
  groundsOfSearch(found: Pick<Shown, 'by'>): Grounds {
    return (patient) => {
      const plan = this.#plans.get(patient);
      return plan === undefined ? undefined : { standing: plan.standing, decided: plan.finding(found) };
    };
  }

  /**
   * The same where nothing was given but a number. INVARIANT: not by what was counted, which may be hidden from whoever
   * reads of it.
   */
  get groundsOfCount(): Grounds {
    return (patient) => {
      const plan = this.#plans.get(patient);
      return plan === undefined ? undefined : { standing: plan.standing, decided: plan.counting() };
    };
  }

  /** Something of the patient beyond the caller's own deposits may be given them now. */
  async isAuthorised(patient: string): Promise<boolean> {
    const subject = this.#subject;
    const source = this.#policies;
    if ('reason' in subject || source === undefined) return false;
    if (subject.role === 'all') return true;
    if (source.rules.excluded.includes(subject.role)) return false;
    const stated = (await source.policies([patient])).get(patient)!;
    const own: Condition = { is: 'by', among: [subject.depositor] };
    const { condition, name } = planFor(stated, subject, source, this.#now());
    return condition.is !== 'none' && name !== JSON.stringify(own);
  }

  async #decide(
    items: readonly Attributes[],
    letters: RegExp | undefined,
    read?: Versions,
  ): Promise<boolean[]> {
    const patients = new Set(items.flatMap((item) => item.patients));
    const condition = await this.#condition([...patients], letters, read);
    return items.map((item) => matches(condition, item));
  }

  async #condition(
    patients: readonly string[],
    letters: RegExp | undefined,
    read?: Versions,
  ): Promise<Condition> {
    const subject = this.#subject;
    const source = this.#policies;
    if ('reason' in subject) return subject.within;
    if (source === undefined) return NONE;
    return and(ceiling(subject, letters, source), await this.#granted(subject, source, patients, true, read));
  }

  /** @param isAll these are all the patients of whom anything is asked */
  async #granted(
    subject: Subject,
    source: PolicySource,
    patients: readonly string[],
    isAll: boolean,
    read?: Versions,
  ): Promise<Condition> {
    if (subject.role === 'all') return ALL;
    const caller = callerFor(subject);
    if (source.rules.excluded.includes(caller.role)) return DIRECTORY_ONLY;
    const closed = isAll ? [] : await source.closed(CLOSED);
    if (closed.length > CLOSED) throw unnamed();
    // line 2 gives a few callers the account itself: they ask each closed space, the others leave them out
    const asks = caller.role === 'patient' || caller.rights.includes('registration.write');
    const named = [...patients, ...(asks ? closed : [])];
    // who isn't known here has said nothing, and that opens nothing
    const asked = [...new Set(named)].filter((patient) => patient !== UNKNOWN_PATIENT);
    const planned = await this.#planned(source, subject, asked, read);
    return isAll ? grantedAmong(subject, planned) : granted(subject, planned, asks ? [] : closed);
  }

  async #planned(
    source: PolicySource,
    subject: Subject,
    asked: readonly string[],
    read: Versions | undefined,
  ): Promise<Asked[]> {
    const policies = await source.policies(asked, read);
    const now = this.#now();
    return asked.map((patient) => {
      const plan = planFor(policies.get(patient)!, subject, source, now);
      this.#plans.set(patient, plan);
      return { patient, plan };
    });
  }
}
