/** What a merge needs of the store, declared here and implemented there. */
import type { Steward } from '../../catalogue/duty.ts';
import type { Stored } from '../../enforcement/ports.ts';
import type { Between } from './moved.ts';

/** Two files of one person that become one, by the word of two people. */
export interface Merge extends Between {
  /** Who asked for it, and who confirmed it. */
  by: readonly [Steward, Steward];
  /** Of the request that confirmed it. */
  client: string;
  address: string;
  requestId: string;
  /** When it was confirmed, milliseconds. */
  at: number;
}

export interface Claimed extends Merge {
  /** All was moved before: this looks for what came since. */
  isAgain: boolean;
}

export interface Merges {
  /** Durable when it returns. */
  begin(merge: Merge): Promise<void>;
  /** It didn't begin after all, or was taken back since. */
  drop(source: string): Promise<void>;
  /** One that is due, for a minute; undefined: none is. */
  claim(now: number): Promise<Claimed | undefined>;
  /** The claim holds for another minute. */
  renew(source: string, now: number): Promise<void>;
  /** Anybody may claim it. */
  release(source: string, now: number): Promise<void>;
  /** Looked at again later: deposits by the old id still come. */
  finish(merge: Merge, now: number): Promise<void>;
}

export interface Moving {
  /** What is still the source's, its Patient and its traces aside: what decides first. Bounded in number and bytes. */
  next(source: string): Promise<Stored[]>;
  /** Those of these `Type/id` that are there, whole. */
  named(names: readonly string[]): Promise<Stored[]>;
  /** The content that a document of the source claims is the target's from now on. */
  hand(document: Stored, between: Between): Promise<void>;
  /** Earlier versions become the target's as they are, and deletions; some at a time. How many. */
  follow(between: Between): Promise<number>;
}
