/**
 * Versions, newest first. A version is given only if its own attributes and those of the current version (or the
 * mark of its deletion) are permitted now. https://hl7.org/fhir/R4/http.html#history
 */
import { type Query, all } from './query/query.ts';
import type { Access } from '../enforcement/access.ts';
import type { HistoryScope, Page, Stored, Versions } from '../enforcement/ports.ts';
import { type Stranger, isStrangerTo } from '../enforcement/stranger.ts';
import type { Attributes, Condition } from '../condition/condition.ts';
import { find } from './command.ts';
import { toMongo } from './query/condition.ts';
import type { Currents } from './current.ts';
import type { Database } from './database.ts';
import { type HistoryDoc, type VersionDoc, WITHOUT_INDEX, attributes } from './document.ts';
import type { Reading } from './reading.ts';
import { VISIBLE_WITHIN } from './query/search.ts';
import { strangeTo } from './query/stranger.ts';
import { light } from './weight.ts';
import type { Wholeness } from './wholeness.ts';

interface Row {
  rid: string;
  doc: VersionDoc;
  /** The caller may be given none before it. */
  first?: boolean;
}

interface Position {
  at: number;
  rid: string;
}

const TIME = { maxTimeMS: 20_000 };
const BARE = { ...WITHOUT_INDEX, body: 0 } as const;
const weighed = ({ doc }: Row): VersionDoc => doc;
const isWhole = ({ doc: { body, spill, method } }: Row): boolean =>
  body !== undefined || spill !== undefined || method === 'DELETE';
/** Versions that are read whole at once. */
const PORTION = 20;
/** Versions of one resource that a history looks through. */
const VERSIONS = 20_000;
/** Versions of a type or the system that are counted; past it no total is told. */
const COUNTED = 2_000;
const BATCH = 1_000;

export class History {
  readonly #database: Database;
  readonly #currents: Currents;
  readonly #reading: Reading;
  readonly #wholeness: Wholeness;

  constructor(database: Database, currents: Currents, reading: Reading, wholeness: Wholeness) {
    this.#database = database;
    this.#currents = currents;
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
    const newest = await this.#currents.newest(scope.type!, rid);
    const asked = newest === undefined ? [] : [attributes(rid, newest.doc)];
    const [allowed] = await access.admit(asked, newest?.versions);
    if (
      newest === undefined ||
      allowed !== true ||
      !(await this.#wholeness.admit(access, asked)).every(Boolean)
    )
      return { matches: [], total: 0, next: undefined, exists: false };
    // after the newest: what is replaced meanwhile is met twice, never missed
    const older = (await this.#past(rid)).filter(({ at }) => at < newest.doc.at);
    const versions: VersionDoc[] = [newest.doc, ...older];
    const facts = versions.map((doc) => attributes(rid, doc)).filter((each) => !access.keeps(each));
    const vids = new Set(facts.map(({ vid }) => vid));
    const told = versions.filter(({ vid }) => vids.has(vid));
    const each = await this.#permitted(access, facts, newest.versions);
    const given = told.filter((doc, index) => each[index] && inTime(doc, told[index - 1]?.at, scope));
    const first = told[each.lastIndexOf(true)];
    const start =
      scope.after === undefined ? 0 : given.findIndex(({ at }) => at < (scope.after as Position).at);
    const rest = start < 0 ? [] : given.slice(start, start + scope.count);
    const page = await this.#whole(
      scope.type!,
      rest.map((doc) => ({ rid, doc, first: doc === first })),
    );
    const last = page.at(-1)?.doc;
    return {
      matches: await this.#read(page),
      total: given.length,
      exists: true,
      next:
        last !== undefined && start >= 0 && given.length > start + page.length
          ? ({ at: last.at, rid } satisfies Position)
          : undefined,
    };
  }

  /** What was replaced or deleted, newest first; the first of them, which are most often all, with what they hold. */
  async #past(rid: string): Promise<HistoryDoc[]> {
    const { history } = this.#database;
    const latest = await find(history, { rid }, { sort: { at: -1 }, limit: PORTION, hint: 'rid_at' });
    const last = latest.at(-1);
    if (last === undefined || latest.length < PORTION) return latest;
    const older = await find(
      history,
      { rid, at: { $lt: last.at } },
      { projection: { body: 0 }, sort: { at: -1 }, limit: VERSIONS, hint: 'rid_at' },
    );
    return [...latest, ...older];
  }

