/** Follows the outbox: what rows come to is kept in one transaction with the place that was reached. */
import { fewRandomBytes } from '../fhir/random.ts';
import { channelsOf, dueAt, type Choices } from './choices.ts';
import type { Notice } from './notice.ts';
import type { Outbox, ParkedRow, Row } from './outbox.ts';
import type { Hold, Teller, Telling, Told } from './tell.ts';

/** Visits that are less apart are one. Milliseconds. */
export const ONE_VISIT = 3_600_000;
const AT_ONCE = 100;
/** Looks at a row that can't be judged, before it is parked and the others go on. */
const TRIES = 5;
export const FOLLOWER = 'notices';

export interface Kept {
  notice: Notice;
  /** Of the row, for the order. */
  n: number;
  group?: string;
  inInbox: boolean;
  /** When an e-mail may leave; absent: none. */
  mailDue?: number;
}

/** What is kept of some rows, all or nothing, and only if nobody else was there first. */
export interface Batch {
  from: number;
  to: number;
  kept: readonly Kept[];
  /** Groups that went on, and when. */
  continued: ReadonlyMap<string, number>;
  holds: readonly Hold[];
  released: readonly string[];
  /** Of no notice could be made. */
  parked: readonly ParkedRow[];
  /** Numbers of rows that were parked, and are no more. */
  unparked: readonly number[];
}

export function readerOf({ patient, reader }: { patient: string; reader: string }): string {
  return `${patient} ${reader}`;
}

export interface Desk {
  keep(batch: Batch): Promise<void>;
  /** When something of each of these groups came last, where something did. */
  lastOf(groups: readonly string[]): Promise<Map<string, number>>;
  /** Those of these that wait to be shown. */
  held(names: readonly string[]): Promise<string[]>;
  /** By `patient reader`. */
  choicesOf(each: readonly { patient: string; reader: string }[]): Promise<Map<string, Choices>>;
  /** Puts what is due into the outbox. How many. */
  wake(now: number): Promise<number>;
  /** It says nothing of the row: the database can't be reached. */
  isPassing(error: unknown): boolean;
}

export class Dispatcher {
  readonly #outbox: Outbox;
  readonly #teller: Teller;
  readonly #desk: Desk;
  readonly #mails: boolean;
  readonly #now: () => number;
  /** By the number of the row that couldn't be judged. */
  readonly #tries = new Map<number, number>();

  /** @param mails whether e-mails are sent at all: what nobody sends isn't kept */
  constructor(outbox: Outbox, teller: Teller, desk: Desk, mails: boolean, now: () => number) {
    this.#outbox = outbox;
    this.#teller = teller;
    this.#desk = desk;
    this.#mails = mails;
    this.#now = now;
  }

  /**
   * Until less than a whole batch was there: what comes meanwhile makes the batch of the next run, since each costs some
   * ten commands however few rows it has. How many rows were followed.
   */
  async run(signal: AbortSignal): Promise<number> {
    let followed = 0;
    await this.#desk.wake(this.#now());
    await this.#again();
    for (let isMore = true; isMore && !signal.aborted;) {
      await this.#outbox.number();
      const rows = await this.#some();
      followed += rows.followed;
      isMore = rows.found === AT_ONCE || rows.followed < rows.found;
    }
    return followed;
  }

