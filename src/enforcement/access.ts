/**
 * The gate's key. Every read and every search of the store wants one, and only this file makes one: whatever it
 * is used for, the same condition decides, once as a query and once as a check.
 */
import type { Ahead } from '../auth/grants.ts';
import { addingBy } from '../consent/adding.ts';
import type { Emergency } from '../consent/caller.ts';
import { opensInEmergency } from '../consent/lines.ts';
import { type Standing, standingOf } from '../consent/link.ts';
import type { Subject } from '../consent/subject.ts';
import { withheld } from '../consent/withheld.ts';
import { type Attributes, type Condition, ALL, NONE, and, keyed, matches } from '../condition/condition.ts';
import { UNKNOWN_PATIENT } from '../fhir/subjects.ts';
import type { Rules } from '../consent/rules.ts';
import { type Relation, ruleOf } from '../consent/writing.ts';
import { CLOSED, LONGEST, SPREAD, candidatesOf, ceiling, idIn, isAsked, sizeOf, unnamed } from './bounds.ts';
import { type Asked, DIRECTORY_ONLY, granted, grantedAmong } from './granted.ts';
import type { Grounds } from './notes.ts';
import { asTold, isOwnTrace, isTold, isTraced } from './own-traces.ts';
import { type Plan, callerFor, linkOf, planFor } from './plans.ts';
import type { Change, PolicySource, Shown, Told, Versions } from './ports.ts';
import { type Stranger, isStrangerTo } from './stranger.ts';

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

export interface Towards {
  rules: Rules;
  /** A label as the store keeps it. */
  key: (term: string) => string;
  depositor: string;
  /** The demo's test caller. */
  mayAll: boolean;
  relations: readonly Relation[];
  isApp: boolean;
  masksNew: boolean;
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
  readonly #standings = new Map<string, Standing>();
  /** The Consents by which an app may add, by type and patient. */
  readonly #adding = new Map<string, readonly string[]>();
  /** By the very list: of one change it is asked whether it may be made, and then how it is labelled. */
  readonly #towards = new WeakMap<readonly string[], Promise<Towards>>();

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

  /** What the caller is to each of these patients, and what the patients chose for new documents. */
  towards(patients: readonly string[]): Promise<Towards> {
    let asked = this.#towards.get(patients);
    if (asked === undefined) this.#towards.set(patients, (asked = this.#askTowards(patients)));
    return asked;
  }

  async #askTowards(patients: readonly string[]): Promise<Towards> {
    const subject = this.#subject;
    const source = this.#policies;
    if ('reason' in subject || source === undefined) throw new Error('internal work writes nothing');
    const caller = callerFor(subject);
    const now = this.#now();
    const policies = [...(await source.policies(patients)).values()].map(({ policy }) => policy);
    for (const policy of policies) this.#standings.set(policy.patient, standingOf(policy, caller, now));
    return {
      rules: source.rules,
      key: source.key,
      depositor: caller.depositor,
      mayAll: caller.role === 'all',
      isApp: caller.role === 'app',
      relations: policies.map((policy) => (policy.open ? standingOf(policy, caller, now).is : 'other')),
      masksNew: policies.some(({ masksNew }) =>
        masksNew.some(({ from, until }) => from <= now && now < until),
      ),
    };
  }

  /** An app, of one patient who lets it add such data; connected by another, as long as they speak for the patient. */
  async mayAdd(type: string, patients: readonly string[]): Promise<boolean> {
    const subject = this.#subject;
    const source = this.#policies;
    if ('reason' in subject || source === undefined) return false;
    // content is its document's patient's: see app-content.ts
    const isContent = type === 'Binary' && patients.length === 0 && subject.patient !== undefined;
    const [patient, ...others] = isContent ? [subject.patient!] : patients;
    if (patient === undefined || others.length > 0) return false;
    if (subject.role !== 'app' || (subject.patient !== undefined && subject.patient !== patient))
      return false;
    const now = this.#now();
    const { policy, named } = (await source.policies([patient])).get(patient)!;
    const link = linkOf(policy, subject, now);
    if (link === undefined) return false;
    const because = addingBy(policy, callerFor(subject), type, named, now);
    this.#adding.set(`${type} ${patient}`, [...because, ...link]);
    return because.length > 0;
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
    const stranger = this.stranger;
    if (stranger === undefined || !isStrangerTo(stranger, found)) return undefined;
    return { isUnshown: (label) => unshown.includes(source.key(`label=${label}`)), told };
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
    const { depositor, role, reference } = subject;
    return role === 'patient' ? { depositor, self: idIn(reference) } : { depositor };
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

  /** What the caller is to who was asked about or written of; no line decides of that. */
  standing(patient: string): ReturnType<Grounds> {
    const standing = this.#plans.get(patient)?.standing ?? this.#standings.get(patient)?.is;
    return standing === undefined ? undefined : { standing };
  }

  /** By which rule this may be written, once it was asked whether it may: for the traces. */
  groundsOfWrite({ type, by }: Pick<Change, 'type' | 'by'>): Grounds {
    return (patient) => {
      const subject = this.#subject;
      const is = this.standing(patient)?.standing ?? 'other';
      if ('reason' in subject || subject.role === 'all') return { standing: is };
      const rule = ruleOf({ subject, standing: is, type, by });
      const because =
        rule === 'collect' ? this.#adding.get(`${type} ${patient}`) : this.#standings.get(patient)?.because;
      return { standing: is, decided: { rule, because: because ?? [] } };
    };
  }

  /** So that it is known of all these: which of them a search has asked is nobody's to tell. */
  async meet(patients: readonly string[]): Promise<void> {
    const unmet = patients.filter((patient) => !this.#plans.has(patient) && !this.#standings.has(patient));
    if (unmet.length > 0 && !this.isUnlimited) await this.towards(unmet);
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
