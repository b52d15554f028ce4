/** What the store tells of its work to whoever measures it: numbers only, so that no health data can be among them. */
export interface Watch {
  /** A batch of traces is durable, or could not be written. @param ms since the first of them was asked for */
  traced(traces: number, ms: number, isWritten: boolean): void;
  /** A transaction of so many writes holds. */
  committed(writes: number, ms: number): void;
  /** A transaction is tried again, or its writes one by one. */
  retried(): void;
  /** A write met another one's, and is told so. */
  conflicted(): void;
  /** What a patient has stated was compiled anew. */
  compiled(): void;
  /** A search was answered by judging each resource. */
  judged(): void;
}

const nothing = (): void => {};

export const UNWATCHED: Watch = {
  traced: nothing,
  committed: nothing,
  retried: nothing,
  conflicted: nothing,
  compiled: nothing,
  judged: nothing,
};
