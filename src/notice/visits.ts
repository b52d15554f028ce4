/**
 * Which accesses patients are told of: those of professionals. What a visit brings is told in its first accesses; who
 * reads on is looked up in memory, so that reads cost nothing more.
 */
import { callerFor } from '../enforcement/plans.ts';
import { modeOf } from '../consent/statements.ts';
import type { Subject } from '../consent/subject.ts';
import type { Concern } from '../enforcement/notes.ts';
import type { Visited } from './outbox.ts';

/** Of one process; each other process tells a visit for itself, and the reader is told once. */
const REMEMBERED = 20_000;
/** What they brought, of all together. */
const NAMES = 500_000;
/** A visit that lasts longer is told again, which makes it one with itself. Milliseconds. */
const FRESH = 600_000;
/** Accesses of one visit that bring something new, and are told. */
const MOST_TOLD = 20;

interface Visit {
  since: number;
  told: number;
  known: Set<string>;
}

export interface Entry {
  at: number;
  patient: string;
  /** Of what is hidden from who speaks for the patient: what it brings counts apart. So does what is hidden for a while. */
  secret: boolean;
  cause: Visited;
}

export class Visits {
  readonly #hours: number;
  /** In the order in which they began. */
  readonly #visits = new Map<string, Visit>();
  #names = 0;

  /** @param hours that breaking the glass lasts */
  constructor(hours: number) {
    this.#hours = hours;
  }

  /** What is to be told of a request, of what it was given. */
  news(subject: Subject, concerns: readonly Concern[], at: number): Entry[] {
    if (subject.role !== 'professional') return [];
    const told = concerns.filter(({ patient, refused }) => !refused && patient !== '');
    const shown = new Set(
      told
        .filter(({ hidden, secret, apart }) => !hidden && !secret && apart !== true)
        .map(({ patient }) => patient),
    );
    return told.flatMap(({ patient, hidden, secret, apart, named }) => {
      const references = [...named.keys()];
      // the patient is told of the same visit by what shows
      if ((hidden || apart === true) && shown.has(patient)) return [];
      const emergency = modeOf(callerFor(subject), patient, this.#hours, at);
      const known = this.#fresh(keyOf(subject.reference, patient, { secret, hidden }, emergency), at);
      const about = references.filter(
        (reference) => !isSelf(reference, patient) && !known?.known.has(reference),
      );
      // an emergency is told whole
      const goesOn = known !== undefined && (about.length === 0 || known.told >= MOST_TOLD);
      if (goesOn && (emergency === undefined || about.length === 0)) return [];
      const cause: Visited = {
        cause: 'visit',
        who: subject.reference,
        ...(subject.name === undefined ? {} : { name: subject.name }),
        ...(emergency === undefined ? {} : { emergency }),
        plain: !hidden && references.every((reference) => isSelf(reference, patient)),
        ...(hidden ? { held: true } : {}),
        about,
      };
      return [{ at, patient, secret, cause }];
    });
  }

  /** They are durable. */
  told(entries: readonly Entry[]): void {
    for (const { at, patient, secret, cause } of entries) {
      const key = keyOf(cause.who, patient, { secret, hidden: cause.held === true }, cause.emergency);
      const known = this.#fresh(key, at);
      const visit = known ?? { since: at, told: 0, known: new Set<string>() };
      if (known === undefined) this.#forget(key);
      const before = visit.known.size;
      visit.told += 1;
      for (const reference of cause.about) visit.known.add(reference);
      this.#names += visit.known.size - before;
      this.#visits.set(key, visit);
      for (const oldest of this.#visits.keys()) {
        if (this.#visits.size <= REMEMBERED && this.#names <= NAMES) break;
        this.#forget(oldest);
      }
    }
  }

  #forget(key: string): void {
    this.#names -= this.#visits.get(key)?.known.size ?? 0;
    this.#visits.delete(key);
  }

  #fresh(key: string, at: number): Visit | undefined {
    const visit = this.#visits.get(key);
    return visit !== undefined && at < visit.since + FRESH ? visit : undefined;
  }
}

function keyOf(
  who: string,
  patient: string,
  { secret, hidden }: Pick<Concern, 'secret' | 'hidden'>,
  emergency: string | undefined,
): string {
  return `${emergency ?? ''}${secret ? '!' : ''}${hidden ? '?' : ''} ${who} ${patient}`;
}

const isSelf = (reference: string, patient: string): boolean => reference === `Patient/${patient}`;
