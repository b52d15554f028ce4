/**
 * What `_include` and `_revinclude` bring: each included resource passes the gate by itself.
 * https://hl7.org/fhir/R4/search.html#revinclude
 */
import type { Access } from '../enforcement/access.ts';
import type { Stored } from '../enforcement/ports.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Include } from '../search/filter.ts';
import { toMongo } from './condition.ts';
import type { Database } from './database.ts';
import { type Doc, WITHOUT_INDEX } from './document.ts';
import { all } from './query.ts';
import type { Reading } from './reading.ts';
import type { Terms } from './terms.ts';

const ROUNDS = 5;
const { refs: _kept, ...WITH_REFS } = WITHOUT_INDEX;

export interface Includes {
  forward: readonly Include[];
  reverse: readonly Include[];
}

export class Inclusion {
  readonly #database: Database;
  readonly #reading: Reading;
  readonly #terms: Terms;

  constructor(database: Database, reading: Reading, terms: Terms) {
    this.#database = database;
    this.#reading = reading;
    this.#terms = terms;
  }

  async run(access: Access, matches: readonly Stored[], includes: Includes, limit: number): Promise<Stored[]> {
    const seen = new Map(matches.map((match) => [keyOf(match), match]));
    const found: Stored[] = [];
    let latest: readonly Stored[] = matches;
    for (let round = 0; round < ROUNDS && latest.length > 0; round += 1) {
      const wanted = (include: Include): boolean => round === 0 || include.iterate;
      const fresh = [
        ...(await this.#forward(access, latest, includes.forward.filter(wanted), seen)),
        ...(await this.#reverse(access, latest, includes.reverse.filter(wanted), limit)),
      ].filter((stored) => !seen.has(keyOf(stored)));
      for (const stored of fresh) seen.set(keyOf(stored), stored);
      const unique = [...new Map(fresh.map((stored) => [keyOf(stored), stored])).values()];
      found.push(...unique);
      if (found.length > limit) {
        throw new FhirError('too-costly', `more than ${limit} resources to include: lower \`_count\` or include less`);
      }
      latest = unique;
    }
    return found;
  }

  async #forward(
    access: Access,
    from: readonly Stored[],
    includes: readonly Include[],
    seen: ReadonlyMap<string, Stored>,
  ): Promise<Stored[]> {
    const keys = new Set<string>();
    for (const { type, refs = [] } of from) {
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
    if (keys.size === 0) return [];
    const docs = await this.#database.resources
      .find({ _id: { $in: [...keys] } }, { projection: WITH_REFS, maxTimeMS: 10_000 })
      .toArray();
    return this.#admitted(access, docs);
  }

  async #reverse(
    access: Access,
    to: readonly Stored[],
    includes: readonly Include[],
    limit: number,
  ): Promise<Stored[]> {
    if (includes.length === 0 || to.length === 0) return [];
    const patients = [...new Set(to.flatMap(({ patients }) => patients))];
    const condition = await access.condition(patients.length > 0 ? patients : undefined);
    const found: Doc[] = [];
    for (const { type, param, target } of includes) {
      const targets = to.filter((each) => target === undefined || each.type === target);
      const terms = targets.map((each) => this.#terms.of(`${param}=${keyOf(each)}`));
      if (terms.length === 0) continue;
      // who refers to a patient's resource is mostly the patient's too, or nobody's
      const where = patients.length > 0 && targets.every((each) => each.patients.length > 0);
      const docs = await this.#database.resources
        .find(
          all([
            where ? { $or: [{ patient: { $in: [...patients, ''] } }, { others: { $in: patients } }] } : {},
            { type, terms: { $in: terms } },
            toMongo(condition),
          ]),
          { projection: WITH_REFS, limit: limit + 1, maxTimeMS: 10_000 },
        )
        .toArray();
      found.push(...docs);
    }
    return this.#admitted(access, found);
  }

  async #admitted(access: Access, docs: readonly Doc[]): Promise<Stored[]> {
    const refs = new Map(docs.map((doc) => [doc._id, doc.refs ?? []]));
    const opened = await this.#reading.all(docs.map((doc) => ({ rid: doc._id, doc })));
    const allowed = await access.among(opened);
    return opened
      .filter((_, index) => allowed[index])
      .map((stored) => ({ ...stored, refs: refs.get(keyOf(stored)) ?? [] }));
  }
}

function keyOf({ type, id }: { type: string; id: string }): string {
  return `${type}/${id}`;
}
