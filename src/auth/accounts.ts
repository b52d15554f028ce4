/** Who may log in, and as whom they then call: one login may hold several roles, a token carries one. */
import type { Subject } from '../consent/subject.ts';

/** A Subject without what a token adds to it. */
export type Person = Pick<
  Subject,
  'role' | 'reference' | 'related' | 'organizations' | 'profession' | 'purposes' | 'regulator' | 'name'
>;

export interface Account {
  id: string;
  /** At least one. */
  persons: readonly Person[];
}

export interface Accounts {
  find(id: string): Promise<Account | undefined>;
}

/** A form with a name and a password; the demo's alone. */
export interface PasswordLogin {
  /** The account's id; undefined: one or the other is wrong. */
  check(user: string, password: string): Promise<string | undefined>;
}
