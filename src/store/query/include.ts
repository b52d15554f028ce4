/**
 * What `_include` and `_revinclude` bring: each included resource passes the gate by itself.
 * https://hl7.org/fhir/R4/search.html#revinclude
 */
import type { Access } from '../../enforcement/access.ts';
import type { Shown, Stored } from '../../enforcement/ports.ts';
import { FhirError } from '../../fhir/outcome.ts';
import { DIRECTORY } from '../../fhir/subjects.ts';
import { definitionsOf, resourceTypes } from '../../search/definitions.ts';
import type { Include } from '../../search/filter.ts';
import { rowOf } from './by-content.ts';
import { canonicalsNamed, termsNaming } from './canonical.ts';
import { withCompanions } from './companions.ts';
import { toMongo } from './condition.ts';
import type { Database } from '../database.ts';
import { type Doc, WITHOUT_INDEX } from '../document.ts';
import { mentionTerm } from './narrowing.ts';
import { type Query, all } from './query.ts';
import type { Reading } from '../reading.ts';
import type { Terms } from '../terms.ts';
import { ANY } from '../veil.ts';
import type { Wholeness } from '../wholeness.ts';

const ROUNDS = 5;
/** References that a reverse include looks for at once. */
const MOST_REFS = 20_000;
const { refs: _kept, ...WITH_REFS } = WITHOUT_INDEX;

export interface Includes {
  forward: readonly Include[];
  reverse: readonly Include[];
}

export class Inclusion {
  readonly #database: Database;
  readonly #reading: Reading;
  readonly #terms: Terms;
  readonly #wholeness: Wholeness;

  constructor(database: Database, reading: Reading, terms: Terms, wholeness: Wholeness) {
    this.#database = database;
    this.#reading = reading;
    this.#terms = terms;
    this.#wholeness = wholeness;
  }

