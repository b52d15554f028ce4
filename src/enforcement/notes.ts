/** What a request touched: the stuff of its traces. */
import type { Attributes } from '../condition/condition.ts';
import type { Decision } from '../consent/lines.ts';
import type { Standing } from '../consent/link.ts';
import type { Subject } from '../consent/subject.ts';
import type { WriteRule } from '../consent/writing.ts';
import type { Category } from '../fhir/categories.ts';
import type { Resource } from '../fhir/resource.ts';
import { UNKNOWN_PATIENT } from '../fhir/subjects.ts';
import { WHOLE } from '../fhir/whole.ts';
import type { PolicySource } from './ports.ts';
import { sortsOf } from './sorts.ts';
import { type Stranger, isStrangerTo } from './stranger.ts';

type Touched = Pick<Attributes, 'type' | 'id' | 'patients' | 'hidden'> & {
  by?: string;
  labels?: readonly string[];
  /** The document whose content it is, `DocumentReference/x`: the trace is hidden as that is. */
  contentOf?: string | undefined;
  /** Labels of it that its depositor isn't shown. */
  unshown?: readonly string[] | undefined;
  /** Its JSON, or itself, where either is at hand. */
  body?: Buffer;
  /** Of its version. */
  vid?: string;
  resource?: Resource | undefined;
};

/** Resources named in one trace: all that an answer gives or a transaction writes; past it only their number is. */
const NAMED = 5000;

export interface Concern {
  /** Empty: nobody's data. */
  patient: string;
  refused: boolean;
  /** Of what is hidden from the patient for a while: apart, so that it hides no other trace. */
  hidden: boolean;
  /** Of what is hidden from who speaks for the patient: apart too. */
  secret: boolean;
  /** By `Type/id`, at most 5,000; traces that were found are not told apart. */
  named: Map<string, Noted>;
  /** What of them was written, and how. */
  wrote: Written[];
  count: number;
  /** Of what is named: what may be hidden by what it names, or by whose it is besides; and whose it is. */
  unsure?: Map<string, readonly string[]>;
  /** Those of them that nothing but a number was told of: where they turn out to be hidden from nobody, no more than a question. */
  counted?: Set<string>;
  /** It is of such alone, and others are told nothing of it. */
  apart?: boolean;
  /** Something was asked of the patient, whatever was found. */
  asked?: boolean;
  /** By which lines it was answered, whatever was found. */
  askedBy?: Decided[];
  /** It is of one of several pages, with something on it that is unsure. */
  paged?: boolean;
  /** What the caller is to the patient. */
  standing: Standing['is'];
  /** By which lines it was given or refused. */
  decided: Decided[];
}

/** What a trace tells of a thing that it names. */
export interface Noted {
  /** Who deposited it. */
  by: string | undefined;
  /** The document whose content it is. */
  contentOf?: string | undefined;
  /** Who deposited it isn't shown all of its labels. */
  hushed?: boolean;
  /** After how many others it was met. */
  order?: number;
  /** With which of what is named it came along, where it wasn't found by itself. */
  via?: readonly string[] | undefined;
  /** Of which sort it says that it is. */
  categories?: readonly Category[];
  /** By what it was given. */
  decided?: Decided | undefined;
}

/** A write as AuditEvent.action has it: created, updated, deleted. */
export interface Written {
  reference: string;
  did: 'C' | 'U' | 'D';
}

/** What tells one trace of a request from another. */
type Which = Pick<Concern, 'patient' | 'refused' | 'hidden' | 'secret'>;

const OPEN = { refused: false, hidden: false, secret: false };

/** A line that decided, or a rule by which it was written, and the resources that say so, `Consent/x/_history/v`. */
export type Decided = Pick<Decision, 'because'> & Partial<Pick<Decision, 'line'>> & { rule?: WriteRule };

/** How it came that something was given or refused, for each patient whose it is. */
export type Grounds = (patient: string) => { standing: Standing['is']; decided?: Decided } | undefined;

const NONE: ReadonlySet<string> = new Set();

