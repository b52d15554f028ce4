/** The store: what enforcement asks for, on MongoDB. */
import type { Ahead } from '../auth/grants.ts';
import type { Attributes } from '../condition/condition.ts';
import type { Rules } from '../consent/rules.ts';
import type { Access } from '../enforcement/access.ts';
import type {
  Attached,
  Commit,
  Content,
  HistoryScope,
  Kept,
  Lock,
  Outlined,
  Page,
  ResourceStore,
  Shown,
  Stored,
  Trace,
  TracersAsked,
  TracersFound,
  TracesAsked,
  TracesFound,
  Versions,
} from '../enforcement/ports.ts';
import type { ContentType } from '../fhir/content/attachment.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Filter, SearchQuery } from '../search/filter.ts';
import { AccessHistory } from './traces/access-history.ts';
import { type Anchor, NO_ANCHOR } from './chain/anchor.ts';
import { AuditLog } from './traces/audit-log.ts';
import { ChainKeeper } from './chain/keeper.ts';
import { Codes } from './chain/codes.ts';
import { Chain } from './chain/chain.ts';
import { Currents } from './current.ts';
import { Claims } from './content/claims.ts';
import { Committer } from './write/commit.ts';
import { Contents } from './content/contents.ts';
import { find } from './command.ts';
import type { Database } from './database.ts';
import { type HistoryDoc, attributes } from './document.ts';
import { Encoder } from './write/encoder.ts';
import { Gather } from './gather.ts';
import { History } from './history.ts';
import { Identities, asIndexed } from './identities.ts';
import { Inclusion, type Includes } from './query/include.ts';
import type { KeyRing } from './keys/keys.ts';
import { currentItems, itemsOf } from './query/lists.ts';
import { Outline } from './query/outline.ts';
import { Planner } from './query/planning.ts';
import { withIds } from './query/query.ts';
import { MongoMoving } from './merge/moving.ts';
import { MongoGlass } from './records/glass.ts';
import { Policies } from './policies.ts';
import { Reading } from './reading.ts';
import type { Linked } from './query/resolve.ts';
import { Search } from './query/search.ts';
import type { Position } from './query/sorting.ts';
import { PURPOSE } from './outgoing/subscription-writes.ts';
import { Terms } from './terms.ts';
import { Tallies } from './traces/tallies.ts';
import { TraceTotals } from './traces/trace-totals.ts';
import { Tracers } from './traces/tracers.ts';
import { Ledger } from './traces/ledger.ts';
import { Traces } from './traces/traces.ts';
import { UNWATCHED } from './watch.ts';
import { Wholeness } from './wholeness.ts';

export class Store implements ResourceStore {
  readonly policies: Policies;
  readonly glass: MongoGlass;
  readonly searching: Search;
  readonly terms: Terms;
  readonly #database: Database;
  readonly base: string;
  readonly #reading: Reading;
  readonly #currents: Currents;
  readonly #identities: Identities;
  readonly #locks: Gather<number>;
  readonly #inclusion: Inclusion;
  readonly #history: History;
  readonly #outline: Outline;
  readonly #committer: Committer;
  readonly #keeper: ChainKeeper;
  readonly #auditLog: AuditLog;
  readonly #wholeness: Wholeness;
  readonly #accessHistory: AccessHistory;
  readonly #tracers: Tracers;
  readonly #ledger: Ledger;
  readonly #contents: Contents;
  readonly claims: Claims;
  readonly moving: MongoMoving;

