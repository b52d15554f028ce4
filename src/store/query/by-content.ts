/** Searches that only the content of resources can answer: all that the gate and the query leave is read. */
import { all } from './query.ts';
import { withoutAside } from '../../audit/aside.ts';
import type { Access } from '../../enforcement/access.ts';
import type { Page, Shown, Stored } from '../../enforcement/ports.ts';
import { parseJson, stringifyJson } from '../../fhir/json.ts';
import { asDeposited } from '../../enforcement/stranger.ts';
import { FhirError } from '../../fhir/outcome.ts';
import type { Resource } from '../../fhir/resource.ts';
import { resourceTypes } from '../../search/definitions.ts';
import { containedTerm, type Filter, type IndexEntries, type SearchQuery } from '../../search/filter.ts';
import { indexResource } from '../../search/index.ts';
import { matches } from '../../search/match.ts';
import { sortValue } from '../../search/sort.ts';
import { toMongo } from './condition.ts';
import { type Doc, WITHOUT_INDEX } from '../document.ts';
import { needsContent } from './filter.ts';
import { type Planned, type Planner, hinted } from './planning.ts';
import type { Reading } from '../reading.ts';
import type { Position } from './sorting.ts';
import type { Terms } from '../terms.ts';
import { MOST_BYTES } from '../weight.ts';

/** Permitted candidates whose content is read where only content can tell. */
const CONTENT_BOUND = 1000;

/** A candidate whose content was read. */
export interface Read {
  stored: Stored;
  resource: Resource;
  entries: IndexEntries;
  /** When it was last changed, as the caller is told. Milliseconds. */
  at: number;
}

export class ByContent {
  readonly #planner: Planner;
  readonly #reading: Reading;
  readonly #terms: Terms;
  readonly #base: string;

  constructor(planner: Planner, reading: Reading, terms: Terms, base: string) {
    this.#planner = planner;
    this.#reading = reading;
    this.#terms = terms;
    this.#base = base;
  }

  /** What of a plan's candidates the filter matches. @param about the parameter that needs it */
  async find(
    access: Access,
    planned: Planned,
    types: readonly string[],
    filter: Filter,
    about: string,
  ): Promise<Read[]> {
    return (await this.#readAll(access, planned, types, about)).filter(
      ({ stored, resource, entries, at }) => {
        const { type, id } = stored;
        return matches(filter, { ...entries, type, id, at, resource });
      },
    );
  }

  /**
   * The resources that contain what is searched for, or what they contain, and with `both` those that are it: all
   * read and matched.
   * https://hl7.org/fhir/R4/search.html#contained
   */
  async containing(access: Access, planned: Planned, asked: SearchQuery, filter: Filter): Promise<Read[]> {
    const [type = ''] = asked.types;
    const condition = await access.condition(undefined);
    const query = all([{ ids: this.#terms.of(containedTerm(type)) }, toMongo(condition)]);
    const around = await this.#planner.remaining(access, { query, alone: false }, resourceTypes());
    const containers = await this.#readAll(access, around, [], '_contained');
    const found = containers.flatMap((container) => {
      const inside = this.#inside(container, type, filter);
      return asked.containedType === 'contained' ? inside : inside.length > 0 ? [container] : [];
    });
    const own =
      asked.contained === 'true' ? [] : await this.find(access, planned, asked.types, filter, '_contained');
    const keys = new Set(own.map(({ stored }) => rowOf(stored)));
    const both = [...own, ...found.filter(({ stored }) => !keys.has(rowOf(stored)))];
    return both;
  }

  /** What a resource contains that the filter matches, each as a match of its own. */
  #inside({ stored, resource, at }: Read, type: string, filter: Filter): Read[] {
    const contained = (resource.contained ?? []) as Resource[];
    let exact: Resource[] | undefined;
    return contained.flatMap((each, index) => {
      const { resourceType, id = '' } = each;
      if (resourceType !== type) return [];
      const entries = indexResource(each, this.#base);
      if (!matches(filter, { ...entries, type, id, at, resource: each })) return [];
      exact ??= parseJson(stored.body).contained as Resource[];
      const body = Buffer.from(stringifyJson(exact[index]));
      const inside = { type, id };
      return [{ stored: { ...stored, body, inside, refs: entries.refs }, resource: each, entries, at }];
    });
  }

  async #readAll(access: Access, planned: Planned, types: readonly string[], about: string): Promise<Read[]> {
    const docs = await this.#planner.find(planned, types, {
      projection: WITHOUT_INDEX,
      limit: CONTENT_BOUND + 1,
      // one more is refused as it is opened
      bytes: 2 * MOST_BYTES,
      ...hinted(planned.hint),
    });
    if (docs.length > CONTENT_BOUND) {
      throw new FhirError(
        'too-costly',
        `\`${about}\` has to read the content of more than ${CONTENT_BOUND} resources: ask for fewer: add a date, a code or another parameter`,
      );
    }
    return (await this.#reading.current(docs)).map((stored) => {
      // nobody finds a trace by what they aren't shown of it
      const read = JSON.parse(access.told(stored).body.toString()) as Resource;
      const whole = read.resourceType === 'AuditEvent' ? withoutAside(read) : read;
      const deposit = access.deposit(stored);
      const resource = deposit === undefined ? whole : asDeposited(whole, deposit.isUnshown, deposit.told);
      const entries = indexResource(resource, this.#base);
      stored.refs = entries.refs;
      return { stored, resource, entries, at: deposit?.told?.at ?? stored.at };
    });
  }
}

