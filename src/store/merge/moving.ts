/**
 * What one file still has, and what becomes the other's as it is: earlier versions, marks of deletions and content, sealed
 * anew under the other's key, so that erasing the person erases them. No version is lost or made twice: what is moved
 * is found no more.
 */
import type { Between } from '../../account/merge/moved.ts';
import type { Moving } from '../../account/merge/ports.ts';
import { DECIDING } from '../../consent/policy.ts';
import type { Stored } from '../../enforcement/ports.ts';
import type { Resource } from '../../fhir/resource.ts';
import type { Claims } from '../content/claims.ts';
import { dropPiece, piecesOf } from '../content/pieces.ts';
import { find } from '../command.ts';
import type { Database } from '../database.ts';
import { type Doc, type HistoryDoc, WITHOUT_INDEX } from '../document.ts';
import type { Query } from '../query/query.ts';
import type { Reading } from '../reading.ts';

/** In one transaction, at most: by chance, so that what came together doesn't tell what is hidden among it. */
const AT_ONCE = 20;
const some = (): number => 1 + Math.floor(Math.random() * AT_ONCE);
const BYTES = 4 * 1024 * 1024;
const SELF = 'Patient';
const TIME = { maxTimeMS: 15_000 };
const DURABLE = { writeConcern: { w: 'majority', journal: true } } as const;

export class MongoMoving implements Moving {
  readonly #database: Database;
  readonly #reading: Reading;
  readonly #claims: Claims;

  constructor(database: Database, reading: Reading, claims: Claims) {
    this.#database = database;
    this.#reading = reading;
    this.#claims = claims;
  }

  async next(source: string): Promise<Stored[]> {
    const deciding = DECIDING.filter((type) => type !== SELF);
    // INVARIANT: what denies is there before what it denies
    const queries: [Query, string][] = [
      [{ patient: source, type: { $in: deciding } }, 'patient_type_date'],
      [{ others: source, type: { $in: deciding } }, 'others_type_date'],
      [{ patient: source, type: { $nin: [...DECIDING] } }, 'patient_type_date'],
      [{ others: source, type: { $nin: [...DECIDING] } }, 'others_type_date'],
    ];
    for (const [query, hint] of queries) {
      const docs = await find<Doc>(this.#database.resources, query, {
        projection: WITHOUT_INDEX,
        limit: some(),
        hint,
      });
      const batch: Stored[] = [];
      let bytes = 0;
      for (const doc of docs) {
        const stored = await this.#reading.openHeld(doc._id, doc);
        // erased
        if (stored === undefined) continue;
        bytes += stored.body.length;
        if (bytes > BYTES && batch.length > 0) break;
        batch.push(stored);
      }
      if (batch.length > 0) return batch;
    }
    return [];
  }

  async named(names: readonly string[]): Promise<Stored[]> {
    const docs = await find<Doc>(
      this.#database.resources,
      { _id: { $in: [...names] } },
      { projection: WITHOUT_INDEX },
    );
    const opened = await Promise.all(docs.map((doc) => this.#reading.openHeld(doc._id, doc)));
    return opened.filter((each) => each !== undefined);
  }

  hand({ body, by }: Pick<Stored, 'body' | 'by'>, between: Between): Promise<void> {
    return this.#claims.hand(JSON.parse(body.toString()) as Resource, by, between);
  }

  async follow(between: Between): Promise<number> {
    const { source } = between;
    const { history } = this.#database;
    const options = { limit: AT_ONCE, ...TIME };
    const own = await history
      .find({ patient: source, type: { $ne: SELF } }, { ...options, hint: 'patient_at' })
      .toArray();
    const docs =
      own.length > 0 ? own : await history.find({ others: source }, { ...options, hint: 'others' }).toArray();
    let followed = 0;
    for (const doc of docs) if (await this.#followed(doc, between)) followed += 1;
    return followed;
  }

  /** False: it can't be opened any more. */
  async #followed(doc: HistoryDoc, between: Between): Promise<boolean> {
    const { rid, vid, patient: before } = doc;
    const [patient = '', ...others] = [
      ...new Set(
        [doc.patient, ...(doc.others ?? [])].map((each) => (each === between.source ? between.target : each)),
      ),
    ];
    const whose = { patient, others: others.length > 0 ? others : undefined };
    if (doc.method !== 'DELETE' && doc.type === 'DocumentReference') {
      const stored = await this.#reading.openHeld(rid, doc);
      if (stored !== undefined) await this.hand(stored, between);
    }
    const set = doc.method === 'DELETE' ? settingOf(whose) : await this.#claims.sealedFor(rid, doc, whose);
    if (set === undefined) return false;
    await this.#database.history.updateOne({ rid, vid, patient: before }, set, DURABLE);
    for (const piece of piecesOf(doc)) await dropPiece(this.#database, piece, Date.now());
    return true;
  }
}

/** What is set, and what is no more. */
function settingOf<T extends object>(values: T): { $set: Partial<T>; $unset: Record<string, 1> } {
  const entries = Object.entries(values);
  return {
    $set: Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Partial<T>,
    $unset: Object.fromEntries(
      entries.filter(([, value]) => value === undefined).map(([name]) => [name, 1 as const]),
    ),
  };
}
