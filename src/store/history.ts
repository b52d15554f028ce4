/**
 * Versions, newest first. A version is given only if its own attributes and those of the current version (or the
 * mark of its deletion) are permitted now. https://hl7.org/fhir/R4/http.html#history
 */
import { type Query, all } from './query.ts';
import type { Access } from '../enforcement/access.ts';
import type { HistoryScope, Page, Stored } from '../enforcement/ports.ts';
import type { Attributes, Condition } from '../condition/condition.ts';
import { find } from './command.ts';
import { toMongo } from './condition.ts';
import type { Database } from './database.ts';
import { type VersionDoc, WITHOUT_INDEX, attributes } from './document.ts';
import type { Reading } from './reading.ts';
import { VISIBLE_WITHIN } from './search.ts';
import type { Wholeness } from './wholeness.ts';

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
/** Versions of a type or the system that are counted; past it no total is told. */
const COUNTED = 2_000;
const BATCH = 1_000;

export class History {
  readonly #database: Database;
  readonly #reading: Reading;
  readonly #wholeness: Wholeness;

  constructor(database: Database, reading: Reading, wholeness: Wholeness) {
    this.#database = database;
    this.#reading = reading;
    this.#wholeness = wholeness;
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
    const [current] = await find(
      this.#currentOf(scope.type!),
      { _id: rid },
      { projection: WITHOUT_INDEX, limit: 1 },
    );
    const past = await find(
      this.#database.history,
      { rid },
      { projection: { body: 0 }, sort: { at: -1 }, limit: VERSIONS, hint: 'rid_at' },
    );
    const versions: VersionDoc[] =
      current === undefined ? past : [current, ...past.filter(({ at }) => at < current.at)];
    const facts = versions.map((doc) => attributes(rid, doc));
    const [allowed] = await access.admit(facts.slice(0, 1));
    if (allowed !== true || !(await this.#wholeness.admit(access, facts.slice(0, 1))).every(Boolean))
      return { matches: [], total: 0, next: undefined, exists: false };
    const each = await this.#permitted(access, facts);
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
        : await find(
            this.#database.history,
            { rid, vid: { $in: without.map(({ vid }) => vid) } },
            { hint: 'rid_at' },
          );
    const full = new Map(found.map((doc) => [doc.vid, doc]));
    return this.#reading.all(page.map((doc) => ({ rid, doc: full.get(doc.vid) ?? doc })));
  }

  async #ofMany(access: Access, scope: HistoryScope): Promise<Omit<Page, 'watermark'>> {
    const condition = await access.condition(undefined, scope.type === 'AuditEvent');
    const [total, page] = await Promise.all([
      this.#count(access, scope, condition),
      this.#pageOfMany(access, scope, condition),
    ]);
    return { ...page, total };
  }

  async #pageOfMany(access: Access, scope: HistoryScope, condition: Condition) {
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
      next: given.length > page.length && last !== undefined ? { at: last.doc.at, rid: last.rid } : undefined,
    };
  }

  async #rows(
    scope: HistoryScope,
    condition: Condition,
    after: Position | undefined,
    limit: number,
    projection: Record<string, 0> = {},
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
        projection: { ...WITHOUT_INDEX, ...projection },
        sort: { at: -1, _id: 1 },
        limit,
        ...(scope.type === 'AuditEvent' ? {} : hint),
        ...TIME,
      })
      .toArray();
    const past = await this.#database.history
      .find(query('rid'), { projection, sort: { at: -1, rid: 1 }, limit, ...hint, ...TIME })
      .toArray();
    const met = new Set(current.map(({ vid }) => vid));
    const rows: Row[] = [
      ...current.map((doc) => ({ rid: doc._id, doc })),
      ...past.filter(({ vid }) => !met.has(vid)).map((doc) => ({ rid: doc.rid, doc })),
    ];
    rows.sort((a, b) => b.doc.at - a.doc.at || (a.rid < b.rid ? -1 : 1));
    return rows.slice(0, limit);
  }

  /** What the caller would be given on all pages together; undefined past the bound. */
  async #count(access: Access, scope: HistoryScope, condition: Condition): Promise<number | undefined> {
    let after: Position | undefined;
    let given = 0;
    for (;;) {
      const rows = await this.#rows(scope, condition, after, BATCH, { body: 0 });
      given += (await this.#permittedNow(access, rows)).length;
      if (given > COUNTED) return undefined;
      const last = rows.at(-1);
      if (rows.length < BATCH || last === undefined) return given;
      after = { at: last.doc.at, rid: last.rid };
    }
  }

  async #permittedNow(access: Access, rows: readonly Row[]): Promise<Row[]> {
    const rids = [...new Set(rows.map(({ rid }) => rid))];
    const current = new Map<string, VersionDoc>();
    for (const doc of await this.#database.resources
      .find({ _id: { $in: rids } }, { projection: { ...WITHOUT_INDEX, body: 0 }, ...TIME })
      .toArray())
      current.set(doc._id, doc);
    const gone = rids.filter((rid) => !current.has(rid) && !rid.startsWith('AuditEvent/'));
    if (gone.length > 0)
      for (const mark of await this.#database.history
        .find(
          { rid: { $in: gone }, method: 'DELETE' },
          { projection: { body: 0 }, sort: { rid: 1, at: 1 }, hint: 'rid_at', ...TIME },
        )
        .toArray())
        current.set(mark.rid, mark);
    const facts = [...current].map(([rid, doc]) => attributes(rid, doc));
    const now = await this.#permitted(access, facts);
    const hidden = new Set([...current.keys()].filter((_, index) => !now[index]));
    const own = await this.#wholeness.among(
      access,
      rows.map(({ rid, doc }) => attributes(rid, doc)),
    );
    return rows.filter(({ rid }, index) => own[index] && !hidden.has(rid));
  }

  async #permitted(access: Access, facts: readonly Attributes[]): Promise<boolean[]> {
    const [allowed, whole] = await Promise.all([access.among(facts), this.#wholeness.among(access, facts)]);
    return facts.map((_, index) => allowed[index]! && whole[index]!);
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
