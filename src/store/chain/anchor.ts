/** Where the head of a chain is told outside the database, so that a database that was cut short is found. */
export interface Head {
  chain: string;
  l: number;
  /** The highest number given by then. */
  n: number;
  at: number;
  code: Buffer;
}

export interface Anchor {
  /** Soon, and in order: what is told last stands for all before it. */
  tell(head: Head): void;
  /** Signed; durable when it resolves. */
  check(head: Head): Promise<void>;
  close(): Promise<void>;
}

export const NO_ANCHOR: Anchor = {
  tell: () => {},
  check: async () => {},
  close: async () => {},
};