  /** @param base absolute FHIR base of the server: references below it are local */
  constructor(
    database: Database,
    ring: KeyRing,
    base: string,
    rules: Rules,
    watch = UNWATCHED,
    anchor: Anchor = NO_ANCHOR,
  ) {
    this.#database = database;
    this.#contents = new Contents(database.db, ring);
    this.base = base;
    this.terms = new Terms(ring.derive('terms'));
    this.#reading = new Reading(database, ring);
    this.claims = new Claims(database, ring, this.#reading, this.#contents, base);
    this.moving = new MongoMoving(database, this.#reading, this.claims);
    this.glass = new MongoGlass(database, ring);
    this.policies = new Policies(database, this.#reading, this.terms, rules, watch);
    const encoder = new Encoder(database, ring, this.terms, this.#reading, base, rules);
    this.#ledger = new Ledger(database, ring);
    const traces = new Traces(ring, this.terms, base, (patient) => this.#ledger.met(patient));
    const codes = new Codes((purpose) => ring.derive(purpose));
    const chain = new Chain(codes);
    this.#keeper = new ChainKeeper(database, chain, codes, anchor);
    this.#auditLog = new AuditLog(database, traces, this.#keeper, watch);
    const chained = {
      chain,
      bindSoon: () => this.#auditLog.bindSoon(),
      subscriptions: ring.derive(PURPOSE),
    };
    this.#committer = new Committer(database, encoder, traces, chained, watch);
    this.#wholeness = new Wholeness(database, this.terms);
    this.#accessHistory = new AccessHistory(database, this.#reading, this.#wholeness);
    const tallies = new Tallies(database, this.#ledger);
    this.#tracers = new Tracers(database, this.#reading, this.#wholeness, this.#accessHistory, tallies);
    this.#inclusion = new Inclusion(database, this.#reading, this.terms, this.#wholeness);
    this.#identities = new Identities(database);
    this.#currents = new Currents(database, this.terms, this.#identities);
    this.#history = new History(database, this.#currents, this.#reading, this.#wholeness);
    this.#locks = new Gather(async (keys) => {
      const found = await find(database.locks, withIds(keys));
      return new Map(found.map(({ _id, n }) => [_id, n]));
    });
    const planner = new Planner(database, this.policies, this.terms, this.#wholeness, watch);
    this.#outline = new Outline(database, planner, this.policies, this.#reading, this.terms);
    const totals = new TraceTotals(tallies);
    this.searching = new Search(planner, this.#reading, this.#currents, this.terms, this, base, totals);
  }

  /** Reads what the gate begins with, and tells whether this holds of the records of `artifacts`: see needs.ts. */
  readonly ahead = (ahead: Ahead, needs: readonly string[]): Promise<boolean> =>
    ahead.letter === 'r' ? this.#currents.ahead(ahead, needs) : this.policies.ahead(ahead, needs);

  async get(access: Access, type: string, id: string): Promise<Stored | undefined> {
    const rid = `${type}/${id}`;
    const newest = await this.#currents.newest(type, rid, access.ahead);
    if (newest === undefined) return undefined;
    const { doc, versions } = newest;
    const admitted = await this.#admits(access, [attributes(rid, doc)], versions);
    return admitted ? this.#reading.open(rid, doc) : undefined;
  }

  async attached(access: Access, type: ContentType, id: string): Promise<Attached | undefined> {
    const rid = `${type}/${id}`;
    const newest = await this.#currents.newest(type, rid, access.ahead);
    if (newest === undefined) return undefined;
    const { doc, versions, naming = [] } = newest;
    const facts = attributes(rid, doc);
    const [[isAllowed], named] = await Promise.all([
      access.allows([facts], versions),
      // what hides the content itself goes on hiding it, whatever names it
      access.among(
        naming.map((each) => ({
          ...each,
          labels: [...new Set([...each.labels, ...facts.labels])],
          hidden: each.hidden ?? facts.hidden,
        })),
        versions,
      ),
    ]);
    const [isWhole] = isAllowed === true ? await this.#wholeness.among(access, [facts]) : [false];
    return {
      facts,
      isGiven: isWhole === true,
      documents: naming.filter((_, index) => named[index]),
      open: async () => this.#reading.open(rid, doc),
    };
  }

  async getVersion(access: Access, type: string, id: string, vid: string): Promise<Stored | undefined> {
    const rid = `${type}/${id}`;
    const newest = await this.#currents.newest(type, rid);
    if (newest === undefined) return undefined;
    const { doc, versions } = newest;
    const version = doc.vid === vid ? doc : await this.#replaced(rid, vid);
    if (version === undefined) return undefined;
    const facts = doc === version ? [doc] : [doc, version];
    const admitted = await this.#admits(
      access,
      facts.map((each) => attributes(rid, each)),
      versions,
    );
    return admitted ? this.#reading.open(rid, version) : undefined;
  }

  search(access: Access, query: SearchQuery, after?: unknown): Promise<Page<Shown>> {
    return this.searching.run(access, query, after as Position | undefined);
  }

  matching(access: Access, query: SearchQuery): Promise<Page> {
    return this.searching.whole(access, query);
  }

  traces(access: Access, asked: TracesAsked): Promise<TracesFound> {
    return this.#accessHistory.traces(access, asked);
  }

  tracers(access: Access, asked: TracersAsked): Promise<TracersFound> {
    return this.#tracers.tracers(access, asked);
  }

  include(access: Access, matches: readonly Shown[], includes: Includes, limit: number): Promise<Stored[]> {
    return this.#inclusion.run(access, matches, includes, limit);
  }

  history(access: Access, scope: HistoryScope): Promise<Page> {
    return this.#history.run(access, scope);
  }

  async byIdentity(access: Access, type: string, term: string): Promise<Attributes[]> {
    const found = await this.#identities.carrying(type, this.terms.of(asIndexed(term)));
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
    return { key: kept, seen: (await this.#locks.get(kept)) ?? 0 };
  }

  keep(source: AsyncIterable<Buffer>, patient: string): Promise<Kept> {
    return this.#contents.keep(source, patient);
  }

  content(id: string): Promise<Content | undefined> {
    return this.#contents.find(id);
  }

  async commit(commit: Commit): Promise<Stored[]> {
    return this.#committer.commit(await this.claims.settle(commit));
  }

  /** Which of these `Type/id` the caller may know of; what never was tells nothing. */
  knows(access: Access, names: readonly string[]): Promise<boolean[]> {
    return this.#wholeness.knows(access, names);
  }

  /** Which of these `Type/id` are, and name at any depth, only what is so. */
  namesOnly(names: readonly string[], isSo: (facts: Attributes) => boolean): Promise<boolean[]> {
    return this.#wholeness.namesOnly(names, isSo);
  }

  /** The patient was in a consultation since. */
  async consulted(patient: string, since: number): Promise<boolean> {
    const [found] = await find(
      this.#database.resources,
      { patient, type: 'Encounter', date: { $gte: since } },
      { projection: { _id: 1 }, limit: 1, hint: 'patient_type_date' },
    );
    return found !== undefined;
  }

  record(traces: (at: number) => Trace[]): Promise<void> {
    return this.#auditLog.record(traces);
  }

  /** The chain of this process stands from here on. */
  open(): Promise<void> {
    return this.#keeper.open();
  }

  /** The chain tells that traces were moved out. Durable when it returns. */
  archived(about: Record<string, string | number>): Promise<void> {
    return this.#auditLog.bind({ what: 'archived', about });
  }

  /** What is loose is bound. Nothing may be asked of the store after. */
  async close(): Promise<void> {
    await Promise.all([this.#auditLog.close(), this.#ledger.close()]);
  }

  /** When the trace was asked for that has waited longest to be written. Milliseconds. */
  get waitingSince(): number | undefined {
    return this.#auditLog.waitingSince;
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
    return found === undefined ? [] : itemsOf(found.body, this.base);
  }

  current(access: Access, list: string, patients: readonly string[]): Promise<string[]> {
    return currentItems(this.searching, access, list, patients, this.base);
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

  async #admits(access: Access, each: readonly Attributes[], read: Versions | undefined): Promise<boolean> {
    const allowed = await access.admit(each, read);
    return allowed.every(Boolean) && (await this.#wholeness.admit(access, each)).every(Boolean);
  }

  async #replaced(rid: string, vid: string): Promise<HistoryDoc | undefined> {
    const [found] = await find(this.#database.history, { rid, vid }, { limit: 1, hint: 'rid_at' });
    return found;
  }
}
