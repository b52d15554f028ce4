/** The store: what enforcement asks for, on MongoDB. */
import type { Attributes } from '../condition/condition.ts';
import type { Rules } from '../consent/rules.ts';
import type { Access } from '../enforcement/access.ts';
import type {
  Commit,
  HistoryScope,
  Lock,
  Outlined,
  Page,
  ResourceStore,
  Stored,
  Trace,
} from '../enforcement/ports.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Filter, SearchQuery } from '../search/filter.ts';
import { AuditLog } from './audit-log.ts';
import { Committer } from './commit.ts';
import { find } from './command.ts';
import type { Database } from './database.ts';
import { type Doc, type HistoryDoc, WITHOUT_INDEX, attributes } from './document.ts';
import { Encoder } from './encoder.ts';
import { Gather } from './gather.ts';
import { History } from './history.ts';
import { Inclusion, type Includes } from './include.ts';
import type { KeyRing } from './keys.ts';
import { currentItems, itemsOf } from './lists.ts';
import { Outline } from './outline.ts';
import { Planner } from './planning.ts';
import { Policies } from './policies.ts';
import { Reading } from './reading.ts';
import type { Linked } from './resolve.ts';
import { Search } from './search.ts';
import type { Position } from './sorting.ts';
import { Terms } from './terms.ts';
import { Traces } from './traces.ts';
import { Wholeness } from './wholeness.ts';

const TIME = { maxTimeMS: 10_000 };
/** Resources of one identity that are looked at, hidden ones among them. */
const MOST_ALIKE = 1000;

export class Store implements ResourceStore {
  readonly policies: Policies;
  readonly searching: Search;
  readonly terms: Terms;
  readonly #database: Database;
  readonly #base: string;
  readonly #reading: Reading;
  readonly #current: Gather<Doc>;
  readonly #deleted: Gather<HistoryDoc>;
  readonly #inclusion: Inclusion;
  readonly #history: History;
  readonly #outline: Outline;
  readonly #committer: Committer;
  readonly #auditLog: AuditLog;
  readonly #wholeness: Wholeness;

  /** @param base absolute FHIR base of the server: references below it are local */
  constructor(database: Database, ring: KeyRing, base: string, rules: Rules) {
    this.#database = database;
    this.#base = base;
    this.terms = new Terms(ring.derive('terms'));
    this.#reading = new Reading(database, ring);
    this.policies = new Policies(database, this.#reading, this.terms, rules);
    const encoder = new Encoder(database, ring, this.terms, this.#reading, base, rules);
    const traces = new Traces(ring, this.terms, base);
    this.#committer = new Committer(database, encoder, traces);
    this.#auditLog = new AuditLog(database, traces);
    this.#wholeness = new Wholeness(database, this.terms);
    this.#inclusion = new Inclusion(database, this.#reading, this.terms, this.#wholeness);
    this.#history = new History(database, this.#reading, this.#wholeness);
    const planner = new Planner(database, this.policies, this.terms, this.#wholeness);
    this.#outline = new Outline(database, planner, this.policies, this.#reading, this.terms);
    this.searching = new Search(database, planner, this.#reading, this.terms, this, base);
    this.#current = new Gather(async (rids) => {
      const found = await find(database.resources, { _id: { $in: rids } }, { projection: WITHOUT_INDEX });
      return new Map(found.map((doc) => [doc._id, doc]));
    });
    this.#deleted = new Gather<HistoryDoc>(async (rids) => {
      const found = await database.history
        .find({ rid: { $in: rids }, method: 'DELETE' }, { sort: { rid: 1, at: 1 }, hint: 'rid_at', ...TIME })
        .toArray();
      return new Map(found.map((doc) => [doc.rid, doc]));
    });
  }

  async get(access: Access, type: string, id: string): Promise<Stored | undefined> {
    const rid = `${type}/${id}`;
    const doc = await this.#newest(type, rid);
    if (doc === undefined) return undefined;
    return (await this.#admits(access, [attributes(rid, doc)])) ? this.#reading.open(rid, doc) : undefined;
  }

  async getVersion(access: Access, type: string, id: string, vid: string): Promise<Stored | undefined> {
    const rid = `${type}/${id}`;
    const newest = await this.#newest(type, rid);
    if (newest === undefined) return undefined;
    const version = newest.vid === vid ? newest : await this.#replaced(rid, vid);
    if (version === undefined) return undefined;
    const facts = newest === version ? [newest] : [newest, version];
    const admitted = await this.#admits(
      access,
      facts.map((doc) => attributes(rid, doc)),
    );
    return admitted ? this.#reading.open(rid, version) : undefined;
  }