/** @param docs what they were read from */
export function withTheirRefs<S extends Shown>(found: S[], docs: readonly Doc[]): S[] {
  if (docs.every(({ refs }) => refs === undefined)) return found;
  const refs = new Map(docs.map((doc) => [doc._id, doc.refs ?? []]));
  for (const stored of found) stored.refs = refs.get(`${stored.type}/${stored.id}`) ?? [];
  return found;
}

/** The parameter for which content must be read, if one does. */
export function contentNeeded(asked: SearchQuery, filter: Filter): string | undefined {
  const sorted = asked.sort.find(({ kind }) => kind === 'content');
  return sorted === undefined || asked.count === 0 ? needsContent(filter) : '_sort';
}

/** The page of what was read whole. */
export function pageOf(
  read: readonly Read[],
  asked: SearchQuery,
  after: Position | undefined,
): Omit<Page, 'watermark'> {
  const rows = read.map((each) => ({
    stored: each.stored,
    keys: sortKeys(asked, each),
    id: rowOf(each.stored),
  }));
  const directions = asked.sort.map(({ descending }) => descending);
  rows.sort((a, b) => compareRows(a, b, directions));
  const start =
    after === undefined
      ? 0
      : rows.findIndex((row) => compareRows(row, { keys: after.values, id: after.id }, directions) > 0);
  const left = start < 0 ? [] : rows.slice(start);
  const page = left.slice(0, asked.count);
  const last = page.at(-1);
  return {
    matches: page.map(({ stored }) => stored),
    total: asked.total === 'none' && asked.count > 0 ? undefined : rows.length,
    next: left.length > page.length && last !== undefined ? { values: last.keys, id: last.id } : undefined,
  };
}

/** `Type/id`; of what is contained with its id within. */
export function rowOf({ type, id, inside }: Shown): string {
  return inside === undefined ? `${type}/${id}` : `${type}/${id}#${inside.id}`;
}

function sortKeys(asked: SearchQuery, { resource, entries, at }: Read): (string | number | null)[] {
  return asked.sort.map(({ kind, param, descending }) => {
    if (kind === 'id') return resource.id ?? '';
    if (kind === 'updated') return at;
    if (kind === 'content') return sortValue(resource.resourceType, param)(resource) ?? null;
    const starts = (entries.ranges[param] ?? []).map(({ lo }) => lo);
    return starts.length === 0 ? null : descending ? Math.max(...starts) : Math.min(...starts);
  });
}

function compareRows(
  a: { keys: (string | number | null)[]; id: string },
  b: { keys: (string | number | null)[]; id: string },
  descending: readonly boolean[],
): number {
  for (const [index, down] of descending.entries()) {
    const order = compareValues(a.keys[index] ?? null, b.keys[index] ?? null);
    if (order !== 0) return down ? -order : order;
  }
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function compareValues(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}
