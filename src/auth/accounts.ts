/** Who may log in, and as whom they then call: one login may hold several roles, a token carries one. */
import { createHash } from 'node:crypto';
import type { Subject } from '../consent/subject.ts';

/** A Subject without what a token adds to it. */
export type Who = Pick<
  Subject,
  'role' | 'reference' | 'related' | 'organizations' | 'profession' | 'purposes' | 'regulator' | 'name'
>;

export interface Person extends Who {
  /** Where they act, as people know it: told apart by it from their other roles. */
  place?: string;
  /** What is given to this role hangs on it, see grants.ts; absent: it doesn't end by itself. */
  life?: string;
  /** A method of login (`amr`): offered only in a session that began by it. */
  only?: string;
  /** Levels (`acr`): offered only in a session of one of these, however it began. */
  levels?: readonly string[];
}

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

/** Names a role of an account: the same as long as it is the same. */
export function personKey({ role, reference, organizations, profession, regulator }: Who): string {
  const what = JSON.stringify([role, reference, organizations, profession ?? '', regulator]);
  return createHash('sha256').update(what).digest('base64url').slice(0, 22);
}

export function whoOf(person: Person): Who {
  const { place: _place, life: _life, only: _only, levels: _levels, ...who } = person;
  return who;
}

/** Each asked in turn. */
export function either(...accounts: readonly Accounts[]): Accounts {
  return {
    async find(id) {
      for (const each of accounts) {
        const found = await each.find(id);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}
