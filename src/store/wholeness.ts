/**
 * What is hidden as a whole: a List, Composition, Bundle or Provenance that names something that the caller may not
 * be given is absent for the caller too, but for its depositor. What never was hides nothing; what was deleted is
 * judged by its last version.
 */
import type { Attributes } from '../condition/condition.ts';
import type { Access } from '../enforcement/access.ts';
import { FhirError } from '../fhir/outcome.ts';
import { WHOLE } from '../fhir/whole.ts';
import type { Database } from './database.ts';
import { type Doc, WITHOUT_INDEX, attributes } from './document.ts';
import { judge } from './name-graph.ts';
import { Named, ofUnknown } from './named.ts';
import { type Query, all } from './query.ts';
import type { Terms } from './terms.ts';

/** Candidates of a search that are given as far as what they name goes: the query names each. */
const BOUND = 1000;
const AT_ONCE = 200;
const TIME = { maxTimeMS: 20_000 };
const FACTS = { ...WITHOUT_INDEX, body: 0 } as const;

/** What a search finds without what is hidden as a whole. */
export interface Remainder {
  query: Query;
  /** It is as it was when it was judged. */
  holds(doc: Pick<Doc, '_id' | 'type' | 'vid' | 'by'>): boolean;
}

export class Wholeness {
  readonly #database: Database;
  readonly #named: Named;

  constructor(database: Database, terms: Terms) {
    this.#database = database;
    this.#named = new Named(database, terms);
  }

  /** Which of these, asked for by name, are not hidden for what they name; each refusal is noted. */
  async admit(access: Access, items: readonly Attributes[]): Promise<boolean[]> {
    return this.#decide(access, items, (asked) => access.admit(asked));
  }

  /** Which of these, met on the way, are not hidden for what they name. */
  async among(access: Access, items: readonly Attributes[]): Promise<boolean[]> {
    return this.#decide(access, items, (asked) => access.among(asked));
  }

  async #decide(
    access: Access,
    items: readonly Attributes[],
    ask: (items: readonly Attributes[]) => Promise<boolean[]>,
  ): Promise<boolean[]> {
    if (!items.some(({ type }) => WHOLE.has(type))) return items.map(() => true);
    const whole = await this.#judge(access, items);
    const hidden = items.filter((_, index) => !whole[index]);
    if (hidden.length === 0) return whole;
    const own = await ask(hidden.map(ofUnknown));
    const given = new Set(hidden.filter((_, index) => own[index]));
    return items.map((item, index) => whole[index]! || given.has(item));
  }

  /**
   * What is left of a search of these types; undefined when all is.
   * @throws FhirError too-costly past a bound that counts only what is left
   */
  async remainder(
    access: Access,
    types: readonly string[],
    query: Query,
    hint?: string,
  ): Promise<Remainder | undefined> {
    const asked = types.filter((type) => WHOLE.has(type));
    if (asked.length === 0 || (await everything(access, asked))) return undefined;
    const vids = new Map<string, string>();
    const own = new Set<string>();
    let begun = false;
    while (!begun) {
      begun = true;
      vids.clear();
      const among = all([query, { type: { $in: asked } }, own.size === 0 ? {} : { by: { $nin: [...own] } }]);
      for await (const docs of this.#batches(among, hint)) {
        const facts = docs.map((doc) => attributes(doc._id, doc));
        const [mine, whole] = await Promise.all([
          access.among(facts.map(ofUnknown)),
          this.#judge(access, facts),
        ]);
        const depositors = facts.filter((_, index) => mine[index]).map(({ by }) => by);
        if (depositors.length > 0) {
          // what they deposited needs no look: begin again without it
          for (const by of depositors) own.add(by);
          begun = false;
          break;
        }
        for (const [index, { _id, vid }] of docs.entries()) if (whole[index]) vids.set(_id, vid);
        if (vids.size > BOUND) throw tooMany(asked);
      }
    }
    const lacking = { _id: { $nin: [...vids.keys()] }, by: { $nin: [...own] }, type: { $in: asked } };
    return {
      // no index is to serve this: one on the rest of the query gives the order
      query: { $nor: [lacking] },
      holds: ({ _id, type, vid, by }) => !WHOLE.has(type) || own.has(by) || vids.get(_id) === vid,
    };
  }

  async *#batches(query: Query, hint: string | undefined): AsyncGenerator<Doc[]> {
    const found = this.#database.resources.find(query, {
      projection: FACTS,
      batchSize: AT_ONCE,
      ...(hint === undefined ? {} : { hint }),
      ...TIME,
    });
    let batch: Doc[] = [];
    for await (const doc of found) {
      batch.push(doc as Doc);
      if (batch.length < AT_ONCE) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  /** Whether each names nothing hidden, whoever deposited it. */
  async #judge(access: Access, items: readonly Attributes[]): Promise<boolean[]> {
    const asked = items.filter(({ type }) => WHOLE.has(type));
    const verdicts = await judge(asked, (keys) => this.#named.look(access, keys));
    const given = new Set(asked.filter((_, index) => verdicts[index]));
    return items.map((item) => !WHOLE.has(item.type) || given.has(item));
  }
}

async function everything(access: Access, types: readonly string[]): Promise<boolean> {
  const nothing = { id: '', patients: [], by: '', labels: [], codes: [], about: [], authors: [] };
  const given = await access.among(types.map((type) => ofUnknown({ ...nothing, type })));
  return given.every(Boolean);
}

function tooMany(types: readonly string[]): FhirError {
  const named = types.map((type) => `\`${type}\``).join(', ');
  return new FhirError(
    'too-costly',
    `more than ${BOUND} of ${named} have to be looked at with what they name: ask for fewer: add a patient, a date or another parameter`,
  );
}
