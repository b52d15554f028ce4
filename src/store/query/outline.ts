/** What a patient has, as far as one caller may know of it: attributes alone, no body is opened. */
import type { Access } from '../../enforcement/access.ts';
import type { Outlined } from '../../enforcement/ports.ts';
import { parseJson } from '../../fhir/json.ts';
import type { Resource } from '../../fhir/resource.ts';
import type { SearchQuery } from '../../search/filter.ts';
import type { Attributes } from '../../condition/condition.ts';
import { find } from '../command.ts';
import { withCompanions } from './companions.ts';
import { toMongo } from './condition.ts';
import type { Database } from '../database.ts';
import { WITHOUT_INDEX, attributes } from '../document.ts';
import { namedPatients } from './narrowing.ts';
import type { Planner } from './planning.ts';
import type { Policies } from '../policies.ts';
import { all } from './query.ts';
import type { Reading } from '../reading.ts';
import type { Terms } from '../terms.ts';

/** Names in one query: it stays below 100 KB. */
const AT_ONCE = 500;

export class Outline {
  readonly #database: Database;
  readonly #planner: Planner;
  readonly #policies: Policies;
  readonly #reading: Reading;
  readonly #terms: Terms;

  constructor(database: Database, planner: Planner, policies: Policies, reading: Reading, terms: Terms) {
    this.#database = database;
    this.#planner = planner;
    this.#policies = policies;
    this.#reading = reading;
    this.#terms = terms;
  }

  /** At most `limit` and one more; only what the caller may be given counts. */
  async attributes(access: Access, { patient, types, only }: Outlined, limit: number): Promise<Attributes[]> {
    const shared = await this.#policies.shared([patient]);
    const condition = await access.condition(
      shared ? await withCompanions(this.#database, this.#terms, [patient]) : [patient],
    );
    const query = all([
      shared ? { $or: [{ patient }, { others: patient }] } : { patient },
      { type: { $in: [...types] } },
      only === undefined ? {} : { _id: { $in: [...only] } },
      toMongo(condition),
    ]);
    const hint = shared ? undefined : only === undefined ? 'patient_type_date' : '_id_';
    const planned = await this.#planner.remaining(access, { query, alone: !shared, hint }, types);
    const docs = await this.#planner.find(planned, types, {
      projection: { ...WITHOUT_INDEX, body: 0 },
      limit: limit + 1,
      ...(hint === undefined ? {} : { hint }),
    });
    return docs.map((doc) => attributes(doc._id, doc));
  }

  /**
   * INVARIANT: of what else is asked nothing counts, or the criteria of searches would tell what is in that which is
   * withheld.
   */
  async withholds(access: Access, { filter, types }: SearchQuery): Promise<boolean> {
    const [patient, ...others] = namedPatients(filter, types) ?? [];
    if (patient === undefined || others.length > 0) return false;
    const condition = await access.withheld(patient);
    if (condition.is === 'none') return false;
    const query = all([{ patient, others: null, type: { $in: [...types] } }, toMongo(condition)]);
    const options = { projection: { _id: 1 }, limit: 1, hint: 'patient_type_date' } as const;
    return (await find(this.#database.resources, query, options)).length > 0;
  }

  /** Those of these that the caller may be given. */
  async readable(access: Access, names: readonly string[]): Promise<Resource[]> {
    const found: Resource[] = [];
    for (let start = 0; start < names.length; start += AT_ONCE) {
      const ids = names.slice(start, start + AT_ONCE);
      const docs = await find(this.#database.resources, { _id: { $in: ids } }, { projection: WITHOUT_INDEX });
      const given = await access.among(docs.map((doc) => attributes(doc._id, doc)));
      const opened = await this.#reading.current(docs.filter((_, index) => given[index]));
      found.push(...opened.map(({ body }) => parseJson(body) as Resource));
    }
    return found;
  }
}
