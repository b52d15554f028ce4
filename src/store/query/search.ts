/** A search: planned (planning.ts), then answered in the order of an index, or by what content tells (by-content.ts). */
import { type Query, all } from './query.ts';
import type { Access } from '../../enforcement/access.ts';
import type { Counted, Page, Shown, Stored } from '../../enforcement/ports.ts';
import type { Filter, SearchQuery } from '../../search/filter.ts';
import { ByContent, contentNeeded, pageOf, withTheirRefs } from './by-content.ts';
import type { Currents } from '../current.ts';
import { type Doc, FACE, OF_VERSION } from '../document.ts';
import { needsContent } from './filter.ts';
import { isNobodys, namedPatients, patientsIn } from './narrowing.ts';
import { BY_TERMS, NOBODY, type Planned, type Planner, hinted, inOrder, usualOrder } from './planning.ts';
import type { Reading } from '../reading.ts';
import { type Linked, type Resolver, resolve } from './resolve.ts';
import type { Stranger } from '../../enforcement/stranger.ts';
import { type Order, type Position, afterPosition, orderOf, positionOf, toSort } from './sorting.ts';
import { type Told, toldTo } from './told.ts';
import type { TraceTotals } from '../traces/trace-totals.ts';
import { WHOLE } from '../../fhir/whole.ts';
import { MOST_BYTES, light } from '../weight.ts';
import type { Terms } from '../terms.ts';

/** A write becomes visible at most this long after the time that it carries; see commit.ts. Milliseconds. */
export const VISIBLE_WITHIN = 10_000;
interface CountedRow {
  _id: { patient: string; others?: string[]; labels: string[] };
  /** One for all, but each of what may be hidden by what it names. */
  stand: Pick<Doc, '_id' | 'type' | 'by' | 'hidden' | 'unshown'>[];
}

/**
 * Traces that are given, up to which a search tells how many it finds unless it is asked to: more are counted by looking
 * at each. https://hl7.org/fhir/R4/search.html#total
 */
const SOON_COUNTED = 1000;

/** Of a count, patients and ways to be hidden that get a trace of it each. */
const MOST_COUNTED = 1000;

/** As what the matches are read. */
interface Manner<V> {
  projection: Readonly<Record<string, 1>>;
  read: (docs: readonly Doc[]) => Promise<V[]>;
}

export class Search {
  readonly #planner: Planner;
  readonly #reading: Reading;
  readonly #currents: Currents;
  readonly #resolver: Resolver;
  readonly #byContent: ByContent;
  readonly #totals: Pick<TraceTotals, 'of'>;

  constructor(
    planner: Planner,
    reading: Reading,
    currents: Currents,
    terms: Terms,
    resolver: Resolver,
    base: string,
    totals: Pick<TraceTotals, 'of'>,
  ) {
    this.#totals = totals;
    this.#planner = planner;
    this.#reading = reading;
    this.#currents = currents;
    this.#resolver = resolver;
    this.#byContent = new ByContent(planner, reading, terms, base);
  }

