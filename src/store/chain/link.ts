/** What stands in the database of a chain: each record's place, and the links. See chain.ts. */
import type { Ranges } from './ranges.ts';

/** A record's place in the chain of the process that wrote it. */
export interface Place {
  id: string;
  n: number;
  code: Buffer;
  /** Over what the record is found by. */
  found: Buffer;
}

/** What a start knows of another chain: its last link, and records that no link covers yet. */
export interface Witnessed {
  id: string;
  l: number;
  code: Buffer;
  records?: Ranges;
  /** Over the codes of these records. */
  digest?: Buffer;
  /** Nothing more is expected of it: later starts need not look. */
  settled?: true;
}

export interface Link {
  /** Counts from 0 in its chain. */
  l: number;
  /** The link before it; those between may be there or not: their writer doesn't know. */
  prev: number;
  at: number;
  /** Numbers of the records that it binds, in the order of their numbers. */
  binds?: Ranges;
  /** Numbers that were given and never used. */
  void?: Ranges;
  /** Numbers whose record may be there or not. */
  unsure?: Ranges;
  what?: 'opened' | 'closed' | 'older' | 'archived';
  /** Of a chain's first link. */
  witnessed?: Witnessed[];
  /** What else it tells of: with `older` and `archived`. */
  about?: Record<string, string | number>;
  code: Buffer;
}

/** A link that no record carries. */
export interface LinkDoc extends Link {
  /** Chain and number, so that they come in their order. */
  _id: string;
  chain: string;
}

export const linkId = (chain: string, l: number): string => `${chain}/${String(l).padStart(12, '0')}`;
