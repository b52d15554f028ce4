/** What exports need kept between requests: declared here, implemented by the store. */
import type { Language } from '../../consent/reasons.ts';
import type { Subject } from '../../consent/subject.ts';
import type { Content, Kept } from '../../enforcement/ports.ts';

/** Who asked for whose record, and how. */
export interface Order {
  /** Logical id. */
  patient: string;
  subject: Subject;
  language: Language;
  /** The network address that it was asked from. */
  address: string;
}

export type State = 'waiting' | 'building' | 'done' | 'failed';

export interface Job extends Order {
  id: string;
  state: State;
  /** When it was asked for, and until when it is kept. Milliseconds. */
  at: number;
  until: number;
  progress: Progress;
  /** When it is done. */
  result?: Result;
}

/** Resources put in, of how many; no total before the first page. */
export interface Progress {
  done: number;
  total?: number;
}

export interface Result extends Kept {
  resources: number;
  documents: number;
  /** `Type/id` of all that it tells of: who isn't given one of these any more isn't given the file. */
  names: readonly string[];
}

/** A job that this process works on, until its claim runs out. */
export interface Claimed extends Order {
  id: string;
  at: number;
  claim: string;
}

export interface Desk {
  /** The id of the job; of one that is under way already, where the same was asked. @throws FhirError throttled */
  order(order: Order): Promise<string>;
  /** Undefined: there is none, it is over, or somebody else asked for it. */
  find(patient: string, id: string, subject: Subject): Promise<Job | undefined>;
  cancel(job: Job): Promise<void>;
  /** The job that has waited longest, or whose process died. */
  claim(): Promise<Claimed | undefined>;
  /** False: it was cancelled, or another process has it. */
  progress(claimed: Claimed, progress: Progress): Promise<boolean>;
  finish(claimed: Claimed, result: Result): Promise<boolean>;
  fail(claimed: Claimed, again: boolean): Promise<void>;
  content(result: Result): Promise<Content | undefined>;
  keep(source: AsyncIterable<Buffer>, patient: string): Promise<Kept>;
  drop(content: string): Promise<void>;
}
