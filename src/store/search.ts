/**
 * A search: whose data, what the gate allows, what is asked, in which order, from where. The gate's condition is
 * part of the query, so it holds before a page is cut, counted or sorted.
 */
import { type Query, all } from './query.ts';
import { type Condition, assume } from '../condition/condition.ts';
import type { Access } from '../enforcement/access.ts';
import type { Page, Stored } from '../enforcement/ports.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import { DIRECTORY } from '../fhir/subjects.ts';
import type { Filter, IndexEntries, SearchQuery } from '../search/filter.ts';
import { indexResource } from '../search/index.ts';
import { matches } from '../search/match.ts';
import { sortValue } from '../search/sort.ts';
import { toMongo } from './condition.ts';
import type { Database } from './database.ts';
import { type Doc, WITHOUT_INDEX } from './document.ts';
import { needsContent, toQuery } from './filter.ts';
import { namedPatients, narrow, withoutImplied } from './narrowing.ts';
import type { Policies } from './policies.ts';
import type { Reading } from './reading.ts';
import { type Resolver, resolve } from './resolve.ts';
import { type Order, type Position, afterPosition, orderOf, positionOf, toSort } from './sorting.ts';
import type { Terms } from './terms.ts';

/** A write becomes visible at most this long after the time that it carries; see commit.ts. Milliseconds. */
export const VISIBLE_WITHIN = 10_000;
/** Permitted candidates whose content is read where only content can tell. */
const CONTENT_BOUND = 1000;
const TIME = { maxTimeMS: 20_000 };

/** What is asked of MongoDB, and by which index. */
export interface Planned {
  query: Query;
  hint?: string;
}

export class Search {
  readonly #database: Database;
  readonly #policies: Policies;
  readonly #reading: Reading;
  readonly #terms: Terms;
  readonly #resolver: Resolver;
  readonly #base: string;

  constructor(
    database: Database,
    policies: Policies,
    reading: Reading,
    terms: Terms,
    resolver: Resolver,
    base: string,
  ) {
    this.#database = database;
    this.#policies = policies;
    this.#reading = reading;
    this.#terms = terms;
    this.#resolver = resolver;
    this.#base = base;
  }

  async run(access: Access, asked: SearchQuery, after: Position | undefined, withRefs: boolean): Promise<Page> {
    const watermark = Date.now() - VISIBLE_WITHIN;
    const patients = namedPatients(asked.filter, asked.types);
    const scope = { access, resolver: this.#resolver, types: asked.types, patients };
    const filter = await resolve(asked.filter, scope);
    const planned = await this.plan(access, asked.types, filter);
    const about = contentNeeded(asked, filter);
    const page =
      about === undefined
        ? await this.#ordered(planned, asked, filter, after, withRefs)
        : await this.#byContent(planned, asked, filter, after, about, withRefs);
    return { ...page, watermark, patients };
  }

  /**
   * The gate, the patient and the filter as one query.
   * @param usual whose data a search that names nobody may be of: for the links of a chain
   */
  async plan(
    access: Access,
    types: readonly string[],
    filter: Filter,
    usual?: readonly string[],
  ): Promise<Planned> {
    const patients = namedPatients(filter, types);
    const directory = types.every((type) => DIRECTORY.has(type));
    const [condition, shared] = await Promise.all([
      access.condition(patients ?? (directory ? [] : usual)),
      patients === undefined ? false : this.#policies.shared(patients),
    ]);
    const alone = !shared && patients?.length === 1 ? patients[0] : undefined;
    const parts: Query[] = [
      patients === undefined ? {} : narrow(patients, shared, this.#terms),
      { type: types.length === 1 ? types[0] : { $in: [...types] } },
      toQuery(alone === undefined ? filter : withoutImplied(filter, alone), types, this.#terms),
      toMongo(reduced(condition, types, alone)),
    ];
    return { query: all(parts), hint: alone === undefined ? undefined : hintOf(types, filter, alone) };
  }

  /** Without bodies, in no order. */
  async keys(planned: Planned, types: readonly string[], limit: number): Promise<Doc[]> {
    return this.#collection(types)
      .find(planned.query, { projection: { refs: 1, type: 1 }, limit, ...TIME })
      .toArray();
  }

  async #ordered(
    planned: Planned,
    asked: SearchQuery,
    filter: Filter,
    after: Position | undefined,
    withRefs: boolean,
  ): Promise<Omit<Page, 'watermark'>> {
    const order = asked.sort.length > 0 ? orderOf(asked.sort, asked.types[0]) : usualOrder(asked.types, filter, planned);
    const [found, counted] = await Promise.all([
      asked.count === 0 ? [] : this.#page(planned, asked.types, order, after, asked.count, withRefs),
      asked.count === 0 || after !== undefined ? this.#total(planned, asked) : undefined,
    ]);
    const more = found.length > asked.count;
    const docs = more ? found.slice(0, asked.count) : found;
    const total =
      asked.total === 'none' ? undefined : (counted ?? (more ? await this.#total(planned, asked) : docs.length));
    const last = docs.at(-1);
    return {
      matches: await this.#open(docs),
      total,
      next: more && last !== undefined ? positionOf(last, order) : undefined,
    };
  }

  #page(
    planned: Planned,
    types: readonly string[],
    order: readonly Order[],
    after: Position | undefined,
    count: number,
    withRefs: boolean,
  ): Promise<Doc[]> {
    const query = after === undefined ? planned.query : all([planned.query, afterPosition(order, after)]);
    const projection: Record<string, 0> = { ...WITHOUT_INDEX };
    if (withRefs) delete projection.refs;
    if (order.some(({ field }) => field.startsWith('o.'))) delete projection.o;
    const sort = toSort(order);
    const served = order[0]?.field === 'date' && order[0].descending;
    return this.#collection(types)
      .find(query, {
        projection,
        sort,
        limit: count + 1,
        ...(served && planned.hint !== undefined && !isAudit(types) ? { hint: planned.hint } : {}),
        ...TIME,
      })
      .toArray();
  }

  async #total(planned: Planned, asked: SearchQuery): Promise<number> {
    if (asked.total === 'none' && asked.count > 0) return 0;
    return this.#collection(asked.types).countDocuments(planned.query, {
      ...(planned.hint === undefined || isAudit(asked.types) ? {} : { hint: planned.hint }),
      ...TIME,
    });
  }