  /** The first of them with what they hold: as many as go on one page. */
  async #whole(type: string, asked: readonly Row[]): Promise<Row[]> {
    const page: Row[] = [];
    for (let at = 0; at < asked.length && light(page, weighed).length === page.length; at += PORTION) {
      const rows = asked.slice(at, at + PORTION);
      const found = await this.#contents(
        type,
        rows.filter((row) => !isWhole(row)),
      );
      page.push(...rows.map((row) => ({ ...row, doc: found.get(row.doc.vid) ?? row.doc })));
    }
    return light(page, weighed);
  }

  /** By their version ids. */
  async #contents(type: string, rows: readonly Row[]): Promise<Map<string, VersionDoc>> {
    if (rows.length === 0) return new Map();
    const rids = rows.map(({ rid }) => rid);
    const vids = rows.map(({ doc }) => doc.vid);
    // one after the other: what is replaced meanwhile is met twice, never missed
    const current = await find(this.#currentOf(type), { _id: { $in: rids } }, { projection: WITHOUT_INDEX });
    const past = await find(
      this.#database.history,
      { rid: { $in: rids }, vid: { $in: vids } },
      { hint: 'rid_at' },
    );
    return new Map<string, VersionDoc>([...past, ...current].map((doc) => [doc.vid, doc]));
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
      const rows = await this.#rows(access, scope, condition, after, scope.count + 1);
      given.push(...(await this.#permittedNow(access, scope, rows)));
      const last = rows.at(-1);
      if (given.length > scope.count || rows.length <= scope.count || last === undefined) break;
      after = { at: last.doc.at, rid: last.rid };
    }
    const page = await this.#whole(scope.type ?? '', given.slice(0, scope.count));
    const last = page.at(-1);
    return {
      matches: await this.#read(await this.#withFirst(access, condition, page)),
      next: given.length > page.length && last !== undefined ? { at: last.doc.at, rid: last.rid } : undefined,
    };
  }

  async #read(page: readonly Row[]): Promise<Stored[]> {
    const read = await this.#reading.all(page);
    const first = new Set(page.filter((row) => row.first === true).map(({ doc }) => doc.vid));
    return read.map((stored) => (first.has(stored.vid) ? { ...stored, first: true } : stored));
  }

  /** Which updates are the first of what the caller may be given, of resources that are permitted as they are now. */
  async #withFirst(access: Access, condition: Condition, page: readonly Row[]): Promise<Row[]> {
    const oldest = new Map(page.map(({ rid, doc }) => [rid, doc]));
    const open = [...oldest].filter(([, { method, v }]) => method === 'PUT' && v > 1);
    if (open.length === 0) return [...page];
    const past = await find(
      this.#database.history,
      all([{ rid: { $in: open.map(([rid]) => rid) } }, toMongo(condition, 'rid')]),
      { projection: { body: 0 }, hint: 'rid_at', ...TIME },
    );
    const older = past.filter(({ rid, at }) => at < oldest.get(rid)!.at);
    const facts = older.map((doc) => attributes(doc.rid, doc));
    const permitted = await this.#wholeness.among(access, facts);
    const told = facts.filter((each, index) => permitted[index] && !access.keeps(each));
    const known = new Set(told.map(({ type, id }) => `${type}/${id}`));
    const first = new Set(open.filter(([rid]) => !known.has(rid)).map(([, doc]) => doc));
    return page.map((row) => ({ ...row, first: first.has(row.doc) }));
  }

  async #rows(
    access: Access,
    scope: HistoryScope,
    condition: Condition,
    after: Position | undefined,
    limit: number,
  ): Promise<Row[]> {
    const query = (key: '_id' | 'rid'): Query =>
      all([
        scope.type === undefined ? {} : { type: scope.type },
        toMongo(condition, key),
        times(scope, key === 'rid' ? access.stranger : undefined),
        after === undefined
          ? {}
          : { $or: [{ at: { $lt: after.at } }, { at: after.at, [key]: { $gt: after.rid } }] },
      ]);
    const hint = scope.type === undefined ? {} : { hint: 'type_at' };
    const current = await this.#currentOf(scope.type ?? '')
      .find(query('_id'), {
        projection: BARE,
        sort: { at: -1, _id: 1 },
        limit,
        ...(scope.type === 'AuditEvent' ? {} : hint),
        ...TIME,
      })
      .toArray();
    const past = await this.#database.history
      .find(query('rid'), { projection: { body: 0 }, sort: { at: -1, rid: 1 }, limit, ...hint, ...TIME })
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
      const rows = await this.#rows(access, scope, condition, after, BATCH);
      given += (await this.#permittedNow(access, scope, rows)).length;
      if (given > COUNTED) return undefined;
      const last = rows.at(-1);
      if (rows.length < BATCH || last === undefined) return given;
      after = { at: last.doc.at, rid: last.rid };
    }
  }

  async #permittedNow(access: Access, scope: HistoryScope, rows: readonly Row[]): Promise<Row[]> {
    const rids = [...new Set(rows.map(({ rid }) => rid))];
    const current = new Map<string, VersionDoc>();
    for (const doc of await this.#database.resources
      .find({ _id: { $in: rids } }, { projection: BARE, ...TIME })
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
    const each = rows.map(({ rid, doc }) => attributes(rid, doc));
    const own = await this.#wholeness.among(access, each);
    const ended = await this.#endedFor(access, scope, rows, current);
    return rows.filter(
      (row, index) => own[index] && !hidden.has(row.rid) && !access.keeps(each[index]!) && !ended.has(row),
    );
  }

  /** Of `_at`: which had ended for their depositor, who is not told of some of the versions since. */
  async #endedFor(
    access: Access,
    { at }: HistoryScope,
    rows: readonly Row[],
    current: ReadonlyMap<string, VersionDoc>,
  ): Promise<Set<Row>> {
    const { stranger } = access;
    const open = rows.filter(
      ({ rid, doc }) =>
        doc.still === true && stranger !== undefined && isStrangerTo(stranger, attributes(rid, doc)),
    );
    if (at === undefined || open.length === 0) return new Set();
    const past = await find(
      this.#database.history,
      { rid: { $in: [...new Set(open.map(({ rid }) => rid))] }, told: { $exists: false } },
      { projection: { body: 0 }, hint: 'rid_at' },
    );
    const versions = [
      ...past,
      ...[...current].flatMap(([rid, doc]) => (doc.told === undefined ? [{ ...doc, rid }] : [])),
    ];
    return new Set(
      open.filter(({ rid, doc }) => {
        const ends = versions.filter((each) => each.rid === rid && each.at > doc.at).map((each) => each.at);
        return Math.min(...ends) <= at.lo;
      }),
    );
  }

  async #permitted(access: Access, facts: readonly Attributes[], read?: Versions): Promise<boolean[]> {
    const [allowed, whole] = await Promise.all([
      access.among(facts, read),
      this.#wholeness.among(access, facts),
    ]);
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

/** @param stranger to whom what they deposited goes on when nothing changed that they are shown */
function times({ since, at }: HistoryScope, stranger: Stranger | undefined): Query {
  const still = stranger === undefined ? [] : [{ still: true, ...strangeTo(stranger) }];
  return all([
    since === undefined ? {} : { at: { $gte: since } },
    at === undefined ? {} : { at: { $lt: at.hi }, $or: [{ end: { $gt: at.lo } }, { end: null }, ...still] },
  ]);
}
