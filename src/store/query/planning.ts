/**
 * A search as one query: whose data, what the gate allows, what is asked, and by which index. The gate's condition is
 * part of the query, so it holds before a page is cut, counted or sorted.
 */
import { type Query, all } from './query.ts';
import { Alike } from './alike.ts';
import { type Condition, assume } from '../../condition/condition.ts';
import type { Access } from '../../enforcement/access.ts';
import { DIRECTORY } from '../../fhir/subjects.ts';
import type { Filter, SearchQuery } from '../../search/filter.ts';
import { type Find, count, find } from '../command.ts';
import { withCompanions } from './companions.ts';
import { toMongo } from './condition.ts';
import { Counting } from './counting.ts';
import type { Database } from '../database.ts';
import type { Doc } from '../document.ts';
import { toQuery } from './filter.ts';
import { Judging } from './judging.ts';
import { isNobodys, namedPatients, narrow, withoutImplied } from './narrowing.ts';
import type { Begun, Policies } from '../policies.ts';
import { givenOf } from '../traces/own-only.ts';
import { type AllTraces, amongOf } from '../traces/trace-totals.ts';
import { type Order, byId } from './sorting.ts';
import type { Terms } from '../terms.ts';
import { UNWATCHED } from '../watch.ts';
import { ANY, type Apart, PLAIN, Veils, isRange } from '../veil.ts';
import type { Remainder, Wholeness } from '../wholeness.ts';

/** What is asked of MongoDB, and by which index. */
export interface Planned {
  query: Query;
  hint?: string;
  /** The gate was asked for one patient's resources that are nobody else's. */
  alone: boolean;
  /** Who that patient is, where such searches of a moment may be asked together. */
  patient?: string;
  /** Where some of the types are hidden as a whole when something that they name is. */
  remainder?: Remainder;
  /** It is for all traces of one patient. */
  traces?: AllTraces;
}

interface Gate {
  /** What is left of the condition for these. */
  condition: Condition;
  query: Query;
  veil: Query;
  met: Apart;
  /** Nothing but what the caller made or deposited is given. */
  isOwn: boolean;
}

/** Of one condition, for one patient or another and some types. */
const GATES = 64;

/** The `patient` of what is nobody's. */
export const NOBODY = '';

/** Indexes that end in the word of veil.ts, and that MongoDB asks for any words. */
const VEILED: ReadonlySet<string> = new Set(['patient_type_date', 'patient_type_at']);
/** One over lists: of its own accord MongoDB asks it for one range of words, and for others what it has fetched. */
export const BY_TERMS = 'patient_type_terms_date';

/** Of a page. */
const MOST_TOGETHER = 101;

export class Planner {
  readonly #database: Database;
  readonly #policies: Policies;
  readonly #terms: Terms;
  readonly #wholeness: Wholeness;
  readonly #judging: Judging;
  readonly #veils: Veils;
  readonly #gates = new WeakMap<Condition, Map<string, Gate>>();
  readonly #alike: Alike;
  readonly #counting: Counting;

