/** Logins at OpenID providers, and the accounts that they open: an issuer and its `sub` decide, never an address or a name. */
import type { Accounts, Person } from './accounts.ts';

/** Who somebody is to a provider. */
export interface Login {
  issuer: string;
  sub: string;
}

export interface KnownLogin {
  account: string;
  persons: readonly Person[];
  isSuspended: boolean;
}

export interface Logins extends Accounts {
  /** The account that it would open; it tells nothing of who it is. */
  nameOf(login: Login): string;
  known(login: Login): Promise<KnownLogin | undefined>;
  /**
   * The roles that it opens from now on, in place of those before: what was given to one that is gone ends. New logins
   * open an account of their own, or the one that is named.
   * @returns the account; undefined: it is suspended
   */
  keep(login: Login, persons: readonly Person[], account?: string): Promise<string | undefined>;
  /**
   * What tokens hang on that a system is given for this professional, by its own word. @param reference `Practitioner/x`
   * @returns its name; undefined: an account of theirs is suspended
   */
  asserted(reference: string): Promise<string | undefined>;
  /** With all that was given to it, or to others for who it is of, in every process; false: there is no such account. */
  suspend(account: string): Promise<boolean>;
  resume(account: string): Promise<boolean>;
}