/** Those that hide from who speaks for the patient, as stated and as stored. */
export function secretLabels({ rules, key }: PolicySource): ReadonlySet<string> {
  const labels = rules.labels.hiddenFromRepresentatives;
  return new Set([...labels, ...labels.map((label) => key(`label=${label}`))]);
}

export class Notes {
  /** As whom the caller is traced, where that changed on the way. */
  as?: Subject;
  /** What was asked, decoded, where the address alone doesn't say it. */
  sent?: [string, string][];
  readonly #secret: ReadonlySet<string>;
  readonly #lay: Stranger | undefined;
  #met = 0;
  readonly #concerns = new Map<string, Concern>();
  /** The trace of these was written in the transaction of the write itself. */
  readonly #written = new Set<string>();
  /** Patients of whom a page had something that is traced apart, and another page came before or comes after it. */
  readonly #paged = new Set<string>();
  /** The same, of whom it may turn out to be so. */
  readonly #unsure = new Set<string>();

  /**
   * @param secret labels that hide from who speaks for the patient, as stored and as stated
   * @param lay a caller who is told of what they asked by the parts that all others of the family are told
   */
  constructor(secret: ReadonlySet<string> = NONE, lay?: Stranger) {
    this.#secret = secret;
    this.#lay = lay;
  }

  /** @param via what it came along with, `Type/id`; undefined: it was found by itself */
  given(facts: Touched, grounds?: Grounds, via?: readonly string[]): void {
    this.#note(facts, false, grounds, via);
  }

