/** Traces of what was read: durable before the answer leaves, written together by those who wait. */
import type { Trace } from '../enforcement/ports.ts';
import type { Database } from './database.ts';
import { insert } from './command.ts';
import { mentions } from './mentions.ts';
import type { Traces } from './traces.ts';

const TOGETHER = 256;
const UNDER_WAY = 1;

interface Waiting {
  traces: (at: number) => Trace[];
  resolve: () => void;
  reject: (error: unknown) => void;
}

export class AuditLog {
  readonly #database: Database;
  readonly #traces: Traces;
  #waiting: Waiting[] = [];
  #underWay = 0;
  #scheduled = false;

  constructor(database: Database, traces: Traces) {
    this.#database = database;
    this.#traces = traces;
  }

  record(traces: (at: number) => Trace[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ traces, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay >= UNDER_WAY || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#write();
    });
  }

  async #write(): Promise<void> {
    const batch = this.#waiting.splice(0, TOGETHER);
    this.#underWay += 1;
    try {
      const now = Date.now();
      const traces = batch.flatMap((each) => each.traces(now));
      const docs = await this.#traces.encode(traces, now);
      await this.#flag(
        traces.filter((_, index) => docs[index]?.ids !== undefined && docs[index].patient !== ''),
      );
      if (docs.length > 0) await insert(this.#database.audit, docs);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#underWay -= 1;
      this.#schedule();
    }
  }

  /** Patients whom another's trace names: searches for theirs must look further. Few, so one by one is soon enough. */
  async #flag(traces: readonly Trace[]): Promise<void> {
    const named = new Set(
      traces.flatMap(({ frame, own, patient }) => mentions({ ...frame, ...own }, [patient])),
    );
    if (named.size === 0) return;
    const operations = [...named].map((patient) => ({
      updateOne: {
        filter: { _id: patient },
        update: { $inc: { v: 1 }, $set: { shared: true } },
        upsert: true,
      },
    }));
    await this.#database.patients.bulkWrite(operations, { ordered: false, maxTimeMS: 10_000 });
  }
}
