/**
 * What the traces of a patient come to by person, remembered for all processes, so that none walks along them: the
 * tallies of what is settled, sealed under the patient's key. It is brought up to date as traces are written, never
 * because somebody asked: nobody tells by the time who was here. docs/decisions/0056-traces-by-person.md
 */
import { MongoServerError } from 'mongodb';
import { find } from '../command.ts';
import type { Database } from '../database.ts';
import { seal, unseal } from '../keys/sealing.ts';
import type { KeyRing } from '../keys/keys.ts';
import { packed, unpacked } from './packed.ts';
import {
  type Kept,
  LATE,
  MOST,
  type Remembered,
  foundOf,
  isLight,
  oldestOf,
  tallyOf,
  together,
  weightOf,
} from './tallies.ts';

const TYPE = 'AuditEvent';
/** Traces of a patient between two times that it is brought up to date, on average; and the fewest that are worth it. */
const ONE_IN = 512;
const FEW = 256;
/** Patients who wait for it. */
const WAITING = 10_000;
const TIME = { maxTimeMS: 60_000 };

export interface LedgerDoc {
  /** The patient's logical id. */
  _id: string;
  until: number;
  oldest: number;
  /** Absent: there are too many. */
  body?: Buffer;
}

export class Ledger implements Remembered {
  readonly #database: Database;
  readonly #ring: KeyRing;
  readonly #oneIn: number;
  readonly #late: number;
  readonly #due = new Map<string, NodeJS.Timeout>();
  #running: Promise<void> = Promise.resolve();

  /** @param oneIn traces of a patient, on average, until it is brought up to date @param late milliseconds until they are settled */
  constructor(database: Database, ring: KeyRing, oneIn = ONE_IN, late = LATE) {
    this.#database = database;
    this.#ring = ring;
    this.#oneIn = oneIn;
    this.#late = late;
  }

  /** A trace of theirs is being written: when it is settled, it may be time. */
  met(patient: string): void {
    if (Math.random() * this.#oneIn >= 1 || this.#due.has(patient) || this.#due.size >= WAITING) return;
    const due = setTimeout(() => {
      this.#due.delete(patient);
      // one after the other; what fails now comes again with later traces
      this.#running = this.#running.then(() => this.bringUp(patient)).catch(() => {});
    }, this.#late + 1000);
    this.#due.set(patient, due.unref());
  }

  async of(patient: string, oldest: number | undefined): Promise<Kept | undefined> {
    const [doc] = await find<LedgerDoc>(this.#database.tallies, { _id: patient }, { limit: 1 });
    // others were taken out since
    if (doc === undefined || doc.oldest !== oldest) return undefined;
    const { until, body } = doc;
    if (body === undefined) return { until, oldest, distinct: 0 };
    const key = await this.#ring.get(patient);
    const bytes = key === undefined ? undefined : opened(key, body, doc);
    if (bytes === undefined) return undefined;
    const tallies = unpacked(bytes, patient, TYPE);
    return { until, oldest, tallies, distinct: tallies.length };
  }

  async bringUp(patient: string): Promise<void> {
    const oldest = await oldestOf(this.#database, patient);
    const key = await this.#ring.get(patient);
    if (oldest === undefined || key === undefined) return;
    const known = await this.of(patient, oldest);
    if (known !== undefined && known.tallies === undefined) return;
    const until = Date.now() - this.#late;
    if ((await this.#countOf(patient, known?.until, until)) < FEW) return;
    const found = await foundOf(this.#database, patient, { since: known?.until, until, asOf: until });
    const tallies = together([...(known?.tallies ?? []), ...found.map((each) => tallyOf(patient, each))]);
    const doc: LedgerDoc = { _id: patient, until, oldest };
    if (isLight(found) && weightOf(tallies) <= MOST) doc.body = seal(key, packed(tallies), about(doc));
    // each says what it is of: whichever comes last is true
    await this.#database.tallies.replaceOne({ _id: patient }, doc, { upsert: true, ...TIME }).catch(wasThere);
  }

  #countOf(patient: string, since: number | undefined, until: number): Promise<number> {
    const after = since === undefined ? {} : { $gt: since };
    return this.#database.audit.countDocuments(
      { patient, type: TYPE, at: { ...after, $lte: until } },
      { limit: FEW, hint: 'patient_type_at', ...TIME },
    );
  }

  /** What isn't begun is left to later traces. */
  async close(): Promise<void> {
    for (const due of this.#due.values()) clearTimeout(due);
    this.#due.clear();
    await this.#running;
  }
}

/** Undefined: somebody wrote it who may not, or in another form; it is made anew. */
function opened(key: Buffer, body: Buffer, doc: LedgerDoc): Buffer | undefined {
  try {
    return unseal(key, body, about(doc));
  } catch {
    return undefined;
  }
}

function about({ _id, until, oldest }: Pick<LedgerDoc, '_id' | 'until' | 'oldest'>): string {
  return `tallies by columns of ${_id} until ${until} since ${oldest}`;
}

function wasThere(error: unknown): void {
  if (!(error instanceof MongoServerError && error.code === 11_000)) throw error;
}
