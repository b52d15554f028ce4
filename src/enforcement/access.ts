/**
 * The gate's key. Every read and every search of the store wants one, and only this file makes one: whatever it
 * is used for, the same condition decides, once as a query and once as a check.
 */
import type { Subject } from '../consent/subject.ts';
import {
  type Attributes,
  type Condition,
  ALL,
  NONE,
  and,
  keyed,
  matches,
  not,
  or,
} from '../condition/condition.ts';
import { type Caller, permitted } from '../consent/policy.ts';
import { FhirError } from '../fhir/outcome.ts';
import { DIRECTORY } from '../fhir/subjects.ts';
import type { PolicySource } from './ports.ts';

/** Patients that a search without a patient may span. */
const GRANTORS = 1000;

/** What a Consent opens. Traces tell of what is hidden, and of whom else the patient let in: they are the patient's. */
const CONSENTED: Condition = { is: 'not', of: { is: 'type', among: ['AuditEvent'] } };

/** Letters of scopes that let a caller be given what is met on the way, and ask for what is named. */
const READING = /[rs]/;
const NAMING = /[ruds]/;

const DIRECTORY_ONLY: Condition = and({ is: 'type', among: [...DIRECTORY] }, { is: 'impersonal' });

export interface Internal {
  reason: string;
}

export class Access {
  readonly #subject: Subject | Internal;
  readonly #policies: PolicySource | undefined;
  readonly #now: () => number;
  /** Told of each resource that was asked for by name and not given. */
  readonly #refused: (facts: Attributes) => void;

  private constructor(
    subject: Subject | Internal,
    policies: PolicySource | undefined,
    now: () => number,
    refused: (facts: Attributes) => void,
  ) {
    this.#subject = subject;
    this.#policies = policies;
    this.#now = now;
    this.#refused = refused;
  }

  static of(
    subject: Subject,
    policies: PolicySource,
    now: () => number,
    refused: (facts: Attributes) => void,
  ): Access {
    return new Access(subject, policies, now, refused);
  }

  /** The server's own work. Each use says why, and can be found by name. */
  static internal(reason: string): Access {
    return new Access({ reason }, undefined, Date.now, () => {});
  }

  /** Which of these, asked for by name, may be given; each refusal is noted. */
  async admit(items: readonly Attributes[]): Promise<boolean[]> {
    const allowed = await this.#decide(items, NAMING);
    for (const [index, item] of items.entries()) if (!allowed[index]) this.#refused(item);
    return allowed;
  }

  /** Which of these, met on the way, may be given. */
  among(items: readonly Attributes[]): Promise<boolean[]> {
    return this.#decide(items, READING);
  }

  /**
   * What the caller may be given of the resources of these patients, or of all patients when undefined.
   * @throws FhirError too-costly when too many patients would have to be asked
   */
  condition(patients: readonly string[] | undefined): Promise<Condition> {
    return this.#condition(patients, READING);
  }

  async #decide(items: readonly Attributes[], letters: RegExp): Promise<boolean[]> {
    const patients = new Set(items.flatMap((item) => item.patients));
    const condition = await this.#condition([...patients], letters);
    return items.map((item) => matches(condition, item));
  }

  async #condition(patients: readonly string[] | undefined, letters: RegExp): Promise<Condition> {
    const subject = this.#subject;
    if ('reason' in subject) return ALL;
    return and(ceiling(subject, letters), await this.#granted(subject, patients));
  }

  async #granted(subject: Subject, patients: readonly string[] | undefined): Promise<Condition> {
    switch (subject.role) {
      case 'all':
        return ALL;
      case 'operator':
        return DIRECTORY_ONLY;
      case 'patient':
        return or(
          DIRECTORY_ONLY,
          { is: 'by', among: [subject.depositor] },
          { is: 'patients', among: [idIn(subject.reference)] },
        );
      case 'app':
      case 'professional':
      case 'system':
        return or(
          DIRECTORY_ONLY,
          { is: 'by', among: [subject.depositor] },
          await this.#permitted(subject, patients),
        );
    }
  }

  async #permitted(subject: Subject, patients: readonly string[] | undefined): Promise<Condition> {
    const source = this.#policies;
    if (source === undefined) return NONE;
    const caller = callerOf(subject);
    const asked = patients ?? (await this.#grantors(source, caller));
    if (asked.length === 0) return NONE;
    const policies = await source.policies(asked);
    const now = this.#now();
    const groups = new Map<string, { condition: Condition; patients: string[] }>();
    for (const patient of asked) {
      const policy = policies.get(patient);
      const condition = policy === undefined ? NONE : permitted(policy, caller, now);
      if (condition.is === 'none') continue;
      const name = JSON.stringify(condition);
      const group = groups.get(name);
      if (group === undefined) groups.set(name, { condition, patients: [patient] });
      else group.patients.push(patient);
    }
    if (groups.size === 0) return NONE;
    // each patient whose data it is must permit it
    const each = [...groups.values()].map(({ condition, patients: among }) =>
      or(not({ is: 'concerns', among }), keyed(condition, source.key)),
    );
    const among = [...groups.values()].flatMap((group) => group.patients);
    return and(CONSENTED, { is: 'patients', among }, ...each);
  }

  async #grantors(source: PolicySource, caller: Caller): Promise<string[]> {
    const named = [...caller.persons, ...caller.groups];
    const names = caller.professional ? [...named, '*'] : named;
    const found = await source.grantors(names, GRANTORS);
    if (found.length > GRANTORS) {
      throw new FhirError('too-costly', `too many patients to search at once: add the parameter \`patient\``);
    }
    return found;
  }
}

/** The types that the token's scopes reach: includes and chains reach no further. */
function ceiling({ scopes }: Subject, letters: RegExp): Condition {
  const reaching = scopes.filter(({ interactions }) => letters.test(interactions));
  if (reaching.some(({ type }) => type === '*')) return ALL;
  return reaching.length === 0 ? NONE : { is: 'type', among: reaching.map(({ type }) => type) };
}

export function callerOf(subject: Subject): Caller {
  return {
    persons: [subject.reference],
    groups: subject.organizations,
    profession: subject.profession,
    professional: subject.role === 'professional',
    purposes: subject.purposes,
  };
}

function idIn(reference: string): string {
  return reference.slice(reference.indexOf('/') + 1);
}
