/**
 * What is hidden as a whole: a List, Composition, Bundle or Provenance that names something that the caller may not
 * be given is absent for the caller too, but for its depositor. What never was hides nothing; what was deleted is
 * judged by its last version. So are traces: one that names what is hidden from a patient would tell them of it.
 */
import type { Attributes } from '../condition/condition.ts';
import type { Access } from '../enforcement/access.ts';
import { BECAUSE, TRACER } from '../enforcement/own-traces.ts';
import { FhirError } from '../fhir/outcome.ts';
import { WHOLE } from '../fhir/whole.ts';
import type { Database } from './database.ts';
import { type Doc, WITHOUT_INDEX, attributes } from './document.ts';
import { judge } from './name-graph.ts';
import { Named, keyOf } from './named.ts';
import { type Query, all } from './query/query.ts';
import type { Terms } from './terms.ts';
import { TracedNames } from './traces/traced-names.ts';

/** Candidates of a search that are given as far as what they name goes: the query names each. */
const BOUND = 1000;
const AT_ONCE = 200;
const TRACE = 'AuditEvent';
const TIME = { maxTimeMS: 20_000 };
const FACTS = { ...WITHOUT_INDEX, body: 0 } as const;

const NAMELESS: Attributes = {
  type: TRACE,
  id: '',
  patients: [],
  by: '',
  labels: [],
  codes: [],
  about: [],
  authors: [],
};

/** What a search finds without what is hidden as a whole. */
export interface Remainder {
  query: Query;
  /** It is as it was when it was judged. */
  holds(doc: Pick<Doc, '_id' | 'type' | 'vid' | 'by'>): boolean;
  /** Of traces, where all that those of the one patient name was judged: what one names hides it not. */
  tells?: (trace: Traced) => boolean;
}

type Traced = Pick<Attributes, 'by' | 'about' | 'authors'>;

interface Asked {
  hint?: string;
  /** The one patient whose resources, and nobody else's, are asked for. */
  alone?: string;
  /** Nothing but what the caller made or deposited is. */
  isOwn?: boolean;
}

export class Wholeness {
  readonly #database: Database;
  readonly #named: Named;
  readonly #traced: TracedNames;

  constructor(database: Database, terms: Terms) {
    this.#database = database;
    this.#named = new Named(database, terms);
    this.#traced = new TracedNames(database);
  }

  /** Which of these, asked for by name, are not hidden for what they name; each refusal is noted. */
  async admit(access: Access, items: readonly Attributes[]): Promise<boolean[]> {
    const given = await this.among(access, items);
    access.refuse(items.filter((_, index) => !given[index]));
    return given;
  }

