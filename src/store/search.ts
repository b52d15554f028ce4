/** A search: planned (planning.ts), then answered in the order of an index, or by what content tells (by-content.ts). */
import { all } from './query.ts';
import type { Access } from '../enforcement/access.ts';
import type { Page } from '../enforcement/ports.ts';
import type { Filter, SearchQuery } from '../search/filter.ts';
import { ByContent, contentNeeded, opened, pageOf } from './by-content.ts';
import { count } from './command.ts';
import type { Database } from './database.ts';
import { type Doc, WITHOUT_INDEX } from './document.ts';
import { needsContent } from './filter.ts';
import { isNobodys, namedPatients, patientsIn } from './narrowing.ts';
import { NOBODY, type Planned, type Planner, hinted, inOrder, usualOrder } from './planning.ts';
import type { Reading } from './reading.ts';
import { type Linked, type Resolver, resolve } from './resolve.ts';
import { type Order, type Position, afterPosition, orderOf, positionOf, toSort } from './sorting.ts';
import type { Terms } from './terms.ts';

/** A write becomes visible at most this long after the time that it carries; see commit.ts. Milliseconds. */
export const VISIBLE_WITHIN = 10_000;
/** Patients of a count who get a trace of it each. */
const MOST_COUNTED = 1000;

export class Search {
  readonly #database: Database;
  readonly #planner: Planner;
  readonly #reading: Reading;
  readonly #resolver: Resolver;
  readonly #byContent: ByContent;

  constructor(
    database: Database,
    planner: Planner,
    reading: Reading,
    terms: Terms,
    resolver: Resolver,
    base: string,
  ) {
    this.#database = database;
    this.#planner = planner;
    this.#reading = reading;
    this.#resolver = resolver;
    this.#byContent = new ByContent(planner, reading, terms, base);
  }

  async run(
    access: Access,
    asked: SearchQuery,
    after: Position | undefined,
    withRefs: boolean,
  ): Promise<Page> {
    const watermark = Date.now() - VISIBLE_WITHIN;
    const { types } = asked;
    const patients = namedPatients(asked.filter, types);
    const concerned = new Set<string>();
    const asks = (part: Filter, among: readonly string[]): void => {
      for (const patient of patientsIn(part, among)) concerned.add(patient);
    };
    const filter = await resolve(asked.filter, { access, resolver: this.#resolver, types, patients, asks });
    asks(filter, types);
    const planned = await this.#planner.plan(access, types, filter);
    const about = contentNeeded(asked, filter);
    const page =
      asked.contained !== 'false'
        ? pageOf(await this.#byContent.containing(access, planned, asked, filter), asked, after)
        : about === undefined
          ? await this.#ordered(planned, asked, filter, after, withRefs)
          : pageOf(
              await this.#byContent.find(access, planned, types, filter, about, projectionOf(withRefs)),
              asked,
              after,
            );
    const counted = page.matches.length === 0 && page.total !== 0 && patients === undefined;
    if (counted) for (const patient of await this.#counted(planned, types)) concerned.add(patient);
    return { ...page, watermark, patients: [...concerned] };
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
    const planned = await this.#planner.plan(access, [type], filter, usual);
    const about = needsContent(filter);
    if (about !== undefined) {
      const read = await this.#byContent.find(access, planned, [type], filter, about, WITHOUT_INDEX);
      return read.map(({ stored, entries }) => ({ key: `${type}/${stored.id}`, refs: entries.refs }));
    }
    const docs = await this.#planner.find(planned, [type], {
      projection: { refs: 1, others: 1, type: 1, vid: 1, by: 1 },
      limit,
      ...hinted(planned.hint),
    });
    return docs.map(({ _id, refs }) => ({ key: _id, refs: refs ?? [] }));
  }

  /** The same, read whole. */
  async contents(
    access: Access,
    type: string,
    filter: Filter,
    usual: readonly string[] | undefined,
    about: string,
  ): Promise<Linked[]> {
    const planned = await this.#planner.plan(access, [type], filter, usual);
    const read = await this.#byContent.find(access, planned, [type], filter, about, WITHOUT_INDEX);
    return read.map(({ stored, resource, entries }) => ({
      key: `${type}/${stored.id}`,
      refs: entries.refs,
      resource,
    }));
  }

  /** Whose resources a mere count tells of. */
  async #counted({ query }: Planned, types: readonly string[]): Promise<string[]> {
    if (types.every(isNobodys)) return [];
    const found = await this.#planner
      .collection(types)
      .aggregate<{ _id: string }>(
        [{ $match: query }, { $group: { _id: '$patient' } }, { $limit: MOST_COUNTED }],
        { maxTimeMS: 20_000 },
      )
      .toArray();
    return found.map(({ _id }) => _id).filter((patient) => patient !== NOBODY);
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
      matches: await opened(this.#reading, docs),
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
    const projection = projectionOf(withRefs);
    if (order.some(({ field }) => field.startsWith('o.'))) delete projection.o;
    const sort = toSort(order);
    const hint = inOrder(planned.hint, order[0]);
    const options = { projection, sort, limit: count + 1, ...hinted(hint) };
    return this.#planner.find({ ...planned, query }, types, options);
  }

  async #total(planned: Planned, asked: SearchQuery): Promise<number> {
    if (asked.total === 'none' && asked.count > 0) return 0;
    return count(this.#planner.collection(asked.types), planned.query, {
      ...hinted(planned.hint),
      exact: this.#database.sharded,
    });
  }
}

function projectionOf(withRefs: boolean): Record<string, 0> {
  const projection: Record<string, 0> = { ...WITHOUT_INDEX };
  if (withRefs) delete projection.refs;
  return projection;
}