  async #some(): Promise<{ found: number; followed: number }> {
    const from = await this.#outbox.position(FOLLOWER);
    const rows = await this.#outbox.after(from, AT_ONCE);
    const found = rows.length;
    if (found === 0) return { found, followed: 0 };
    const each = await this.#told(rows);
    const followed = this.#endOf(rows, each);
    await this.#keep(rows.slice(0, followed), each.slice(0, followed), { from, to: rows[followed - 1]!.n });
    return { found, followed };
  }

  /** What was parked, and an operator lets be tried anew. */
  async #again(): Promise<void> {
    const rows = await this.#outbox.again(AT_ONCE);
    if (rows.length === 0) return;
    const from = await this.#outbox.position(FOLLOWER);
    await this.#keep(rows, await this.#told(rows), { from, to: from });
  }

  /**
   * How many of these rows are followed: up to the first that can't be judged and hasn't been tried often enough.
   * @throws what it failed with when that is the first of all
   */
  #endOf(rows: readonly Row[], each: readonly (Told | Failed)[]): number {
    for (const [index, told] of each.entries()) {
      if (!(told instanceof Failed)) continue;
      const { n } = rows[index]!;
      if (this.#desk.isPassing(told.cause)) throw told.cause;
      const tries = (this.#tries.get(n) ?? 0) + (index === 0 ? 1 : 0);
      this.#tries.set(n, tries);
      if (tries >= TRIES) continue;
      if (index === 0) throw told.cause;
      return index;
    }
    return rows.length;
  }

  async #keep(
    rows: readonly Row[],
    each: readonly (Told | Failed)[],
    { from, to }: Pick<Batch, 'from' | 'to'>,
  ): Promise<void> {
    const kept: Kept[] = [];
    const parked: ParkedRow[] = [];
    const unparked: number[] = [];
    const continued = new Map<string, number>();
    const told = each.map((one) => (one instanceof Failed ? NOTHING : one));
    const tellings = told.flatMap((one) => one.tellings);
    const groups = new Set(tellings.flatMap(({ group }) => group ?? []));
    const [choices, last] = await Promise.all([
      this.#desk.choicesOf(tellings),
      this.#desk.lastOf([...groups]),
    ]);
    for (const [index, { tellings }] of told.entries()) {
      const { n } = rows[index]!;
      const one = each[index];
      if (one instanceof Failed) parked.push({ n, fault: one.kind });
      else if (from === to) unparked.push(n);
      for (const telling of tellings) {
        if (goesOn(telling, last, continued)) continue;
        const made = this.#kept(telling, choices.get(readerOf(telling))!, n);
        if (made !== undefined) kept.push(made);
      }
    }
    const holds = told.flatMap((one) => one.holds);
    const released = told.flatMap((one) => one.released);
    await this.#desk.keep({ from, to, kept, continued, holds, released, parked, unparked });
    for (const { n } of rows) this.#tries.delete(n);
  }

  /** Rows of one thing after each other, the others together: what they ask the store for is asked in few calls. */
  async #told(rows: readonly Row[]): Promise<(Told | Failed)[]> {
    const names = rows.map(({ cause }) => ('type' in cause ? `${cause.type}/${cause.id}` : ''));
    const held = new Set(await this.#desk.held([...new Set(names)]));
    const before = new Map<string, Promise<unknown>>();
    return Promise.all(
      rows.map((row, index) => {
        const name = names[index]!;
        const tell = async (): Promise<Told | Failed> => {
          await before.get(name);
          try {
            const told = await this.#teller.tell(row, (asked) => held.has(asked));
            for (const { cause } of told.holds)
              if (cause.what === 'show') held.add(`${cause.type}/${cause.id}`);
            for (const each of told.released) held.delete(each);
            return told;
          } catch (error) {
            return new Failed(error);
          }
        };
        const telling = tell();
        if (name !== '') before.set(name, telling);
        return telling;
      }),
    );
  }

  #kept({ group, waits, ...telling }: Telling, choices: Choices, n: number): Kept | undefined {
    const chosen = channelsOf(choices, telling.kind);
    // that it came must not be told by when a letter leaves
    const channels = waits === true ? chosen.filter((each) => each === 'inbox') : chosen;
    if (channels.length === 0) return undefined;
    return {
      notice: { id: fewRandomBytes(16).toString('hex'), ...telling },
      n,
      ...(group === undefined ? {} : { group }),
      inInbox: channels.includes('inbox'),
      ...(this.#mails && channels.includes('email')
        ? { mailDue: dueAt(choices, telling.kind, this.#now()) }
        : {}),
    };
  }
}

/**
 * It belongs to what was told within the hour.
 * @param last of each group, by what was kept before
 * @param continued of each group, by what is kept now; is added to
 */
function goesOn(
  { group, at }: Telling,
  last: ReadonlyMap<string, number>,
  continued: Map<string, number>,
): boolean {
  if (group === undefined) return false;
  const before = continued.get(group) ?? last.get(group);
  continued.set(group, Math.max(at, before ?? at));
  return before !== undefined && at < before + ONE_VISIT;
}

const NOTHING: Told = { tellings: [], holds: [], released: [] };

/** A row that could not be judged. */
class Failed {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }

  /** What an operator may see: a message may tell what is in the row. */
  get kind(): string {
    if (!(this.cause instanceof Error)) return 'Error';
    const { code } = this.cause as { code?: unknown };
    return typeof code === 'string' || typeof code === 'number'
      ? `${this.cause.name} ${code}`.slice(0, 60)
      : this.cause.name.slice(0, 60);
  }
}