  /** What is found as it is shown. */
  run(access: Access, asked: SearchQuery, after: Position | undefined): Promise<Page<Shown>> {
    const withRefs = asked.includes.length > 0 || asked.revincludes.length > 0;
    return this.#run(access, asked, after, {
      projection: withRefs ? { ...FACE, refs: 1 } : FACE,
      read: async (docs) => withTheirRefs(await this.#reading.faces(docs), docs),
    });
  }

  /** The first page of what is found, whole. */
  whole(access: Access, asked: SearchQuery): Promise<Page> {
    return this.#run(access, asked, undefined, {
      projection: OF_VERSION,
      read: (docs) => this.#reading.current(docs),
    });
  }

  async #run<V extends Shown>(
    access: Access,
    asked: SearchQuery,
    after: Position | undefined,
    manner: Manner<V>,
  ): Promise<Page<Stored | V>> {
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
          ? await this.#ordered(planned, asked, after, manner, access.stranger)
          : pageOf(await this.#byContent.find(access, planned, types, filter, about), asked, after);
    const counted = page.matches.length === 0 && page.total !== 0 && patients === undefined;
    return {
      ...page,
      watermark,
      patients: [...concerned],
      ...(counted ? { counted: await this.#counted(planned, types) } : {}),
    };
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
      const read = await this.#byContent.find(access, planned, [type], filter, about);
      return read.map(({ stored, entries }) => ({ key: `${type}/${stored.id}`, refs: entries.refs }));
    }
    const docs = await this.#planner.find(planned, [type], {
      projection: { refs: 1, others: 1, type: 1, vid: 1, by: 1 },
      limit,
      ...hinted(asLink(planned.hint)),
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
    const read = await this.#byContent.find(access, planned, [type], filter, about);
    return read.map(({ stored, resource, entries }) => ({
      key: `${type}/${stored.id}`,
      refs: entries.refs,
      resource,
    }));
  }

  /** Whose resources a mere count tells of: one for each patient and each way to be hidden. */
  async #counted({ query }: Planned, types: readonly string[]): Promise<Counted[]> {
    if (types.every(isNobodys)) return [];
    const isWhole = { $in: ['$type', [...WHOLE]] };
    const one = { _id: '$_id', type: '$type', by: '$by', hidden: '$hidden', unshown: '$unshown' };
    const $group = {
      _id: {
        patient: '$patient',
        others: '$others',
        labels: '$labels',
        isHidden: { $gt: ['$hidden', null] },
        isWhole,
      },
      first: { $first: one },
      each: { $push: { $cond: [isWhole, one, '$$REMOVE'] } },
    };
    const $project = { stand: { $cond: ['$_id.isWhole', '$each', ['$first']] } };
    const found = await this.#planner
      .collection(types)
      .aggregate<CountedRow>([{ $match: query }, { $group }, { $limit: MOST_COUNTED }, { $project }], {
        maxTimeMS: 20_000,
      })
      .toArray();
    return found
      .filter(({ _id }) => _id.patient !== NOBODY)
      .flatMap(({ _id: { patient, others = [], labels }, stand }) =>
        stand.map(({ _id: rid, type, by, hidden, unshown }) => ({
          type,
          id: rid.slice(type.length + 1),
          patients: [patient, ...others],
          by,
          labels,
          hidden: hidden ?? undefined,
          unshown,
        })),
      );
  }

  async #ordered<V>(
    planned: Planned,
    asked: SearchQuery,
    after: Position | undefined,
    { projection, read }: Manner<V>,
    stranger: Stranger | undefined,
  ): Promise<Omit<Page<V>, 'watermark'>> {
    const order = asked.sort.length > 0 ? orderOf(asked.sort, asked.types) : usualOrder(asked);
    const told =
      stranger === undefined || asked.types[0] === 'AuditEvent' ? undefined : toldTo(stranger, order);
    const isAtOnce = asked.count === 0 || after !== undefined;
    const [found, counted] = await Promise.all([
      asked.count === 0 ? [] : this.#page(planned, asked, order, after, projection, told),
      isAtOnce ? this.#total(planned, asked) : undefined,
    ]);
    const docs = light(found.slice(0, asked.count), (doc) => doc);
    const more = found.length > docs.length;
    const total =
      asked.total === 'none'
        ? undefined
        : isAtOnce
          ? counted
          : more
            ? await this.#total(planned, asked)
            : docs.length;
    for (const doc of docs) this.#currents.met(doc);
    const last = docs.at(-1);
    return {
      matches: await read(docs),
      total,
      next: more && last !== undefined ? (told?.positionOf(last) ?? positionOf(last, order)) : undefined,
    };
  }

  async #page(
    planned: Planned,
    { types, count }: SearchQuery,
    order: readonly Order[],
    after: Position | undefined,
    fields: Readonly<Record<string, 1>>,
    told: Told | undefined,
  ): Promise<Doc[]> {
    const isByStart = order.some(({ field }) => field.startsWith('o.'));
    const projection = isByStart ? { ...fields, o: 1 as const } : fields;
    const limit = count + 1;
    const { patient: _, ...further } = planned;
    const part = (alone: Query, by: readonly Order[], hint: string | undefined): Promise<Doc[]> => {
      const query = all([planned.query, alone, after === undefined ? {} : afterPosition(by, after)]);
      const options = { projection, sort: toSort(by), limit, bytes: MOST_BYTES, ...hinted(hint) };
      return this.#planner.find(query === planned.query ? planned : { ...further, query }, types, options);
    };
    const hint = inOrder(planned.hint, order[0]);
    if (told === undefined) return part({}, order, hint);
    // what the caller is told of by an older version stands elsewhere in the order
    const [others, own] = await Promise.all([
      part(told.others, order, hint),
      part(told.own, told.order, 'by_told'),
    ]);
    return told.merged(others, own, limit);
  }

  /** Undefined: it isn't told. */
  async #total(planned: Planned, { total, types }: SearchQuery): Promise<number | undefined> {
    if (total === 'none') return undefined;
    const { traces } = planned;
    const remembered = traces === undefined ? undefined : await this.#totals.of(traces);
    if (remembered !== undefined || traces !== undefined || total === 'accurate' || types[0] !== 'AuditEvent')
      return remembered ?? this.#planner.count(planned, types);
    const count = await this.#planner.count(planned, types, SOON_COUNTED + 1);
    return count > SOON_COUNTED ? undefined : count;
  }
}

/**
 * What a link finds isn't told, but how long it took is. By terms a search may meet what is hidden, where more decides than their
 * ends can say (veil.ts): where the patient is known, all that the caller sees of theirs is fetched instead.
 */
function asLink(hint: string | undefined): string | undefined {
  return hint === BY_TERMS ? 'patient_type_date' : hint;
}