  /** Reads the content of what the gate and the rest of the query leave. */
  async #byContent(
    planned: Planned,
    asked: SearchQuery,
    filter: Filter,
    after: Position | undefined,
    about: string,
    withRefs: boolean,
  ): Promise<Omit<Page, 'watermark'>> {
    const projection: Record<string, 0> = { ...WITHOUT_INDEX };
    if (withRefs) delete projection.refs;
    const docs = await this.#collection(asked.types)
      .find(planned.query, { projection, sort: { _id: 1 }, limit: CONTENT_BOUND + 1, ...TIME })
      .toArray();
    if (docs.length > CONTENT_BOUND) {
      throw new FhirError(
        'too-costly',
        `\`${about}\` has to read the content of more than ${CONTENT_BOUND} resources: add \`patient\`, a date or a code`,
      );
    }
    const rows: { stored: Stored; keys: (string | number | null)[]; id: string }[] = [];
    for (const stored of await this.#open(docs)) {
      const resource = JSON.parse(stored.body.toString()) as Resource;
      const { type, id, at } = stored;
      const entries = indexResource(resource, this.#base);
      if (!matches(filter, { ...entries, type, id, at, resource })) continue;
      rows.push({ stored, keys: sortKeys(asked, stored, resource, entries), id: `${type}/${id}` });
    }
    const directions = asked.sort.map(({ descending }) => descending);
    rows.sort((a, b) => compareRows(a, b, directions));
    const start =
      after === undefined
        ? 0
        : rows.findIndex((row) => compareRows(row, { keys: after.values, id: after.id }, directions) > 0);
    const left = start < 0 ? [] : rows.slice(start);
    const page = left.slice(0, asked.count);
    const last = page.at(-1);
    return {
      matches: page.map(({ stored }) => stored),
      total: asked.total === 'none' && asked.count > 0 ? undefined : rows.length,
      next: left.length > page.length && last !== undefined ? { values: last.keys, id: last.id } : undefined,
    };
  }

  async #open(docs: readonly Doc[]): Promise<Stored[]> {
    const opened = await this.#reading.all(docs.map((doc) => ({ rid: doc._id, doc })));
    if (docs.every(({ refs }) => refs === undefined)) return opened;
    const refs = new Map(docs.map((doc) => [doc._id, doc.refs ?? []]));
    for (const stored of opened) stored.refs = refs.get(`${stored.type}/${stored.id}`) ?? [];
    return opened;
  }

  #collection(types: readonly string[]) {
    return isAudit(types) ? this.#database.audit : this.#database.resources;
  }
}

function isAudit(types: readonly string[]): boolean {
  return types.length === 1 && types[0] === 'AuditEvent';
}

function reduced(condition: Condition, types: readonly string[], patient: string | undefined): Condition {
  return assume(condition, { types, patient });
}

/** With a term among the parts that must hold, the index that has the terms. */
function hintOf(types: readonly string[], filter: Filter, patient: string): string {
  if (types.length > 1 || isAudit(types)) return 'patient_type_date';
  const rest = withoutImplied(filter, patient);
  const parts = rest.op === 'and' ? rest.of : [rest];
  return parts.some(({ op }) => op === 'term' || op === 'reference')
    ? 'patient_type_terms_date'
    : 'patient_type_date';
}

/** Newest first for one patient's, by `_lastUpdated` for who polls, else by id. */
function usualOrder(types: readonly string[], filter: Filter, planned: Planned): Order[] {
  const polls = filter.op === 'updated' || (filter.op === 'and' && filter.of.some(({ op }) => op === 'updated'));
  const byId = { field: '_id', descending: false };
  if (polls) return [{ field: 'at', descending: false }, byId];
  return planned.hint === undefined || types.length > 1 ? [byId] : [{ field: 'date', descending: true }, byId];
}

function contentNeeded(asked: SearchQuery, filter: Filter): string | undefined {
  const sorted = asked.sort.find(({ kind }) => kind === 'content');
  return sorted === undefined || asked.count === 0 ? needsContent(filter) : '_sort';
}

function sortKeys(
  asked: SearchQuery,
  stored: Stored,
  resource: Resource,
  entries: IndexEntries,
): (string | number | null)[] {
  return asked.sort.map(({ kind, param, descending }) => {
    if (kind === 'id') return stored.id;
    if (kind === 'updated') return stored.at;
    if (kind === 'content') return sortValue(stored.type, param)(resource) ?? null;
    const starts = (entries.ranges[param] ?? []).map(({ lo }) => lo);
    return starts.length === 0 ? null : descending ? Math.max(...starts) : Math.min(...starts);
  });
}

function compareRows(
  a: { keys: (string | number | null)[]; id: string },
  b: { keys: (string | number | null)[]; id: string },
  descending: readonly boolean[],
): number {
  for (const [index, down] of descending.entries()) {
    const order = compareValues(a.keys[index] ?? null, b.keys[index] ?? null);
    if (order !== 0) return down ? -order : order;
  }
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function compareValues(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}
