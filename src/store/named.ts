/** What the gate says of resources that others name: asked of many at once, without their content. */
import { locationOf } from '../fhir/content/attachment.ts';
import type { Attributes } from '../condition/condition.ts';
import type { Access } from '../enforcement/access.ts';
import { DIRECTORY } from '../fhir/subjects.ts';
import type { Database } from './database.ts';
import { type VersionDoc, WITHOUT_INDEX, attributes } from './document.ts';
import { Gather } from './gather.ts';
import type { Look } from './name-graph.ts';
import type { Terms } from './terms.ts';

/** Names in one query: it stays below 100 KB. */
const AT_ONCE = 1000;
/** Documents that name a Binary, which are looked at. */
const MOST_NAMING = 1000;
const FACTS = { ...WITHOUT_INDEX, body: 0 } as const;
const TIME = { maxTimeMS: 10_000 };

export class Named {
  readonly #database: Database;
  readonly #terms: Terms;
  readonly #facts: Gather<Attributes>;

  constructor(database: Database, terms: Terms) {
    this.#database = database;
    this.#terms = terms;
    this.#facts = new Gather(async (keys) => {
      const found = new Map<string, Attributes>();
      for (let start = 0; start < keys.length; start += AT_ONCE)
        for (const each of await this.#fetch(keys.slice(start, start + AT_ONCE)))
          found.set(keyOf(each), each);
      return found;
    });
  }

  /** Those of these that are or were. */
  async facts(keys: readonly string[]): Promise<Attributes[]> {
    const facts = await Promise.all(keys.map((key) => this.#facts.get(key)));
    return facts.filter((each) => each !== undefined);
  }

  /** Those of these that are or were, and whether the caller may be given them. */
  async look(access: Access, keys: readonly string[]): Promise<Look[]> {
    const found = await this.facts(keys);
    if (found.length === 0) return [];
    const allowed = await access.permits(found);
    const parts = await this.#partsOfDocuments(
      access,
      found.filter(({ type }, index) => (type === 'Binary' || type === 'Bundle') && !allowed[index]),
    );
    return found.map((each, index) => ({
      key: keyOf(each),
      facts: each,
      // everybody may know of the directory, whatever their scopes
      given: allowed[index]! || isDirectory(each) || parts.has(each),
      own: access.hasDeposited(each),
    }));
  }

  /** The current versions; of what was deleted the last. */
  async #fetch(keys: readonly string[]): Promise<Attributes[]> {
    const { resources, audit, history } = this.#database;
    const traces = keys.filter((key) => key.startsWith('AuditEvent/'));
    const docs = (
      await Promise.all([
        resources.find({ _id: { $in: [...keys] } }, { projection: FACTS, ...TIME }).toArray(),
        traces.length === 0
          ? []
          : audit.find({ _id: { $in: traces } }, { projection: FACTS, ...TIME }).toArray(),
      ])
    ).flat();
    const found = new Map<string, VersionDoc>(docs.map((doc) => [doc._id, doc]));
    const gone = keys.filter((key) => !found.has(key));
    if (gone.length > 0) {
      const marks = await history
        .find(
          { rid: { $in: gone }, method: 'DELETE' },
          { projection: { body: 0 }, sort: { rid: 1, at: 1 }, hint: 'rid_at', ...TIME },
        )
        .toArray();
      for (const mark of marks) found.set(mark.rid, mark);
    }
    return [...found].map(([rid, doc]) => attributes(rid, doc));
  }

  /** The Binaries that may be read as part of a document of the same depositor: see scoped-store.ts. */
  async #partsOfDocuments(access: Access, binaries: readonly Attributes[]): Promise<ReadonlySet<Attributes>> {
    const impersonal = binaries.filter(({ patients }) => patients.length === 0);
    if (impersonal.length === 0) return new Set();
    const terms = new Map(impersonal.map((each) => [each, this.#terms.of(locationOf(keyOf(each)))] as const));
    const { ids: _, ...projection } = FACTS;
    const docs = await this.#database.resources
      .find(
        {
          ids: { $in: [...terms.values()] },
          type: 'DocumentReference',
          by: { $in: [...new Set(impersonal.map(({ by }) => by))] },
        },
        { projection, limit: MOST_NAMING, hint: 'ids_type_date', ...TIME },
      )
      .toArray();
    const allowed = await access.permits(docs.map((doc) => attributes(doc._id, doc)));
    const readable = docs.filter((_doc, index) => allowed[index]);
    return new Set(
      impersonal.filter((each) =>
        readable.some(({ by, ids = [] }) => by === each.by && ids.some((id) => id.equals(terms.get(each)!))),
      ),
    );
  }
}

function isDirectory({ type, patients }: Attributes): boolean {
  return patients.length === 0 && DIRECTORY.has(type);
}

export function keyOf({ type, id }: Pick<Attributes, 'type' | 'id'>): string {
  return `${type}/${id}`;
}
