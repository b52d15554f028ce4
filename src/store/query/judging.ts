/**
 * A search whose gate can't be said in one query: it spans more patients, or their Consents say more, than a query
 * may hold. What is asked is looked for in portions, by the gate's attributes alone, and each resource found is judged;
 * what is left is a list of ids, in which all that follows (order, total, pages) is asked as usual.
 */
import type { Access, Judged } from '../../enforcement/access.ts';
import { FhirError } from '../../fhir/outcome.ts';
import type { Filter, RangeTest } from '../../search/filter.ts';
import { find } from '../command.ts';
import type { Database } from '../database.ts';
import { type Doc, LONG, WITHOUT_INDEX, attributes } from '../document.ts';
import { toQuery } from './filter.ts';
import { isNobodys } from './narrowing.ts';
import { primaryDate } from './primary-date.ts';
import { type Query, all } from './query.ts';
import type { Terms } from '../terms.ts';
import { ANY } from '../veil.ts';
import { UNWATCHED, type Watch } from '../watch.ts';

/** Patients in one query: it stays below 100 KB. */
const PORTION = 1800;
/** Resources that are left; the query names each. */
const BOUND = 1500;
const AT_ONCE = 500;
const TIME = { maxTimeMS: 20_000 };
const FACTS = { ...WITHOUT_INDEX, body: 0 } as const;

export interface Left {
  query: Query;
  /** It is as it was when it was judged. */
  holds(doc: Pick<Doc, '_id' | 'vid'>): boolean;
}

/** Where a resource must begin to lie after; by which index that is found. */
interface Floor {
  bounds: { bound: Query; hint: string; ofLong?: true }[];
}

export class Judging {
  readonly #database: Database;
  readonly #terms: Terms;
  readonly #watch: Watch;

  constructor(database: Database, terms: Terms, watch = UNWATCHED) {
    this.#database = database;
    this.#watch = watch;
    this.#terms = terms;
  }

  /**
   * @param isNamed the search names these patients
   * @throws FhirError too-costly without a lower bound on a date, or past a bound that counts only what is left
   */
  async left(
    access: Access,
    types: readonly string[],
    filter: Filter,
    { patients, depositor }: Judged,
    isNamed: boolean,
  ): Promise<Left> {
    this.#watch.judged();
    const floor = floorOf(filter, types);
    if (floor === undefined && !isNamed) {
      throw new FhirError(
        'too-costly',
        'too many patients to search at once: add the parameter `patient`, or a lower bound on a date, such as `_lastUpdated=ge…`',
      );
    }
    const [isLong, isShared] = await Promise.all([
      this.#isThere({ long: true }, 'patient_type_long'),
      this.#isThere({ others: { $exists: true } }, 'others_type_date'),
    ]);
    const bounds = (floor ?? WITHOUT_FLOOR).bounds.filter(({ ofLong }) => isLong || ofLong !== true);
    const asked = all([
      { type: types.length === 1 ? types[0] : { $in: [...types] } },
      toQuery(filter, types, false, { terms: this.#terms, apart: ANY, stranger: access.stranger }),
    ]);
    const vids = new Map<string, string>();
    for (const among of portions(patients)) {
      for (const { bound, hint } of bounds)
        await this.#judge(access, all([{ patient: among }, asked, bound]), hint, vids);
      if (isShared) await this.#judge(access, all([{ others: among }, asked]), 'others_type_date', vids);
    }
    if (types.some(isNobodys))
      await this.#judge(access, all([{ patient: '' }, asked]), 'patient_type_date', vids);
    await this.#judge(access, all([{ by: depositor }, asked]), 'by_type_at', vids);
    return { query: { _id: { $in: [...vids.keys()] } }, holds: ({ _id, vid }) => vids.get(_id) === vid };
  }

  /** Where nobody's is, the names of thousands of patients needn't be sent to look for it. */
  async #isThere(query: Query, hint: string): Promise<boolean> {
    const options = { projection: { _id: 1 }, limit: 1, hint } as const;
    return (await find(this.#database.resources, query, options)).length > 0;
  }

  async #judge(access: Access, query: Query, hint: string, vids: Map<string, string>): Promise<void> {
    let batch: Doc[] = [];
    const judge = async (): Promise<void> => {
      const fresh = batch.filter(({ _id }) => !vids.has(_id));
      batch = [];
      const given = await access.among(fresh.map((doc) => attributes(doc._id, doc)));
      for (const [index, { _id, vid }] of fresh.entries()) if (given[index]) vids.set(_id, vid);
      if (vids.size > BOUND) {
        throw new FhirError(
          'too-costly',
          `more than ${BOUND} resources of several patients: add the parameter \`patient\`, or a later date`,
        );
      }
    };
    const found = this.#database.resources.find(query, { projection: FACTS, hint, ...TIME });
    for await (const doc of found) {
      batch.push(doc as Doc);
      if (batch.length >= AT_ONCE) await judge();
    }
    if (batch.length > 0) await judge();
  }
}

const WITHOUT_FLOOR: Floor = { bounds: [{ bound: {}, hint: 'patient_type_date' }] };

function portions(patients: readonly string[]): { $in: string[] }[] {
  return Array.from({ length: Math.ceil(patients.length / PORTION) }, (_, index) => ({
    $in: patients.slice(index * PORTION, (index + 1) * PORTION),
  }));
}

/** Undefined: the search reaches back to the beginning. */
function floorOf(filter: Filter, types: readonly string[]): Floor | undefined {
  if (filter.op === 'and') {
    return filter.of.map((part) => floorOf(part, types)).find((floor) => floor !== undefined);
  }
  if (filter.op === 'updated') {
    const { gt, gte } = filter.test;
    return gt === undefined && gte === undefined
      ? undefined
      : { bounds: [{ bound: {}, hint: 'patient_type_at' }] };
  }
  if (filter.op !== 'range' || types.length !== 1 || filter.param !== primaryDate(types[0]!))
    return undefined;
  const least = leastEnd(filter.test);
  if (least === undefined) return undefined;
  return {
    bounds: [
      { bound: { date: { $gt: least - LONG } }, hint: 'patient_type_date' },
      // what lasts longer may have begun before
      { bound: { long: true }, hint: 'patient_type_long', ofLong: true },
    ],
  };
}

/** What is found ends after this, whichever alternative finds it. */
function leastEnd(test: RangeTest): number | undefined {
  const ends = test.map(({ lo, hi }) => hi?.gt ?? hi?.gte ?? lo?.gt ?? lo?.gte);
  return ends.some((end) => end === undefined) ? undefined : Math.min(...(ends as number[]));
}
