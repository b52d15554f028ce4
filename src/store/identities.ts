/** Who carries a term that names: asked of many at once, since a deposit asks for its own name first. */
import type { Attributes } from '../condition/condition.ts';
import { find } from './command.ts';
import type { Database } from './database.ts';
import { type Doc, WITHOUT_INDEX, attributes } from './document.ts';
import { Gather } from './gather.ts';

/** Resources of one identity that are looked at, hidden ones among them. */
const MOST_ALIKE = 1000;
const { ids: _, ...UNINDEXED } = WITHOUT_INDEX;
export const FACTS = { ...UNINDEXED, body: 0 } as const;
const HINT = 'ids_type_date';

export class Identities {
  readonly #database: Database;
  readonly #types = new Map<string, Gather<Attributes[]>>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** What there is of the type, whoever may know of it. @param term keyed */
  async carrying(type: string, term: Buffer): Promise<Attributes[]> {
    let gather = this.#types.get(type);
    if (gather === undefined) {
      gather = new Gather((terms) => this.#fetch(type, terms));
      this.#types.set(type, gather);
    }
    return (await gather.get(term.toString('base64'))) ?? [];
  }

  async #fetch(type: string, terms: readonly string[]): Promise<Map<string, Attributes[]>> {
    const found = new Map<string, Attributes[]>(terms.map((term) => [term, []]));
    const docs = await this.#asked(type, terms);
    if (docs.length >= MOST_ALIKE && terms.length > 1) {
      // one that many carry leaves nothing to the others
      for (const term of terms) found.set(term, factsOf(await this.#asked(type, [term])));
      return found;
    }
    for (const doc of docs)
      for (const id of doc.ids ?? []) found.get(id.toString('base64'))?.push(attributes(doc._id, doc));
    return found;
  }

  #asked(type: string, terms: readonly string[]): Promise<Doc[]> {
    const ids = { $in: terms.map((term) => Buffer.from(term, 'base64')) };
    return find(
      this.#database.resources,
      { ids, type },
      { projection: FACTS, limit: MOST_ALIKE, hint: HINT },
    );
  }
}

/** A name as resources are found by it: an identifier's value without case. https://hl7.org/fhir/R4/search.html#token */
export function asIndexed(term: string): string {
  return term.replace(
    /^(identifier=[^|]*\|)(.*)$/s,
    (_, head: string, value: string) => head + value.toLowerCase().replaceAll('|', '\\|'),
  );
}

const factsOf = (docs: readonly Doc[]): Attributes[] => docs.map((doc) => attributes(doc._id, doc));
