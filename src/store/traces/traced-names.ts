/**
 * What the traces of a patient name, each once. Traces are never changed, so what was read is remembered, and of a
 * patient who is asked for again only the latest are read: the cost of a search doesn't grow with their number.
 */
import type { Database } from '../database.ts';

/** Patients who are remembered, and names of all of them. */
const PATIENTS = 500;
const NAMES = 500_000;
/** Far longer than a write may take to show: what comes later than that is read again. Milliseconds. */
const LATE = 300_000;
const TIME = { maxTimeMS: 20_000 };

interface Kept {
  /** All until then were read. */
  until: number;
  names: Set<string>;
}

export class TracedNames {
  readonly #database: Database;
  /** In the order in which they were asked for. */
  readonly #kept = new Map<string, Kept>();
  #size = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** As of now: of what names nothing else, and was removed since, perhaps too. */
  async of(patient: string): Promise<string[]> {
    const now = Date.now();
    const known = this.#kept.get(patient);
    const since = known === undefined ? {} : { at: { $gte: known.until - LATE } };
    const found = (await this.#database.audit.distinct(
      'about',
      { patient, type: 'AuditEvent', ...since },
      TIME,
    )) as string[];
    const names = new Set([...(known?.names ?? []), ...found]);
    this.#keep(patient, { until: now, names });
    return [...names];
  }

  #keep(patient: string, kept: Kept): void {
    this.#size += kept.names.size - (this.#kept.get(patient)?.names.size ?? 0);
    this.#kept.delete(patient);
    this.#kept.set(patient, kept);
    for (const [oldest, { names }] of this.#kept) {
      if (this.#kept.size <= PATIENTS && this.#size <= NAMES) break;
      this.#kept.delete(oldest);
      this.#size -= names.size;
    }
  }
}
