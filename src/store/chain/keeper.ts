/** Keeps the chain of this process: opens it, binds what no batch binds, tells its head to the anchor, closes it. */
import type { Anchor } from './anchor.ts';
import type { Chain, Draft } from './chain.ts';
import type { Codes } from './codes.ts';
import { type Link, linkId } from './link.ts';
import { witness } from './heads.ts';
import { insert } from '../command.ts';
import type { Database } from '../database.ts';

export class ChainKeeper {
  readonly chain: Chain;
  readonly #database: Database;
  readonly #codes: Codes;
  readonly #anchor: Anchor;
  #opening: Promise<void> | undefined;
  #head: Draft | undefined;

  constructor(database: Database, chain: Chain, codes: Codes, anchor: Anchor) {
    this.#database = database;
    this.chain = chain;
    this.#codes = codes;
    this.#anchor = anchor;
  }

  get isOpen(): boolean {
    return this.#head !== undefined;
  }

  /** Its first link names the chains that were there before, so that none can go missing. */
  open(): Promise<void> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #open(): Promise<void> {
    const witnessed = await witness(this.#database, this.#codes, Date.now());
    // again under its number when it couldn't be written: nothing else is before it
    await this.alone({ what: 'opened', ...(witnessed.length > 0 ? { witnessed } : {}) });
    await this.check();
  }

  /** A link of its own for what is loose. */
  async alone(rest: Pick<Link, 'what' | 'witnessed' | 'about'> = {}): Promise<void> {
    const draft = this.chain.bind(Date.now(), undefined, rest);
    const { id } = this.chain;
    try {
      await insert(this.#database.links, [{ _id: linkId(id, draft.link.l), chain: id, ...draft.link }]);
    } catch (error) {
      this.chain.lost(draft);
      throw error;
    }
    this.bound(draft);
  }

  bound(draft: Draft): void {
    this.chain.bound(draft);
    this.#head = draft;
    this.#anchor.tell(this.#told(draft));
  }

  async check(): Promise<void> {
    if (this.#head !== undefined) await this.#anchor.check(this.#told(this.#head));
  }

  async close(): Promise<void> {
    if (this.isOpen) await this.alone({ what: 'closed' }).then(() => this.check());
    await this.#anchor.close();
  }

  #told({ n, link: { l, at, code } }: Draft) {
    return { chain: this.chain.id, l, n, at, code };
  }
}
