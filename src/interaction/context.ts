/** What interactions share beside the exchange. */
import type { Inbox } from '../notice/notice.ts';
import type { Ledger } from '../subscription/ports.ts';
import type { Terminology } from '../search/terminology.ts';
import type { Allowance } from './allowance.ts';
import type { PageLinks } from './page-links.ts';
import type { Queue } from './queue.ts';
import type { Taken } from '../fhir/content/taken.ts';
import type { Uploads } from './uploads.ts';

export interface Context {
  /** Types that are served. */
  types: ReadonlySet<string>;
  terminology: Terminology;
  links: PageLinks;
  queue: Queue;
  uploads: Uploads;
  /** Content of documents. */
  taken: Taken;
  /** Of looking for people. */
  finds: Allowance;
  bounds: Bounds;
  /** Whether professionals learn that something was withheld from them. */
  disclosure: Disclosure;
  inbox: Inbox;
  subscriptions: Ledger;
  /** Where subscribers connect to. */
  websocket: string;
  newId(): string;
  now(): number;
}

export type Disclosure = 'silent' | 'told';

export interface Bounds {
  defaultCount: number;
  maxCount: number;
  /** Resources that includes may bring to one page. */
  maxIncluded: number;
  maxEntries: number;
}