  async run(access: Access, matches: readonly Shown[], includes: Includes, limit: number): Promise<Stored[]> {
    const seen = new Map<string, Shown>(matches.map((match) => [rowOf(match), match]));
    const found: Stored[] = [];
    let latest: readonly Shown[] = matches;
    for (let round = 0; round < ROUNDS && latest.length > 0; round += 1) {
      const wanted = (include: Include): boolean => round === 0 || include.iterate;
      const fresh = [
        ...(await this.#forward(access, latest, includes.forward.filter(wanted), seen, limit)),
        ...(await this.#reverse(access, latest, includes.reverse.filter(wanted), limit)),
      ].filter((stored) => !seen.has(keyOf(stored)));
      for (const stored of fresh) seen.set(keyOf(stored), stored);
      const unique = [...new Map(fresh.map((stored) => [keyOf(stored), stored])).values()];
      found.push(...unique);
      if (found.length > limit) {
        throw new FhirError(
          'too-costly',
          `more than ${limit} resources to include: lower \`_count\` or include less`,
        );
      }
      latest = unique;
    }
    return found;
  }

  async #forward(
    access: Access,
    from: readonly Shown[],
    includes: readonly Include[],
    seen: ReadonlyMap<string, Shown>,
    limit: number,
  ): Promise<Stored[]> {
    const keys = new Set<string>();
    for (const { type: outer, inside, refs = [] } of from) {
      const type = inside?.type ?? outer;
      for (const include of includes) {
        if (include.type !== '*' && include.type !== type) continue;
        for (const ref of refs) {
          const at = ref.indexOf('=');
          const key = ref.slice(at + 1);
          if (include.param !== '*' && include.param !== ref.slice(0, at)) continue;
          if (include.target !== undefined && !key.startsWith(`${include.target}/`)) continue;
          if (!seen.has(key)) keys.add(key);
        }
      }
    }
    const addresses = canonicalsNamed(from, includes);
    if (keys.size + addresses.size === 0) return [];
    const docs = await this.#database.resources
      .find({ _id: { $in: [...keys] } }, { projection: WITH_REFS, maxTimeMS: 10_000 })
      .toArray();
    return this.#admitted(access, [...docs, ...(await this.#addressed(access, addresses, limit))]);
  }

  /** What has these canonical addresses, of the types that each may name. */
  async #addressed(
    access: Access,
    addresses: ReadonlyMap<string, ReadonlySet<string>>,
    limit: number,
  ): Promise<Doc[]> {
    const found: Doc[] = [];
    for (const [type, terms] of addresses) {
      const condition = await access.condition(DIRECTORY.has(type) ? [] : undefined);
      const docs = await this.#database.resources
        .find(all([{ ids: { $in: this.#terms.all([...terms]) } }, { type }, toMongo(condition)]), {
          projection: WITH_REFS,
          limit: limit + 1,
          hint: 'ids_type_date',
          maxTimeMS: 10_000,
        })
        .toArray();
      found.push(...docs);
    }
    return found;
  }

  async #reverse(
    access: Access,
    to: readonly Shown[],
    includes: readonly Include[],
    limit: number,
  ): Promise<Stored[]> {
    const found: Doc[] = [];
    for (const include of includes) {
      const targets = to.filter(
        ({ type, inside }) =>
          inside === undefined && (include.target === undefined || include.target === type),
      );
      const refs = new Set(
        targets.flatMap((each) => codesOf(include, each.type).map((code) => `${code}=${keyOf(each)}`)),
      );
      if (refs.size === 0) continue;
      const naming = targets.flatMap((each) => termsNaming(each, codesOf(include, each.type)));
      if (refs.size + naming.length > MOST_REFS) {
        throw new FhirError(
          'too-costly',
          `too much to look for by \`${include.type}:${include.param}\`: lower \`_count\``,
        );
      }
      const { patients, among } = this.#around(targets);
      const asked =
        patients === undefined ? undefined : await withCompanions(this.#database, this.#terms, patients);
      const query = all([
        among,
        include.type === '*' ? {} : { type: include.type },
        { terms: { $in: this.#terms.all([...refs, ...naming]).flatMap(ANY) } },
        toMongo(await access.condition(asked)),
      ]);
      const types = include.type === '*' ? resourceTypes() : [include.type];
      const remainder = await this.#wholeness.remainder(access, types, query);
      const collection = include.type === 'AuditEvent' ? this.#database.audit : this.#database.resources;
      const docs = await collection
        .find(remainder === undefined ? query : all([query, remainder.query]), {
          projection: WITH_REFS,
          limit: limit + 1,
          maxTimeMS: 10_000,
        })
        .toArray();
      const sure = naming.length > 0;
      found.push(...docs.filter((doc) => sure || (doc.refs ?? []).some((ref) => refs.has(ref))));
    }
    return this.#admitted(access, found);
  }

  /** What refers to a patient's resource is the patient's too, or nobody's, or names the patient. */
  #around(targets: readonly Shown[]): { patients?: string[]; among: Query } {
    if (targets.some(({ patients }) => patients.length === 0)) return { among: {} };
    const patients = [...new Set(targets.flatMap((each) => each.patients))];
    const marks = patients.map((patient) => this.#terms.of(mentionTerm(patient)));
    const ways = [
      { patient: { $in: [...patients, ''] } },
      { others: { $in: patients } },
      { ids: { $in: marks } },
    ];
    return { patients, among: { $or: ways } };
  }

  async #admitted(access: Access, docs: readonly Doc[]): Promise<Stored[]> {
    const refs = new Map(docs.map((doc) => [doc._id, doc.refs ?? []]));
    // INVARIANT: which plan the database chose, and so in which order it answers, may hang on what is hidden
    const inOrder = [...docs].sort((a, b) => (a._id < b._id ? -1 : 1));
    const opened = await this.#reading.current(inOrder);
    const [allowed, whole] = await Promise.all([access.among(opened), this.#wholeness.among(access, opened)]);
    return opened
      .filter((_, index) => allowed[index] && whole[index])
      .map((stored) => ({ ...stored, refs: refs.get(keyOf(stored)) ?? [] }));
  }
}

/** The parameters by which resources of the source type refer to the target type. */
function codesOf({ type, param }: Include, target: string): string[] {
  if (param !== '*') return [param];
  const codes = (type === '*' ? resourceTypes() : [type]).flatMap((source) =>
    [...definitionsOf(source)]
      .filter(
        ([, definition]) => definition.type === 'reference' && (definition.target?.includes(target) ?? true),
      )
      .map(([code]) => code),
  );
  return [...new Set(codes)];
}

function keyOf({ type, id }: { type: string; id: string }): string {
  return `${type}/${id}`;
}