  search(access: Access, query: SearchQuery, after?: unknown): Promise<Page> {
    const withRefs = query.includes.length > 0 || query.revincludes.length > 0;
    return this.searching.run(access, query, after as Position | undefined, withRefs);
  }

  include(access: Access, matches: readonly Stored[], includes: Includes, limit: number): Promise<Stored[]> {
    return this.#inclusion.run(access, matches, includes, limit);
  }

  history(access: Access, scope: HistoryScope): Promise<Page> {
    return this.#history.run(access, scope);
  }

  async byIdentity(access: Access, type: string, term: string): Promise<Attributes[]> {
    const docs = await this.#database.resources
      .find(
        { ids: this.terms.of(term), type },
        { projection: { ...WITHOUT_INDEX, body: 0 }, limit: MOST_ALIKE, hint: 'ids_type_date', ...TIME },
      )
      .toArray();
    const found = docs.map((doc) => attributes(doc._id, doc));
    const [allowed, whole] = await Promise.all([access.among(found), this.#wholeness.among(access, found)]);
    return found.filter((_, index) => allowed[index] && whole[index]);
  }

  attributes(access: Access, of: Outlined, limit: number): Promise<Attributes[]> {
    return this.#outline.attributes(access, of, limit);
  }

  readable(access: Access, names: readonly string[]): Promise<Resource[]> {
    return this.#outline.readable(access, names);
  }

  withholds(access: Access, query: SearchQuery): Promise<boolean> {
    return this.#outline.withholds(access, query);
  }

  async lock(key: string): Promise<Lock> {
    const kept = this.terms.of(`lock=${key}`).toString('base64url');
    const found = await this.#database.locks.findOne({ _id: kept }, TIME);
    return { key: kept, seen: found?.n ?? 0 };
  }

  commit(commit: Commit): Promise<Stored[]> {
    return this.#committer.commit(commit);
  }

  record(traces: (at: number) => Trace[]): Promise<void> {
    return this.#auditLog.record(traces);
  }

  /** For the links of a chain: see resolve.ts. */
  async find(
    access: Access,
    type: string,
    filter: Filter,
    patients: readonly string[] | undefined,
    limit: number,
  ): Promise<{ key: string; refs: readonly string[] }[]> {
    return this.searching.find(access, type, filter, patients, limit + 1);
  }

  /** What a List that the caller may read has as its items. */
  async items(access: Access, list: string): Promise<string[]> {
    const found = await this.get(access, 'List', list);
    return found === undefined ? [] : itemsOf(found.body, this.#base);
  }

  current(access: Access, list: string, patients: readonly string[]): Promise<string[]> {
    return currentItems(this.searching, access, list, patients, this.#base);
  }

  contents(
    access: Access,
    type: string,
    filter: Filter,
    patients: readonly string[] | undefined,
    about: string,
  ): Promise<Linked[]> {
    return this.searching.contents(access, type, filter, patients, about);
  }

  async #admits(access: Access, versions: readonly Attributes[]): Promise<boolean> {
    const allowed = await access.admit(versions);
    return allowed.every(Boolean) && (await this.#wholeness.admit(access, versions)).every(Boolean);
  }

  async #replaced(rid: string, vid: string): Promise<HistoryDoc | undefined> {
    const [found] = await find(this.#database.history, { rid, vid }, { limit: 1, hint: 'rid_at' });
    return found;
  }

  async #newest(type: string, rid: string): Promise<Doc | HistoryDoc | undefined> {
    if (type === 'AuditEvent') {
      return (
        (await this.#database.audit.findOne({ _id: rid }, { projection: WITHOUT_INDEX, ...TIME })) ??
        undefined
      );
    }
    return (await this.#current.get(rid)) ?? (await this.#deleted.get(rid));
  }
}
