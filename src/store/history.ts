/**
 * Versions, newest first. A version is given only if its own attributes and those of the current version (or the
 * mark of its deletion) are permitted now. https://hl7.org/fhir/R4/http.html#history
 */
import { type Query, all } from './query.ts';
import type { Access } from '../enforcement/access.ts';
import type { HistoryScope, Page, Stored } from '../enforcement/ports.ts';
import type { Condition } from '../condition/condition.ts';
import { toMongo } from './condition.ts';
import type { Database } from './database.ts';
import { type VersionDoc, WITHOUT_INDEX, attributes } from './document.ts';
import type { Reading } from './reading.ts';
import { VISIBLE_WITHIN } from './search.ts';

interface Row {
  rid: string;
  doc: VersionDoc;
}

interface Position {
  at: number;
  rid: string;
}

const TIME = { maxTimeMS: 20_000 };
/** Versions of one resource that a history looks through. */
const VERSIONS = 20_000;

export class History {
  readonly #database: Database;
  readonly #reading: Reading;

  constructor(database: Database, reading: Reading) {
    this.#database = database;
    this.#reading = reading;
  }

  async run(access: Access, scope: HistoryScope): Promise<Page> {
    const watermark = Date.now() - VISIBLE_WITHIN;
    const found =
      scope.id === undefined ? await this.#ofMany(access, scope) : await this.#ofOne(access, scope);
    return { ...found, watermark };
  }

  /** Exact total: what the caller would be given. */
  async #ofOne(access: Access, scope: HistoryScope): Promise<Omit<Page, 'watermark'>> {
    const rid = `${scope.type}/${scope.id}`;
    // one after the other: a version that is replaced meanwhile is met twice, never missed
    const current = await this.#currentOf(scope.type!).findOne(
      { _id: rid },
      { projection: WITHOUT_INDEX, ...TIME },
    );
    const past = await this.#database.history
      .find({ rid }, { projection: { body: 0 }, sort: { at: -1 }, limit: VERSIONS, hint: 'rid_at', ...TIME })
      .toArray();
    const versions: VersionDoc[] =
      current === null ? past : [current, ...past.filter(({ at }) => at < current.at)];
    const allowed = await access.admit(versions.slice(0, 1).map((doc) => attributes(rid, doc)));
    if (allowed[0] !== true) return { matches: [], total: 0, next: undefined, exists: false };
    const each = await access.among(versions.map((doc) => attributes(rid, doc)));
    const given = versions.filter((doc, index) => each[index] && inTime(doc, versions[index - 1]?.at, scope));
    const start =
      scope.after === undefined ? 0 : given.findIndex(({ at }) => at < (scope.after as Position).at);
    const page = start < 0 ? [] : given.slice(start, start + scope.count);
    const bodies = await this.#bodies(rid, page);
    const last = page.at(-1);
    return {
      matches: bodies,
      total: given.length,
      exists: true,
      next:
        last !== undefined && start >= 0 && given.length > start + page.length
          ? ({ at: last.at, rid } satisfies Position)
          : undefined,
    };
  }

  async #bodies(rid: string, page: readonly VersionDoc[]): Promise<Stored[]> {
    const without = page.filter(
      (doc) => doc.body === undefined && doc.spill === undefined && doc.method !== 'DELETE',
    );
    const found =
      without.length === 0
        ? []
        : await this.#database.history
            .find({ rid, vid: { $in: without.map(({ vid }) => vid) } }, { hint: 'rid_at', ...TIME })
            .toArray();
    const full = new Map(found.map((doc) => [doc.vid, doc]));
    return this.#reading.all(page.map((doc) => ({ rid, doc: full.get(doc.vid) ?? doc })));
  }

  /** Of a type or the system: no total, since what is hidden behind a current version isn't counted by a query. */
  async #ofMany(access: Access, scope: HistoryScope): Promise<Omit<Page, 'watermark'>> {
    const condition = await access.condition(undefined);
    let after = scope.after as Position | undefined;
    const given: Row[] = [];
    for (;;) {
      const rows = await this.#rows(scope, condition, after, scope.count + 1);
      given.push(...(await this.#permittedNow(access, rows)));
      const last = rows.at(-1);
      if (given.length > scope.count || rows.length <= scope.count || last === undefined) break;
      after = { at: last.doc.at, rid: last.rid };
    }
    const page = given.slice(0, scope.count);
    const last = page.at(-1);
    return {
      matches: await this.#reading.all(page),
      total: undefined,
      next: given.length > page.length && last !== undefined ? { at: last.doc.at, rid: last.rid } : undefined,
    };
  }

  async #rows(
    scope: HistoryScope,
    condition: Condition,
    after: Position | undefined,
    limit: number,
  ): Promise<Row[]> {
    const query = (key: '_id' | 'rid'): Query =>
      all([
        scope.type === undefined ? {} : { type: scope.type },
        toMongo(condition, key),
        times(scope),
        after === undefined
          ? {}
          : { $or: [{ at: { $lt: after.at } }, { at: after.at, [key]: { $gt: after.rid } }] },
      ]);
    const hint = scope.type === undefined ? {} : { hint: 'type_at' };
    const current = await this.#currentOf(scope.type ?? '')
      .find(query('_id'), {
        projection: WITHOUT_INDEX,
        sort: { at: -1, _id: 1 },
        limit,
        ...(scope.type === 'AuditEvent' ? {} : hint),
        ...TIME,
      })
      .toArray();
    const past = await this.#database.history
      .find(query('rid'), { sort: { at: -1, rid: 1 }, limit, ...hint, ...TIME })
      .toArray();
    const met = new Set(current.map(({ vid }) => vid));
    const rows: Row[] = [
      ...current.map((doc) => ({ rid: doc._id, doc })),
      ...past.filter(({ vid }) => !met.has(vid)).map((doc) => ({ rid: doc.rid, doc })),
    ];
    rows.sort((a, b) => b.doc.at - a.doc.at || (a.rid < b.rid ? -1 : 1));
    return rows.slice(0, limit);
  }

  async #permittedNow(access: Access, rows: readonly Row[]): Promise<Row[]> {
    const rids = [...new Set(rows.map(({ rid }) => rid))];
    const current = await this.#database.resources
      .find({ _id: { $in: rids } }, { projection: { ...WITHOUT_INDEX, body: 0 }, ...TIME })
      .toArray();
    const allowed = await access.among(current.map((doc) => attributes(doc._id, doc)));
    const hidden = new Set(current.filter((_, index) => !allowed[index]).map(({ _id }) => _id));
    return rows.filter(({ rid }) => !hidden.has(rid));
  }

  #currentOf(type: string) {
    return type === 'AuditEvent' ? this.#database.audit : this.#database.resources;
  }
}

/** `_since`: made then or later. `_at`: current at some moment of it. @param end when the next version came */
function inTime({ at: made }: VersionDoc, end: number | undefined, { since, at }: HistoryScope): boolean {
  const current = at === undefined || (made < at.hi && (end === undefined || end > at.lo));
  return current && (since === undefined || made >= since);
}

function times({ since, at }: HistoryScope): Query {
  return all([
    since === undefined ? {} : { at: { $gte: since } },
    at === undefined ? {} : { at: { $lt: at.hi }, $or: [{ end: { $gt: at.lo } }, { end: null }] },
  ]);
}
