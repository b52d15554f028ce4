/**
 * A search: whose data, what the gate allows, what is asked, in which order, from where. The gate's condition is
 * part of the query, so it holds before a page is cut, counted or sorted.
 */
import { type Query, all } from './query.ts';
import { assume } from '../condition/condition.ts';
import type { Access } from '../enforcement/access.ts';
import type { Page, Stored } from '../enforcement/ports.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import { DIRECTORY } from '../fhir/subjects.ts';
import { definitionsOf } from '../search/definitions.ts';
import { containedTerm, type Filter, type IndexEntries, type SearchQuery } from '../search/filter.ts';
import { indexResource } from '../search/index.ts';
import { matches } from '../search/match.ts';
import { sortValue } from '../search/sort.ts';
import { type Find, count, find } from './command.ts';
import { withCompanions } from './companions.ts';
import { toMongo } from './condition.ts';
import type { Database } from './database.ts';
import { type Doc, WITHOUT_INDEX } from './document.ts';
import { needsContent, toQuery } from './filter.ts';
import { namedPatients, narrow, patientsIn, withoutImplied } from './narrowing.ts';
import type { Policies } from './policies.ts';
import type { Reading } from './reading.ts';
import { type Resolver, resolve } from './resolve.ts';
import { type Order, type Position, afterPosition, byId, orderOf, positionOf, toSort } from './sorting.ts';
import type { Terms } from './terms.ts';

/** A write becomes visible at most this long after the time that it carries; see commit.ts. Milliseconds. */
export const VISIBLE_WITHIN = 10_000;
/** Permitted candidates whose content is read where only content can tell. */
const CONTENT_BOUND = 1000;

/** Patients of a count who get a trace of it each. */
const MOST_COUNTED = 1000;

/** What is asked of MongoDB, and by which index. */
export interface Planned {
  query: Query;
  hint?: string;
  /** The gate was asked for one patient's resources that are nobody else's. */
  alone: boolean;
}

/** The `patient` of what is nobody's. */
const NOBODY = '';

/** A candidate whose content was read. */
interface Read {
  stored: Stored;
  resource: Resource;
  entries: IndexEntries;
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

