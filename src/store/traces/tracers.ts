/**
 * Who made the traces of one patient, each once with how many there are of theirs: over all that are asked for, as far
 * as the caller may be given them. From what is remembered of all, or by one walk along an index; nothing that is hidden
 * is counted, not even for a bound.
 */
import { type Condition, assume } from '../../condition/condition.ts';
import type { Access } from '../../enforcement/access.ts';
import { TRACER } from '../../enforcement/own-traces.ts';
import type { TracersAsked, TracersFound, TracesFound } from '../../enforcement/ports.ts';
import { FhirError } from '../../fhir/outcome.ts';
import { aggregate, find } from '../command.ts';
import type { Database } from '../database.ts';
import { type Doc, WITHOUT_INDEX } from '../document.ts';
import { all } from '../query/query.ts';
import type { Reading } from '../reading.ts';
import type { Wholeness } from '../wholeness.ts';
import { type AccessHistory, NEWEST_FIRST, selected, withinOf } from './access-history.ts';
import { type Tallies, type Tally, WHO, add, byPlace } from './tallies.ts';
import { amongOf, givenAmong, isTallied } from './trace-totals.ts';

const TYPE = 'AuditEvent';
/** Traces that are counted. */
const MOST = 200_000;
/** Where what the patient states can't be said in one query. */
const JUDGED_AT_ONCE = 500;
const { seek: _seek, refs: _refs, ...OTHERS } = WITHOUT_INDEX;
const FACTS = { ...OTHERS, body: 0 } as const;

const ACTS = /^(?:Practitioner|PractitionerRole|Patient|RelatedPerson|Organization|Device)\//;

interface Row extends Omit<Tally, 'facts'> {
  /** Told by another system. */
  outside: boolean;
}

type Counted = Omit<Row, 'who' | 'outside'> & { _id: Pick<Row, 'who' | 'outside'> };

export class Tracers {
  readonly #database: Database;
  readonly #reading: Reading;
  readonly #wholeness: Wholeness;
  readonly #history: AccessHistory;
  readonly #tallies: Tallies;

  constructor(
    database: Database,
    reading: Reading,
    wholeness: Wholeness,
    history: AccessHistory,
    tallies: Tallies,
  ) {
    this.#database = database;
    this.#reading = reading;
    this.#wholeness = wholeness;
    this.#history = history;
    this.#tallies = tallies;
  }

  /** @throws FhirError too-costly past a bound that counts only what the caller may be given */
  async tracers(access: Access, asked: TracersAsked): Promise<TracersFound> {
    const { condition, judged } = await access.reach([asked.patient]);
    const before = await this.#history.before(access, asked.patient);
    const rows = await (judged === undefined && before.length === 0
      ? this.#told(access, asked, condition)
      : this.#judged(access, asked));
    if (rows.reduce((sum, { count }) => sum + count, 0) > MOST) throw tooMany();
    const people = merged(rows)
      .sort(byPlace)
      .filter((each) => asked.after === undefined || byPlace(asked.after, each) < 0);
    const page = people.slice(0, asked.limit);
    const traces = await this.#reading.current(
      await find<Doc>(
        this.#database.audit,
        { _id: { $in: page.map(({ newest }) => newest) } },
        { projection: WITHOUT_INDEX },
      ),
    );
    const byId = new Map(traces.map((trace) => [`${TYPE}/${trace.id}`, trace]));
    const { last, newest } = page.at(-1) ?? {};
    return {
      tracers: page.flatMap(({ newest: id, ...rest }) => {
        const trace = byId.get(id);
        return trace === undefined ? [] : [{ ...rest, trace }];
      }),
      next: people.length > page.length ? { last: last!, newest: newest! } : undefined,
    };
  }

  async #told(access: Access, asked: TracersAsked, reach: Condition): Promise<Row[]> {
    return (await this.#remembered(access, asked, reach)) ?? this.#counted(access, asked, reach);
  }

  /** Of all traces; undefined: some are asked for, or how many are given can't be told without their times and ids. */
  async #remembered(access: Access, asked: TracersAsked, reach: Condition): Promise<Row[] | undefined> {
    const { patient, sought, from, until, asOf } = asked;
    const condition = assume(reach, { types: [TYPE], patient });
    const isAll = sought.length === 0 && from === undefined && until === undefined;
    if (!isAll || !isTallied(condition)) return undefined;
    const tallies = await this.#tallies.of(patient, asOf, amongOf(access));
    if (tallies === undefined) return undefined;
    const tells = await this.#wholeness.tracesOf(access, namesIn(tallies));
    return givenAmong(tallies, { condition, tells }).map(({ who, facts, count, first, last, newest }) => {
      const outside = facts.by !== TRACER;
      return { who, outside, count, first, last, newest };
    });
  }

  async #counted(access: Access, asked: TracersAsked, condition: Condition): Promise<Row[]> {
    const { query, hint, isOwn } = selected(asked, condition);
    const alone = asked.patient;
    const remainder = await this.#wholeness.remainder(access, [TYPE], query, { hint, alone, isOwn });
    const $match = all([query, remainder?.query ?? {}, withinOf(asked), { at: { $lte: asked.asOf } }]);
    const rows = await aggregate<Counted, Doc>(
      this.#database.audit,
      [
        { $match },
        { $sort: NEWEST_FIRST },
        { $limit: MOST + 1 },
        {
          $group: {
            _id: { who: WHO, outside: { $ne: ['$by', TRACER] } },
            count: { $sum: 1 },
            first: { $last: '$date' },
            last: { $first: '$date' },
            newest: { $first: '$_id' },
          },
        },
      ],
      { hint },
    );
    return rows.map(({ _id, ...rest }) => ({ ..._id, ...rest }));
  }

  async #judged(access: Access, asked: TracersAsked): Promise<Row[]> {
    let rows: Row[] = [];
    let start: TracesFound['next'];
    let count = 0;
    do {
      const portion = { ...asked, start, limit: JUDGED_AT_ONCE };
      const { docs, next } = await this.#history.docs(access, portion, FACTS);
      const known = docs.filter(({ at }) => at <= asked.asOf);
      rows = merged([...rows, ...known.map(rowOf)]);
      count += known.length;
      start = next;
    } while (start !== undefined && count <= MOST);
    return rows;
  }
}

/** What they name, each once. */
function namesIn(tallies: readonly Tally[]): string[] {
  const lists = new Set(tallies.map(({ facts }) => facts.about));
  return [...new Set([...lists].flat())];
}

function rowOf({ _id, by, seek = [], refs = [], date }: Doc): Row {
  const [first = ''] = seek;
  const outside = by !== TRACER;
  const who = outside && !refs.includes(`agent=${first}`) ? '' : first;
  return { who, outside, count: 1, first: date, last: date, newest: _id };
}

/** Each person once; those of whom nobody is named are one. */
function merged(rows: readonly Row[]): Row[] {
  const people = new Map<string, Row>();
  for (const row of rows) {
    const who = ACTS.test(row.who) ? row.who : '';
    const key = `${who} ${row.outside}`;
    const known = people.get(key);
    if (known === undefined) people.set(key, { ...row, who });
    else add(known, row);
  }
  return [...people.values()];
}

function tooMany(): FhirError {
  return new FhirError(
    'too-costly',
    `more than ${MOST} traces would have to be counted: add \`date\`, \`kind\` or \`document\``,
  );
}
