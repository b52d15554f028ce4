/** E-mails: what is due for one reader makes one, which keeps its id however often it is tried. */

export interface Mail {
  /** Of the message, in each try. */
  id: string;
  reader: string;
  notices: readonly { id: string; patient: string }[];
  /** When it was made, milliseconds. */
  since: number;
  tries: number;
}

export interface Parked extends Mail {
  parked: number;
  /** The last fault, without what was sent or to whom. */
  fault: string;
}

/** One reader has one e-mail under way: what comes meanwhile makes the next one, so they stay in order. */
export interface Post {
  /** How many were made of what is due. */
  gather(now: number): Promise<number>;
  /** Some whose time has come; nobody else gets them for a while. */
  claim(now: number, limit: number): Promise<Mail[]>;
  /** What its reader would be written of by then goes with it. */
  join(mail: Mail, until: number): Promise<void>;
  /** It was sent, or nothing of it may be told any more. */
  done(mail: Mail): Promise<void>;
  later(mail: Mail, next: number, fault: string): Promise<void>;
  park(mail: Mail, now: number, fault: string): Promise<void>;
  parked(limit: number): Promise<Parked[]>;
  /** Puts what is parked back. How many. */
  release(now: number): Promise<number>;
}

const FIRST = 15_000;
const LONGEST = 3_600_000;
/** Then an operator has to look. Milliseconds. */
export const PARKED_AFTER = 86_400_000;

/** Until the next try, each twice as long, and not all at once. @param chance 0 to 1 */
export function delayAfter(tries: number, chance: number): number {
  return Math.min(LONGEST, FIRST * 2 ** Math.min(tries, 12)) * (0.75 + chance / 2);
}