  constructor(database: Database, policies: Policies, terms: Terms, wholeness: Wholeness, watch = UNWATCHED) {
    this.#database = database;
    this.#policies = policies;
    this.#terms = terms;
    this.#wholeness = wholeness;
    this.#judging = new Judging(database, terms, watch);
    this.#veils = new Veils(terms, policies.rules);
    this.#alike = new Alike(database.resources);
    this.#counting = new Counting(database.resources);
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
    const begun = this.#policies.takeUp(access.ahead);
    const [usually, flagged] = await Promise.all([
      access.reach(whose ?? (directory ? [] : undefined), isAudit(types), begun?.versions),
      whose === undefined ? false : this.#shared(whose, begun),
    ]);
    const { condition, judged } = flagged
      ? await access.reach(await withCompanions(this.#database, this.#terms, whose!))
      : usually;
    if (judged !== undefined && !isAudit(types)) {
      const { query, holds } = await this.#judging.left(access, types, filter, judged, whose !== undefined);
      const planned = await this.remaining(access, { query, alone: false }, types);
      const { remainder } = planned;
      return {
        ...planned,
        remainder: {
          query: remainder?.query ?? {},
          holds: (doc) => holds(doc) && remainder?.holds(doc) !== false,
        },
      };
    }
    const shared = patients !== undefined && flagged;
    const alone = !shared && patients?.length === 1 ? patients[0] : undefined;
    const owner = alone ?? (patients === undefined && types.every(isNobodys) ? NOBODY : undefined);
    const rest = alone === undefined ? filter : withoutImplied(filter, alone);
    const gate = this.#gate(condition, types, alone);
    const authors = isAudit(types) && whose === undefined ? access.tracedAs : undefined;
    const hint = authors === undefined ? hintOf(types, rest, owner) : 'authors_at';
    const parts: Query[] = [
      patients === undefined
        ? owner === undefined
          ? {}
          : { patient: owner }
        : narrow(patients, shared, this.#terms),
      { type: types.length === 1 ? types[0] : { $in: [...types] } },
      toQuery(rest, types, owner === undefined, {
        terms: this.#terms,
        // by another index it narrows nothing that is looked at
        apart: isAudit(types) ? PLAIN : hint === BY_TERMS ? gate.met : ANY,
        stranger: access.stranger,
      }),
      gate.query,
      authors === undefined ? {} : { authors: { $in: [...new Set(authors)] } },
      isAudit(types) ? {} : veilFor(hint, gate.veil),
    ];
    const planned: Planned = { query: all(parts), alone: alone !== undefined, hint };
    if (alone !== undefined && types.length === 1 && !isAudit(types)) planned.patient = alone;
    const isOwn = isAudit(types) && gate.isOwn;
    const left = await this.remaining(access, planned, types, { alone, isOwn });
    const isAll = isAudit(types) && alone !== undefined && partsOf(rest).length === 0;
    const tells = access.isUnlimited ? () => true : left.remainder?.tells;
    if (isAll && tells !== undefined)
      left.traces = { patient: alone, condition: gate.condition, tells, among: amongOf(access) };
    return left;
  }

  async #shared(patients: readonly string[], begun: Begun | undefined): Promise<boolean> {
    const [patient = '', ...others] = patients;
    const isRead = others.length === 0 && begun?.versions.has(patient) === true;
    return isRead ? begun.shared : this.#policies.shared(patients);
  }

  /** What a condition is as a query, and of the words of veil.ts: it is the same object from search to search. */
  #gate(condition: Condition, types: readonly string[], patient: string | undefined): Gate {
    let made = this.#gates.get(condition);
    if (made === undefined || made.size >= GATES) this.#gates.set(condition, (made = new Map()));
    const name = `${patient ?? '?'} ${types.join()}`;
    let gate = made.get(name);
    if (gate === undefined) {
      const smaller = assume(condition, { types, patient });
      gate = {
        condition: smaller,
        query: toMongo(smaller),
        veil: this.#veils.query(smaller) ?? {},
        met: this.#veils.met(smaller),
        isOwn: givenOf(smaller) !== undefined,
      };
      made.set(name, gate);
    }
    return gate;
  }

  /** Without what is hidden as a whole. */
  async remaining(
    access: Access,
    planned: Planned,
    types: readonly string[],
    { alone, isOwn }: { alone?: string; isOwn?: boolean } = {},
  ): Promise<Planned> {
    const { query, hint } = planned;
    const remainder = await this.#wholeness.remainder(access, types, query, { hint, alone, isOwn });
    if (remainder === undefined) return planned;
    return { ...planned, query: all([planned.query, remainder.query]), remainder };
  }

  async find(planned: Planned, types: readonly string[], options: Find): Promise<Doc[]> {
    const { query, alone, remainder, patient } = planned;
    const docs =
      patient !== undefined && isOrdered(options)
        ? await this.#alike.find(types[0]!, { patient, query }, options)
        : await find(this.collection(types), query, options);
    // INVARIANT: what became several patients', or other than it was judged, after the plan was made was not asked about
    return docs.filter(
      (doc) => !(alone && doc.others !== undefined) && (remainder === undefined || remainder.holds(doc)),
    );
  }

  /** @param limit of traces: no more are counted */
  count({ query, hint, patient }: Planned, types: readonly string[], limit?: number): Promise<number> {
    const { sharded } = this.#database;
    return patient !== undefined && hint !== undefined && !sharded
      ? this.#counting.count({ patient, query }, hint)
      : count(this.collection(types), query, { ...hinted(hint), exact: sharded, limit });
  }

  collection(types: readonly string[]) {
    return isAudit(types) ? this.#database.audit : this.#database.resources;
  }
}

function veilFor(hint: string | undefined, veil: Query): Query {
  if (hint === BY_TERMS) return isRange(veil) ? veil : {};
  return hint !== undefined && VEILED.has(hint) ? veil : {};
}

/** In the order of an index of its patient's: of several such searches MongoDB merges what it finds. */
function isOrdered(options: Find): options is Find & { limit: number } {
  const { hint, sort, limit } = options;
  if (sort === undefined || limit === undefined || limit > MOST_TOGETHER) return false;
  const fields = Object.keys(sort).join(' ');
  return (
    (hint === 'patient_type_date' && fields === 'date _id') ||
    (hint === 'patient_type_at' && fields === 'at _id')
  );
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
    if (byTerm) return BY_TERMS;
    return parts.some(({ op }) => op === 'updated') ? 'patient_type_at' : 'patient_type_date';
  }
  return parts.some(isUnique) ? 'ids_type_date' : undefined;
}

const isUnique = (part: Filter): boolean => part.op === 'term' && part.unique === true;

/** The index of the same patient that gives the order, if one does. */
export function inOrder(hint: string | undefined, first: Order | undefined): string | undefined {
  if (hint === undefined || hint === 'ids_type_date' || hint === 'authors_at') return hint;
  if (first?.field === 'at') return 'patient_type_at';
  return first?.field === 'date' && hint === 'patient_type_at' ? 'patient_type_date' : hint;
}

export const hinted = (hint: string | undefined): { hint?: string } => (hint === undefined ? {} : { hint });

/** By `_lastUpdated` for who polls; newest first where an index gives that; else by id. INVARIANT: alike on each page. */
export function usualOrder({ filter, types }: SearchQuery): Order[] {
  const parts = partsOf(filter);
  if (parts.some(({ op }) => op === 'updated')) return byId([{ field: 'at', descending: false }]);
  const served = namedPatients(filter, types)?.length === 1 || types.every(isNobodys) || parts.some(isUnique);
  if (isAudit(types) && !served) return byId([{ field: 'at', descending: true }]);
  return byId(served ? [{ field: 'date', descending: true }] : []);
}
