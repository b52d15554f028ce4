/** Sends what is due by a channel: again with growing delays, then parked. */
import { Access } from '../enforcement/access.ts';
import type { ResourceStore } from '../enforcement/ports.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { type Choices, isAddress } from './choices.ts';
import { isUrgent } from './kinds.ts';
import { type Letter, letterOf } from './letter.ts';
import { type Mail, PARKED_AFTER, type Post, delayAfter } from './mail.ts';
import type { Notice } from './notice.ts';

/** Takes a letter to its reader. Another channel (a phone's push) is another one of these. */
export interface Carrier {
  /** @throws Undelivered when it was not taken: it is tried again */
  carry(letter: Letter): Promise<void>;
}

/** A fault that says nothing of the address or the letter. */
export class Undelivered extends Error {}

export interface Known {
  /** Which of these their reader may be told now. */
  told(ids: readonly string[]): Promise<Notice[]>;
  choices(of: { patient: string; reader: string }): Promise<Choices>;
}

export interface CourierOptions {
  post: Post;
  known: Known;
  store: Pick<ResourceStore, 'get'>;
  carrier: Carrier;
  /** Where the space is. */
  link: string;
  now: () => number;
}

/** Under way at a time: one slow reader's server delays few others. */
const AT_ONCE = 16;

const internal = Access.internal('the e-mail address of who is told');

export class Courier {
  readonly #options: CourierOptions;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Until nothing is due. How many letters were taken. */
  async run(signal: AbortSignal): Promise<number> {
    const { post, now } = this.#options;
    let sent = 0;
    await post.gather(now());
    const next = this.#claimed(signal);
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let mail = await next(); mail !== undefined; mail = await next())
          if (await this.#send(mail)) sent += 1;
      }),
    );
    return sent;
  }

  /** One after the other, claimed some at a time: each claim is a durable write. Undefined: none is left. */
  #claimed(signal: AbortSignal): () => Promise<Mail | undefined> {
    const { post, now } = this.#options;
    const waiting: Mail[] = [];
    let claiming: Promise<number> | undefined;
    const claim = async (): Promise<number> => waiting.push(...(await post.claim(now(), AT_ONCE)));
    return async () => {
      while (!signal.aborted && waiting.length === 0) {
        claiming ??= claim().finally(() => (claiming = undefined));
        if ((await claiming) === 0) return undefined;
      }
      return signal.aborted ? undefined : waiting.shift();
    };
  }

  async #send(mail: Mail): Promise<boolean> {
    const { post, carrier, now } = this.#options;
    try {
      const letter = await this.#letter(mail);
      if (letter === undefined) {
        await post.done(mail);
        return false;
      }
      await carrier.carry(letter);
    } catch (error) {
      const fault = error instanceof Undelivered ? error.message : 'not delivered';
      const next = now() + delayAfter(mail.tries, Math.random());
      if (now() - mail.since >= PARKED_AFTER) await post.park(mail, now(), fault);
      else await post.later(mail, next, fault);
      return false;
    }
    await post.done(mail);
    return true;
  }

  /** Undefined: nothing of it may be told now, or there is nowhere to tell it. */
  async #letter(mail: Mail): Promise<Letter | undefined> {
    const { id, reader, notices } = mail;
    const { known, link, post, now } = this.#options;
    const told = await known.told(notices.map((each) => each.id));
    const [first] = told;
    if (first === undefined) return undefined;
    const choices = await known.choices(first);
    const address = choices.address ?? (await this.#addressOf(reader));
    if (address === undefined) return undefined;
    // not before: when a letter leaves must not tell of what was hidden since
    if (!told.every(({ kind }) => isUrgent(kind))) await post.join(mail, now() + choices.grouping * 60_000);
    return letterOf(id, address, choices.language, link);
  }

  async #addressOf(reader: string): Promise<string | undefined> {
    const [type = '', id = ''] = reader.split('/');
    const stored = await this.#options.store.get(internal, type, id);
    if (stored === undefined || stored.method === 'DELETE') return undefined;
    const { telecom } = JSON.parse(stored.body.toString()) as Resource;
    const points = (Array.isArray(telecom) ? telecom : []) as Json[];
    const now = this.#options.now();
    const found = points.find(
      ({ system, value, use, period }) =>
        system === 'email' &&
        use !== 'old' &&
        typeof value === 'string' &&
        isAddress(value) &&
        !(Date.parse(String((period as Json | undefined)?.end)) < now),
    );
    return found?.value as string | undefined;
  }
}