  async run(
    access: Access,
    asked: SearchQuery,
    after: Position | undefined,
    withRefs: boolean,
  ): Promise<Page> {
    const watermark = Date.now() - VISIBLE_WITHIN;
    const patients = namedPatients(asked.filter, asked.types);
    const concerned = new Set<string>();
    const asks = (part: Filter, types: readonly string[]): void => {
      for (const patient of patientsIn(part, types)) concerned.add(patient);
    };
    const scope = { access, resolver: this.#resolver, types: asked.types, patients, asks };
    const filter = await resolve(asked.filter, scope);
    asks(filter, asked.types);
    const planned = await this.plan(access, asked.types, filter);
    const about = contentNeeded(asked, filter);
    const page =
      asked.contained !== 'false'
        ? pageOf(await this.#containing(access, planned, asked, filter), asked, after)
        : about === undefined
          ? await this.#ordered(planned, asked, filter, after, withRefs)
          : await this.#byContent(planned, asked, filter, after, about, withRefs);
    const counted = page.matches.length === 0 && page.total !== 0 && patients === undefined;
    if (counted) for (const patient of await this.#counted(planned, asked.types)) concerned.add(patient);
    return { ...page, watermark, patients: [...concerned] };
  }

  /** Whose resources a mere count tells of. */
  async #counted({ query }: Planned, types: readonly string[]): Promise<string[]> {
    if (types.every(isNobodys)) return [];
    const found = await this.#collection(types)
      .aggregate<{ _id: string }>(
        [{ $match: query }, { $group: { _id: '$patient' } }, { $limit: MOST_COUNTED }],
        { maxTimeMS: 20_000 },
      )
      .toArray();
    return found.map(({ _id }) => _id).filter((patient) => patient !== NOBODY);
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
    const whose = patients ?? usual;
    const directory = types.every((type) => DIRECTORY.has(type));
    const [usually, flagged] = await Promise.all([
      access.condition(whose ?? (directory ? [] : undefined)),
      whose === undefined ? false : this.#policies.shared(whose),
    ]);
    const condition = flagged
      ? await access.condition(await withCompanions(this.#database, this.#terms, whose!))
      : usually;
    const shared = patients !== undefined && flagged;
    const alone = !shared && patients?.length === 1 ? patients[0] : undefined;
    const owner = alone ?? (patients === undefined && types.every(isNobodys) ? NOBODY : undefined);
    const rest = alone === undefined ? filter : withoutImplied(filter, alone);
    const parts: Query[] = [
      patients === undefined
        ? owner === undefined
          ? {}
          : { patient: owner }
        : narrow(patients, shared, this.#terms),
      { type: types.length === 1 ? types[0] : { $in: [...types] } },
      toQuery(rest, types, this.#terms, owner === undefined),
      toMongo(assume(condition, { types, patient: alone })),
    ];
    return { query: all(parts), alone: alone !== undefined, hint: hintOf(types, rest, owner) };
  }

  /**
   * What the filter finds among a type, in no order: for the links of a chain.
   * @param usual whose data a filter that names nobody may be of
   */
  async find(
    access: Access,
    type: string,
    filter: Filter,
    usual: readonly string[] | undefined,
    limit: number,
  ): Promise<{ key: string; refs: readonly string[] }[]> {
    const planned = await this.plan(access, [type], filter, usual);
    const about = needsContent(filter);
    if (about !== undefined) {
      const read = await this.#byReading(planned, [type], filter, about, WITHOUT_INDEX);
      return read.map(({ stored, entries }) => ({ key: `${type}/${stored.id}`, refs: entries.refs }));
    }
    const docs = await this.#find(planned, [type], {
      projection: { refs: 1, others: 1 },
      limit,
      ...hinted(planned.hint),
    });
    return docs.map(({ _id, refs }) => ({ key: _id, refs: refs ?? [] }));
  }

  async #ordered(
    planned: Planned,
    asked: SearchQuery,
    filter: Filter,
    after: Position | undefined,
    withRefs: boolean,
  ): Promise<Omit<Page, 'watermark'>> {
    const order = asked.sort.length > 0 ? orderOf(asked.sort, asked.types) : usualOrder(asked);
    const [found, counted] = await Promise.all([
      asked.count === 0 ? [] : this.#page(planned, asked.types, order, after, asked.count, withRefs),
      asked.count === 0 || after !== undefined ? this.#total(planned, asked) : undefined,
    ]);
    const more = found.length > asked.count;
    const docs = more ? found.slice(0, asked.count) : found;
    const total =
      asked.total === 'none'
        ? undefined
        : (counted ?? (more ? await this.#total(planned, asked) : docs.length));
    const last = docs.at(-1);
    return {
      matches: await this.#open(docs),
      total,
      next: more && last !== undefined ? positionOf(last, order) : undefined,
    };
  }

  async #page(
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
    const hint = inOrder(planned.hint, order[0]);
    return this.#find({ ...planned, query }, types, { projection, sort, limit: count + 1, ...hinted(hint) });
  }

  async #find({ query, alone }: Planned, types: readonly string[], options: Find): Promise<Doc[]> {
    const docs = await find(this.#collection(types), query, options);
    // INVARIANT: what became several patients' after the plan was made was not asked of the others
    return alone ? docs.filter(({ others }) => others === undefined) : docs;
  }

  async #total(planned: Planned, asked: SearchQuery): Promise<number> {
    if (asked.total === 'none' && asked.count > 0) return 0;
    return count(this.#collection(asked.types), planned.query, {
      ...hinted(planned.hint),
      exact: this.#database.sharded,
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
    return pageOf(await this.#byReading(planned, asked.types, filter, about, projection), asked, after);
  }

  /**
   * The resources that contain what is searched for, and with `both` those that are it: all read and matched.
   * https://hl7.org/fhir/R4/search.html#contained
   */
  async #containing(access: Access, planned: Planned, asked: SearchQuery, filter: Filter): Promise<Read[]> {
    const [type = ''] = asked.types;
    const condition = await access.condition(undefined);
    const query = all([{ ids: this.#terms.of(containedTerm(type)) }, toMongo(condition)]);
    const containers = await this.#readAll({ query, alone: false }, [], '_contained', WITHOUT_INDEX);
    const found = containers.filter(({ resource, stored }) =>
      ((resource.contained ?? []) as Resource[])
        .filter(({ resourceType }) => resourceType === type)
        .some((each) =>
          matches(filter, {
            ...indexResource(each, this.#base),
            type,
            id: each.id ?? '',
            at: stored.at,
            resource: each,
          }),
        ),
    );
    if (asked.contained === 'true') return found;
    const own = await this.#byReading(planned, asked.types, filter, '_contained', WITHOUT_INDEX);
    const keys = new Set(own.map(({ stored }) => stored.id));
    return [...own, ...found.filter(({ stored }) => stored.type !== type || !keys.has(stored.id))];
  }

  async #byReading(
    planned: Planned,
    types: readonly string[],
    filter: Filter,
    about: string,
    projection: Record<string, 0>,
  ): Promise<Read[]> {
    return (await this.#readAll(planned, types, about, projection)).filter(
      ({ stored, resource, entries }) => {
        const { type, id, at } = stored;
        return matches(filter, { ...entries, type, id, at, resource });
      },
    );
  }

  async #readAll(
    planned: Planned,
    types: readonly string[],
    about: string,
    projection: Record<string, 0>,
  ): Promise<Read[]> {
    const docs = await this.#find(planned, types, {
      projection,
      limit: CONTENT_BOUND + 1,
      ...hinted(planned.hint),
    });
    if (docs.length > CONTENT_BOUND) {
      throw new FhirError(
        'too-costly',
        `\`${about}\` has to read the content of more than ${CONTENT_BOUND} resources: ask for fewer: add a date, a code or another parameter`,
      );
    }
    return (await this.#open(docs)).map((stored) => {
      const resource = JSON.parse(stored.body.toString()) as Resource;
      return { stored, resource, entries: indexResource(resource, this.#base) };
    });
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

/** The page of what was read whole. */
function pageOf(
  read: readonly Read[],
  asked: SearchQuery,
  after: Position | undefined,
): Omit<Page, 'watermark'> {
  const rows = read.map(({ stored, resource, entries }) => ({
    stored,
    keys: sortKeys(asked, stored, resource, entries),
    id: `${stored.type}/${stored.id}`,
  }));
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

function isAudit(types: readonly string[]): boolean {
  return types.length === 1 && types[0] === 'AuditEvent';
}

/** Each must hold. */
function partsOf(filter: Filter): readonly Filter[] {
  return filter.op === 'and' ? filter.of.flatMap(partsOf) : [filter];
}

/** Among several multikey indexes the planner errs: where it is plain which one serves, it is named. */
function hintOf(types: readonly string[], filter: Filter, owner: string | undefined): string | undefined {
  const parts = partsOf(filter);
  if (parts.some(({ op }) => op === 'id')) return undefined;
  if (owner !== undefined) {
    const byTerm =
      types.length === 1 && !isAudit(types) && parts.some(({ op }) => op === 'term' || op === 'reference');
    if (byTerm) return 'patient_type_terms_date';
    return parts.some(({ op }) => op === 'updated') ? 'patient_type_at' : 'patient_type_date';
  }
  return parts.some(isUnique) ? 'ids_type_date' : undefined;
}

const isUnique = (part: Filter): boolean => part.op === 'term' && part.unique === true;

/** No resource of the type is a patient's. */
function isNobodys(type: string): boolean {
  return DIRECTORY.has(type) && !definitionsOf(type).has('patient');
}

/** The index of the same patient that gives the order, if one does. */
function inOrder(hint: string | undefined, first: Order | undefined): string | undefined {
  if (hint === undefined || hint === 'ids_type_date') return hint;
  if (first?.field === 'at') return 'patient_type_at';
  return first?.field === 'date' && hint === 'patient_type_at' ? 'patient_type_date' : hint;
}

const hinted = (hint: string | undefined): { hint?: string } => (hint === undefined ? {} : { hint });

/** By `_lastUpdated` for who polls; newest first where an index gives that; else by id. INVARIANT: alike on each page. */
function usualOrder({ filter, types }: SearchQuery): Order[] {
  const parts = partsOf(filter);
  if (parts.some(({ op }) => op === 'updated')) return byId([{ field: 'at', descending: false }]);
  const served = namedPatients(filter, types)?.length === 1 || types.every(isNobodys) || parts.some(isUnique);
  return byId(served ? [{ field: 'date', descending: true }] : []);
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
