/** What a caller is to patients, and by which rule they may write of them. No line decides of that. */
import { addingBy } from '../consent/adding.ts';
import { type Standing, standingOf } from '../consent/link.ts';
import type { Rules } from '../consent/rules.ts';
import type { Subject } from '../consent/subject.ts';
import { type Relation, ruleOf } from '../consent/writing.ts';
import type { Grounds } from './notes.ts';
import { callerFor, linkOf } from './plans.ts';
import type { Change, PolicySource } from './ports.ts';

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

/** Who asks, and what patients have stated. */
interface Asking {
  subject: Subject;
  policies: PolicySource;
  now: () => number;
}

export class Standings {
  readonly #asking: Asking | undefined;
  /** Of patients whose data was asked for. */
  readonly #planned: (patient: string) => Standing['is'] | undefined;
  readonly #found = new Map<string, Standing>();
  /** The Consents by which an app may add, by type and patient. */
  readonly #adding = new Map<string, readonly string[]>();
  /** By the very list: of one change it is asked whether it may be made, and then how it is labelled. */
  readonly #towards = new WeakMap<readonly string[], Promise<Towards>>();

  /** @param asking undefined: the server itself, which writes nothing */
  constructor(asking: Asking | undefined, planned: (patient: string) => Standing['is'] | undefined) {
    this.#asking = asking;
    this.#planned = planned;
  }

  /** What the caller is to each of these patients, and what the patients chose for new documents. */
  towards(patients: readonly string[]): Promise<Towards> {
    let asked = this.#towards.get(patients);
    if (asked === undefined) this.#towards.set(patients, (asked = this.#askTowards(patients)));
    return asked;
  }

  async #askTowards(patients: readonly string[]): Promise<Towards> {
    if (this.#asking === undefined) throw new Error('internal work writes nothing');
    const { subject, policies: source } = this.#asking;
    const caller = callerFor(subject);
    const now = this.#asking.now();
    const policies = [...(await source.policies(patients)).values()].map(({ policy }) => policy);
    for (const policy of policies) this.#found.set(policy.patient, standingOf(policy, caller, now));
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
    if (this.#asking === undefined) return false;
    const { subject, policies } = this.#asking;
    // content is its document's patient's: see app-content.ts
    const isContent = type === 'Binary' && patients.length === 0 && subject.patient !== undefined;
    const [patient, ...others] = isContent ? [subject.patient!] : patients;
    if (patient === undefined || others.length > 0) return false;
    if (subject.role !== 'app' || (subject.patient !== undefined && subject.patient !== patient))
      return false;
    const now = this.#asking.now();
    const { policy, named } = (await policies.policies([patient])).get(patient)!;
    const link = linkOf(policy, subject, now);
    if (link === undefined) return false;
    const because = addingBy(policy, callerFor(subject), type, named, now);
    this.#adding.set(`${type} ${patient}`, [...because, ...link]);
    return because.length > 0;
  }

  /** What the caller is to who was asked about or written of. */
  of(patient: string): ReturnType<Grounds> {
    const standing = this.#planned(patient) ?? this.#found.get(patient)?.is;
    return standing === undefined ? undefined : { standing };
  }

  /** By which rule this may be written, once it was asked whether it may: for the traces. */
  groundsOfWrite({ type, by }: Pick<Change, 'type' | 'by'>): Grounds {
    return (patient) => {
      const is = this.of(patient)?.standing ?? 'other';
      const subject = this.#asking?.subject;
      if (subject === undefined || subject.role === 'all') return { standing: is };
      const rule = ruleOf({ subject, standing: is, type, by });
      const because =
        rule === 'collect' ? this.#adding.get(`${type} ${patient}`) : this.#found.get(patient)?.because;
      return { standing: is, decided: { rule, because: because ?? [] } };
    };
  }

  /** So that it is known of all these: which of them a search has asked is nobody's to tell. */
  async meet(patients: readonly string[]): Promise<void> {
    if (this.#asking === undefined || this.#asking.subject.role === 'all') return;
    const unmet = patients.filter((patient) => this.of(patient) === undefined);
    if (unmet.length > 0) await this.towards(unmet);
  }
}
