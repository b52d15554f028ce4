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
  /** Of what is hidden from who speaks for the patient: what it brings counts apart. */
  secret: boolean;
  cause: Visited;
}

export class Visits {
  readonly #hours: number;
  readonly #visits = new Map<string, Visit>();

  /** @param hours that breaking the glass lasts */
  constructor(hours: number) {
    this.#hours = hours;
  }

  /** What is to be told of a request, of what it was given. */
  news(subject: Subject, concerns: readonly Concern[], at: number): Entry[] {
    if (subject.role !== 'professional') return [];
    return concerns.flatMap(({ patient, refused, hidden, secret, references }) => {
      if (refused || hidden || patient === '') return [];
      const emergency = modeOf(callerFor(subject), patient, this.#hours, at);
      const visit = this.#visits.get(keyOf(subject.reference, patient, secret, emergency));
      const known = visit !== undefined && at < visit.since + FRESH ? visit : undefined;
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
        plain: references.every((reference) => isSelf(reference, patient)),
        about,
      };
      return [{ at, patient, secret, cause }];
    });
  }

  /** They are durable. */
  told(entries: readonly Entry[]): void {
    for (const { at, patient, secret, cause } of entries) {
      const key = keyOf(cause.who, patient, secret, cause.emergency);
      const before = this.#visits.get(key);
      const visit =
        before !== undefined && at < before.since + FRESH
          ? before
          : { since: at, told: 0, known: new Set<string>() };
      visit.told += 1;
      for (const reference of cause.about) visit.known.add(reference);
      if (before === undefined && this.#visits.size >= REMEMBERED)
        this.#visits.delete(this.#visits.keys().next().value!);
      this.#visits.set(key, visit);
    }
  }
}

function keyOf(who: string, patient: string, secret: boolean, emergency: string | undefined): string {
  return `${emergency ?? ''}${secret ? '!' : ''} ${who} ${patient}`;
}

const isSelf = (reference: string, patient: string): boolean => reference === `Patient/${patient}`;
