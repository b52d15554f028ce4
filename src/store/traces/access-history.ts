/**
 * The traces of one patient as an access history reads them: newest first, as many as are asked for, by an index. What
 * hides a trace is looked at of those that are read alone, so that a page costs the same however many there are.
 */
import { ALL, type Condition, assume } from '../../condition/condition.ts';
import type { Access } from '../../enforcement/access.ts';
import type { TracesAsked, TracesFound } from '../../enforcement/ports.ts';
import { find } from '../command.ts';
import { toMongo } from '../query/condition.ts';
import type { Database } from '../database.ts';
import { type Doc, WITHOUT_INDEX, attributes } from '../document.ts';
import { givenOf } from './own-only.ts';
import { type Query, all } from '../query/query.ts';
import { sourcesOf } from '../merge/merges.ts';
import type { Reading } from '../reading.ts';
import { MOST_BYTES, light } from '../weight.ts';
import type { Wholeness } from '../wholeness.ts';

const TYPE = 'AuditEvent';
export const NEWEST_FIRST = { date: -1, _id: 1 } as const;
/** Hidden things whose traces a query leaves out. */
const MOST_HIDDEN = 1000;

export class AccessHistory {
  readonly #database: Database;
  readonly #reading: Reading;
  readonly #wholeness: Wholeness;

  constructor(database: Database, reading: Reading, wholeness: Wholeness) {
    this.#database = database;
    this.#reading = reading;
    this.#wholeness = wholeness;
  }

  async traces(access: Access, asked: TracesAsked): Promise<TracesFound> {
    const { docs, next } = await this.docs(access, asked);
    return { traces: await this.#reading.current(docs), next };
  }

  /** As they are stored. */
  async docs(
    access: Access,
    asked: TracesAsked,
    projection: Record<string, 0 | 1> = WITHOUT_INDEX,
  ): Promise<{ docs: Doc[]; next: TracesFound['next'] }> {
    const { patient, limit } = asked;
    const { condition, judged } = await access.reach([patient]);
    const before = await this.before(access, patient);
    const { query, hint } = selected(asked, judged === undefined ? condition : ALL, before);
    const hidden = new Set<string>();
    const given: Doc[] = [];
    let start = asked.start;
    let more = true;
    while (more && given.length < limit) {
      const wanted = limit - given.length;
      const left = hidden.size === 0 ? {} : { about: { $nin: [...hidden] } };
      const docs = await find<Doc>(this.#database.audit, all([query, left, withinOf(asked, start)]), {
        projection,
        sort: NEWEST_FIRST,
        limit: wanted + 1,
        bytes: MOST_BYTES,
        hint,
      });
      const batch = light(docs.slice(0, wanted), (doc) => doc);
      const next = docs[batch.length];
      more = next !== undefined;
      if (next !== undefined) start = { at: next.date, id: next._id.slice(TYPE.length + 1) };
      const allowed = await this.#allowed(access, batch, judged !== undefined, { patient, before });
      for (const [index, doc] of batch.entries()) {
        if (allowed[index]) given.push(doc);
        else if (doc.about?.length === 1 && hidden.size < MOST_HIDDEN) hidden.add(doc.about[0]!);
      }
    }
    return { docs: given, next: more ? start : undefined };
  }

  /** Files of the person that this one replaced: who speaks for the patient is told of theirs too. */
  async before(access: Access, patient: string): Promise<string[]> {
    const is = access.standings.of(patient)?.standing;
    return is === 'patient' || is === 'representative' ? sourcesOf(this.#database, patient) : [];
  }

  async #allowed(
    access: Access,
    docs: readonly Doc[],
    isJudged: boolean,
    { patient, before }: { patient: string; before: readonly string[] },
  ): Promise<boolean[]> {
    const items = docs.map((doc) => {
      const item = attributes(doc._id, doc);
      // a file that was replaced is closed: what it was called hides nothing of what was done with it
      return before.includes(doc.patient)
        ? {
            ...item,
            patients: [patient],
            about: item.about.filter((name) => name !== `Patient/${doc.patient}`),
          }
        : item;
    });
    const [allowed, whole] = await Promise.all([
      isJudged ? access.among(items) : items.map(() => true),
      this.#wholeness.among(access, items),
    ]);
    return items.map((_, index) => allowed[index]! && whole[index]!);
  }
}

/**
 * What is asked for, and by which index, in the order of its dates.
 * @param reach what the gate allows
 * @param before files that the patient's replaced
 */
export function selected(
  { patient, sought }: Pick<TracesAsked, 'patient' | 'sought'>,
  reach: Condition,
  before: readonly string[] = [],
): { query: Query; hint: string; isOwn: boolean } {
  const condition = assume(reach, { types: [TYPE], patient });
  const only = givenOf(condition);
  const query = all([
    { patient: before.length === 0 ? patient : { $in: [patient, ...before] }, type: TYPE },
    seeking(sought, only),
    toMongo(condition),
    { others: { $exists: false } },
  ]);
  const hint = sought.length === 0 && only === undefined ? 'patient_type_date' : 'patient_seek_date';
  return { query, hint, isOwn: only !== undefined };
}

/** Each of these; the first is looked for, the others are held against what is found. */
function seeking(sought: readonly string[], anyOf: readonly string[] | undefined): Query {
  const parts: Query[] =
    sought.length === 0 ? [] : [{ seek: sought.length === 1 ? sought[0] : { $all: sought } }];
  if (anyOf !== undefined) parts.push({ seek: anyOf.length === 1 ? anyOf[0] : { $in: anyOf } });
  return all(parts);
}

export function withinOf(
  { from, until }: Pick<TracesAsked, 'from' | 'until'>,
  start?: TracesAsked['start'],
): Query {
  const parts: Query[] = [];
  if (from !== undefined) parts.push({ date: { $gte: from } });
  if (until !== undefined) parts.push({ date: { $lt: until } });
  if (start !== undefined) {
    parts.push({ date: { $lte: start.at } });
    parts.push({ $nor: [{ date: start.at, _id: { $lt: `${TYPE}/${start.id}` } }] });
  }
  return all(parts);
}