  /** What is hidden is named, so that the trace is hidden with it; of all else no more is told than of a question. */
  counted(facts: Touched, grounds?: Grounds): void {
    const { hidden, secret } = this.#apart(facts);
    if (!hidden && !secret && !isUnsure(facts)) return this.asked(facts.patients, grounds);
    const name = `${facts.type}/${facts.id}`;
    for (const concern of this.#note(facts, false, grounds)) (concern.counted ??= new Set()).add(name);
  }

  refused(facts: Touched, grounds?: Grounds): void {
    this.#note(facts, true, grounds);
  }

  wrote(facts: Touched, did: Written['did'], grounds?: Grounds): void {
    const written = { reference: `${facts.type}/${facts.id}`, did };
    for (const concern of this.#note(facts, false, grounds)) concern.wrote.push(written);
  }

  /** It was refused by itself, and is given as part of something else. */
  pardoned({ type, id }: Touched): void {
    for (const [key, concern] of this.#concerns) {
      if (!concern.refused || !concern.named.delete(`${type}/${id}`)) continue;
      concern.count -= 1;
      if (concern.count === 0) this.#concerns.delete(key);
    }
  }

  /** A patient of whom something was asked, whatever was found. */
  asked(patients: readonly string[], grounds?: Grounds): void {
    for (const patient of patients) {
      const concern = this.#concern({ patient: patient === UNKNOWN_PATIENT ? '' : patient, ...OPEN });
      concern.asked = true;
      const ground = grounds?.(patient);
      if (ground === undefined) continue;
      noteGround(concern, ground);
      if (ground.decided !== undefined) (concern.askedBy ??= []).push(ground.decided);
    }
  }

  /**
   * One of several pages. Where a patient's own is nothing but hidden on it, it is traced with that alone: pages on which
   * nothing stands could be counted.
   */
  paged(matches: readonly Touched[]): void {
    for (const match of matches) {
      const isHidden = match.hidden !== undefined || this.#isSecret(match);
      if (!isHidden && !isUnsure(match)) continue;
      for (const patient of concernedBy(match)) (isHidden ? this.#paged : this.#unsure).add(patient);
    }
  }

  /** What is to be traced, each patient's apart, that isn't yet. */
  open(): Concern[] {
    return [...this.#concerns]
      .filter(([key, concern]) => !this.#written.has(key) && !this.#isEmptyPage(concern))
      .map(([, concern]) => ({ ...concern, paged: this.#unsure.has(concern.patient) }));
  }

  #isEmptyPage(concern: Concern): boolean {
    const { patient, refused, hidden, secret } = concern;
    return !refused && !hidden && !secret && this.#paged.has(patient) && isBare(concern);
  }

  close(concerns: readonly Concern[]): void {
    for (const concern of concerns) this.#written.add(keyOf(concern));
  }

  #note(facts: Touched, refused: boolean, grounds?: Grounds, via?: readonly string[]): Concern[] {
    const reference = `${facts.type}/${facts.id}`;
    const { hidden, secret } = this.#apart(facts);
    return concernedBy(facts).map((patient) => {
      const which = { patient, refused, hidden, secret };
      this.#reopen(keyOf(which), reference);
      const concern = this.#concern(which);
      // who was refused a trace is traced, not which: it may be hidden from who reads of it
      const isNamed = !(refused && facts.type === 'AuditEvent');
      const known = concern.named.get(reference);
      // it is found by itself too
      if (via === undefined && known?.via !== undefined) known.via = undefined;
      const isNew = isNamed && known === undefined;
      const ground = grounds?.(patient);
      if (isNew) concern.count += 1;
      if (isNew && concern.named.size < NAMED) {
        const { by, contentOf } = facts;
        const categories = sortsOf(facts);
        const order = (this.#met += 1);
        concern.named.set(reference, {
          by,
          order,
          contentOf,
          via,
          hushed: (facts.unshown?.length ?? 0) > 0,
          categories,
          decided: ground?.decided,
        });
        // content is hidden as its document is, whatever it names
        if (contentOf === undefined && isUnsure(facts))
          (concern.unsure ??= new Map()).set(reference, facts.patients);
      }
      if (ground !== undefined) noteGround(concern, ground);
      return concern;
    });
  }

  /** A label that who deposited it isn't shown parts nothing for them, if they would count the parts. */
  #apart(facts: Touched): Pick<Which, 'hidden' | 'secret'> {
    const { by = '', patients, unshown = [] } = facts;
    const isUnshown =
      unshown.length > 0 && this.#lay !== undefined && isStrangerTo(this.#lay, { by, patients });
    if (isUnshown) return { hidden: false, secret: false };
    return { hidden: facts.hidden !== undefined, secret: this.#isSecret(facts) };
  }

  #isSecret({ labels }: Touched): boolean {
    return labels?.some((label) => this.#secret.has(label)) === true;
  }

  /** What is touched after the trace of a write was written wants another. */
  #reopen(key: string, reference: string): void {
    if (!this.#written.has(key) || this.#concerns.get(key)?.named.has(reference)) return;
    this.#written.delete(key);
    this.#concerns.delete(key);
  }

  #concern(which: Which): Concern {
    const key = keyOf(which);
    let concern = this.#concerns.get(key);
    if (concern === undefined) {
      concern = {
        ...which,
        named: new Map(),
        wrote: [],
        count: 0,
        standing: 'other',
        decided: [],
      };
      this.#concerns.set(key, concern);
    }
    return concern;
  }
}

/** It names nothing, or the patient alone. */
export const isBare = ({ patient, named }: Concern): boolean =>
  named.size === 0 || (named.size === 1 && named.has(`Patient/${patient}`));

/** Lines that one trace names. */
const LINES = 20;

function noteGround(concern: Concern, { standing, decided }: NonNullable<ReturnType<Grounds>>): void {
  concern.standing = standing;
  if (decided === undefined || concern.decided.length >= LINES) return;
  const { line, rule, because } = decided;
  const isKnown = concern.decided.some(
    (other) =>
      other === decided ||
      (other.line === line &&
        other.rule === rule &&
        other.because.length === because.length &&
        other.because.every((each, index) => each === because[index])),
  );
  if (!isKnown) concern.decided.push(decided);
}

/** No label says of these whether the patient may be given them. */
function isUnsure({ type, patients }: Touched): boolean {
  return WHOLE.has(type) || patients.length > 1;
}

/** Who isn't known here is nobody that a trace could name. */
function concernedBy({ patients }: Touched): string[] {
  if (patients.length === 0) return [''];
  return [...new Set(patients.map((patient) => (patient === UNKNOWN_PATIENT ? '' : patient)))];
}

function keyOf({ patient, refused, hidden, secret }: Which): string {
  return `${refused ? '-' : '+'}${hidden ? '?' : ' '}${secret ? '!' : ' '}${patient}`;
}
