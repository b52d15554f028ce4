/** Broken glasses as MongoDB holds them: the reason sealed under the patient's key, dropped when it is over. */
import type { Emergency } from '../../consent/caller.ts';
import type { Glass } from '../../enforcement/glass.ts';
import { find } from '../command.ts';
import type { Database } from '../database.ts';
import type { KeyRing } from '../keys/keys.ts';
import { seal, unseal } from '../keys/sealing.ts';

export interface GlassDoc {
  /** `Practitioner/x Patient/y` */
  _id: string;
  who: string;
  patient: string;
  since: number;
  until: Date;
  sealed: Buffer;
}

const PATIENT = 'Patient/'.length;
/** Of one professional at a time. */
const MOST = 100;

export class MongoGlass implements Glass {
  readonly #database: Database;
  readonly #ring: KeyRing;

  constructor(database: Database, ring: KeyRing) {
    this.#database = database;
    this.#ring = ring;
  }

  async brokenBy(practitioner: string, now: number): Promise<Emergency[]> {
    const docs = await find(
      this.#database.glass,
      { who: practitioner, until: { $gt: new Date(now) } },
      { sort: { until: -1 }, limit: MOST, hint: 'who_until' },
    );
    const read = await Promise.all(docs.map((doc) => this.#read(doc)));
    return read.filter((each) => each !== undefined);
  }

  async break(practitioner: string, { patient, reason, since }: Emergency, until: number): Promise<void> {
    const id = `${practitioner} ${patient}`;
    const key = (await this.#ring.ensure([patient.slice(PATIENT)])).get(patient.slice(PATIENT))!;
    const sealed = seal(key, Buffer.from(reason), aboutOf(id, since));
    await this.#database.glass.replaceOne(
      { _id: id },
      { who: practitioner, patient, since, until: new Date(until), sealed },
      { upsert: true, maxTimeMS: 10_000 },
    );
  }

  /** Undefined: the patient's key was destroyed. */
  async #read({ _id, patient, since, sealed }: GlassDoc): Promise<Emergency | undefined> {
    const key = await this.#ring.get(patient.slice(PATIENT));
    if (key === undefined) return undefined;
    return { patient, since, reason: unseal(key, sealed, aboutOf(_id, since)).toString() };
  }
}

/** So that neither the beginning nor whose it is can be changed in the database. */
const aboutOf = (id: string, since: number): string => `glass ${id} ${since}`;