  /** Which of these are not hidden for what they name. */
  async among(access: Access, items: readonly Attributes[]): Promise<boolean[]> {
    const asked = items.filter(
      (item) =>
        (WHOLE.has(item.type) || item.type === TRACE) &&
        !access.hasDeposited(item) &&
        !access.isOwnTrace(item),
    );
    if (asked.length === 0) return items.map(() => true);
    const verdicts = await this.#judge(
      access,
      asked.map((item) => (item.type === TRACE ? { ...item, about: told(item.about, access) } : item)),
    );
    const hidden = new Set(asked.filter((_, index) => !verdicts[index]));
    return items.map((item) => !hidden.has(item));
  }

  /** Of which of these `Type/id` the caller may be told; what never was tells nothing. */
  knows(access: Access, names: readonly string[]): Promise<boolean[]> {
    return this.#judge(
      access,
      names.map((name) => ({ ...NAMELESS, about: [name] })),
    );
  }

  /** Which of these `Type/id` are, and name at any depth, only what is so, whoever asks. */
  namesOnly(names: readonly string[], isSo: (facts: Attributes) => boolean): Promise<boolean[]> {
    return judge(
      names.map((name) => ({ ...NAMELESS, about: [name] })),
      async (keys) => {
        const found = await this.#named.facts(keys);
        return found.map((facts) => ({ key: keyOf(facts), facts, given: isSo(facts), own: false }));
      },
    );
  }

  /**
   * What is left of a search of these types; undefined when all is.
   * @throws FhirError too-costly past a bound that counts only what is left
   */
  async remainder(
    access: Access,
    types: readonly string[],
    query: Query,
    { hint, alone, isOwn = false }: Asked = {},
  ): Promise<Remainder | undefined> {
    if (access.isUnlimited) return undefined;
    if (types.length === 1 && types[0] === TRACE)
      return isOwn ? undefined : this.#ofTraces(access, query, alone);
    const asked = types.filter((type) => WHOLE.has(type));
    if (asked.length === 0) return undefined;
    const own = access.depositor;
    const vids = new Map<string, string>();
    const others = all([query, { type: { $in: asked } }, { by: { $ne: own } }]);
    for await (const docs of this.#batches(others, hint)) {
      const facts = docs.map((doc) => attributes(doc._id, doc));
      const whole = await this.#judge(access, facts);
      for (const [index, { _id, vid }] of docs.entries()) if (whole[index]) vids.set(_id, vid);
      if (vids.size > BOUND) throw tooMany(asked);
    }
    const lacking = { _id: { $nin: [...vids.keys()] }, by: { $ne: own }, type: { $in: asked } };
    return {
      // no index is to serve this: one on the rest of the query gives the order
      query: { $nor: [lacking] },
      holds: ({ _id, type, vid, by }) => !WHOLE.has(type) || by === own || vids.get(_id) === vid,
    };
  }

  /**
   * Of which traces the caller may be told, by what they name. What isn't among these names is taken as hidden.
   */
  async tracesOf(access: Access, names: readonly string[]): Promise<(trace: Traced) => boolean> {
    if (access.isUnlimited) return () => true;
    const given = await this.#judge(
      access,
      names.map((name) => ({ ...NAMELESS, about: told([name], access) })),
    );
    return this.#tells(access, names, given);
  }

  #tells(access: Access, names: readonly string[], given: readonly boolean[]): (trace: Traced) => boolean {
    const known = new Set(names.filter((_, index) => given[index]));
    return (trace) =>
      access.hasDeposited(trace) ||
      access.isOwnTrace({ ...trace, type: TRACE }) ||
      trace.about.every((name) => known.has(name));
  }

  /** Traces are many, and name few things: those are judged. */
  async #ofTraces(access: Access, query: Query, alone: string | undefined): Promise<Remainder> {
    const at = Date.now();
    const names =
      alone === undefined
        ? ((await this.#database.audit.distinct('about', query, TIME)) as string[])
        : await this.#traced.of(alone);
    const items = names.map((name) => ({ ...NAMELESS, about: told([name], access) }));
    const given = await this.#judge(access, items);
    const shown = shownOf(access, names, given);
    if (shown === undefined) {
      if (alone === undefined) throw tooMany([TRACE]);
      // of those that are asked for fewer may be named
      return this.#ofTraces(access, query, undefined);
    }
    // what they name was judged, not what later ones do
    const tells = alone === undefined ? undefined : this.#tells(access, names, given);
    return { query: { at: { $lte: at }, ...shown }, holds: () => true, tells };
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
  #judge(access: Access, items: readonly Attributes[]): Promise<boolean[]> {
    return judge(items, (keys) => this.#named.look(access, keys));
  }
}

/** By the shorter of what is hidden and what is given; undefined when both are many. */
function shownOf(access: Access, names: readonly string[], given: readonly boolean[]): Query | undefined {
  const hidden = names.filter((_, index) => !given[index]);
  if (hidden.length === 0) return {};
  const rest = hidden.length <= BOUND ? hidden : names.filter((_, index) => given[index]);
  if (rest.length > BOUND) return undefined;
  const about = rest === hidden ? { $nin: hidden } : { $not: { $elemMatch: { $nin: rest } } };
  const own = access.traced === undefined ? [] : [{ by: TRACER, authors: access.traced }];
  return { $or: [{ about }, { by: access.depositor }, ...own] };
}

/** What a trace was decided by is hidden with what is told of it: who isn't told is not asked. */
function told(about: readonly string[], access: Access): string[] {
  return about.flatMap((name) => {
    if (!name.startsWith(BECAUSE)) return [name];
    return access.isTold ? [name.slice(BECAUSE.length)] : [];
  });
}

function tooMany(types: readonly string[]): FhirError {
  const named = types.map((type) => `\`${type}\``).join(', ');
  return new FhirError(
    'too-costly',
    `more than ${BOUND} of ${named} have to be looked at with what they name: ask for fewer: add a patient, a date or another parameter`,
  );
}
