/** Follows the outbox: what rows come to is kept in one transaction with the place that was reached. */
import { fewRandomBytes } from '../fhir/random.ts';
import { channelsOf, dueAt, type Choices } from './choices.ts';
import type { Notice } from './notice.ts';
import type { Outbox, Row } from './outbox.ts';
import type { Hold, Teller, Telling, Told } from './tell.ts';

/** Visits that are less apart are one. Milliseconds. */
export const ONE_VISIT = 3_600_000;
const AT_ONCE = 100;
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
}

export function readerOf({ patient, reader }: { patient: string; reader: string }): string {
  return `${patient} ${reader}`;
}

export interface Desk {
  keep(batch: Batch): Promise<void>;
  /** When something of this group came last. */
  lastOf(group: string): Promise<number | undefined>;
  /** Those of these that wait to be shown. */
  held(names: readonly string[]): Promise<string[]>;
  /** By `patient reader`. */
  choicesOf(each: readonly { patient: string; reader: string }[]): Promise<Map<string, Choices>>;
  /** Puts what is due into the outbox. How many. */
  wake(now: number): Promise<number>;
}

export class Dispatcher {
  readonly #outbox: Outbox;
  readonly #teller: Teller;
  readonly #desk: Desk;
  readonly #mails: boolean;
  readonly #now: () => number;

  /** @param mails whether e-mails are sent at all: what nobody sends isn't kept */
  constructor(outbox: Outbox, teller: Teller, desk: Desk, mails: boolean, now: () => number) {
    this.#outbox = outbox;
    this.#teller = teller;
    this.#desk = desk;
    this.#mails = mails;
    this.#now = now;
  }

  /** Until nothing is left to do. How many rows were followed. */
  async run(signal: AbortSignal): Promise<number> {
    let followed = 0;
    await this.#desk.wake(this.#now());
    for (let some = 1; some > 0 && !signal.aborted;) {
      const numbered = await this.#outbox.number();
      const rows = await this.#some();
      followed += rows;
      some = numbered + rows;
    }
    return followed;
  }

  async #some(): Promise<number> {
    const from = await this.#outbox.position(FOLLOWER);
    const rows = await this.#outbox.after(from, AT_ONCE);
    if (rows.length === 0) return 0;
    const kept: Kept[] = [];
    const continued = new Map<string, number>();
    const each = await this.#told(rows);
    const choices = await this.#desk.choicesOf(each.flatMap(({ tellings }) => tellings));
    for (const [index, { tellings }] of each.entries()) {
      for (const telling of tellings) {
        if (await this.#goesOn(telling, continued)) continue;
        const one = this.#kept(telling, choices.get(readerOf(telling))!, rows[index]!.n);
        if (one !== undefined) kept.push(one);
      }
    }
    const holds = each.flatMap((told) => told.holds);
    const released = each.flatMap((told) => told.released);
    await this.#desk.keep({ from, to: rows.at(-1)!.n, kept, continued, holds, released });
    return rows.length;
  }

  /** Rows of one thing after each other, the others together: what they ask the store for is asked in few calls. */
  async #told(rows: readonly Row[]): Promise<Told[]> {
    const names = rows.map(({ cause }) => ('type' in cause ? `${cause.type}/${cause.id}` : ''));
    const held = new Set(await this.#desk.held([...new Set(names)]));
    const before = new Map<string, Promise<unknown>>();
    return Promise.all(
      rows.map((row, index) => {
        const name = names[index]!;
        const tell = async (): Promise<Told> => {
          await before.get(name);
          const told = await this.#teller.tell(row, (asked) => held.has(asked));
          for (const { cause } of told.holds) held.add(`${cause.type}/${cause.id}`);
          for (const each of told.released) held.delete(each);
          return told;
        };
        const telling = tell();
        if (name !== '') before.set(name, telling);
        return telling;
      }),
    );
  }

  /** It belongs to what was told within the hour. */
  async #goesOn({ group, at }: Telling, continued: Map<string, number>): Promise<boolean> {
    if (group === undefined) return false;
    const last = continued.get(group) ?? (await this.#desk.lastOf(group));
    continued.set(group, Math.max(at, last ?? at));
    return last !== undefined && at < last + ONE_VISIT;
  }

  #kept({ group, ...telling }: Telling, choices: Choices, n: number): Kept | undefined {
    const channels = channelsOf(choices, telling.kind);
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
