/**
 * What was given to a client, and what a token of ours says. A token hangs on lives: its client's, that of the
 * authorization it came from, perhaps that of a session. Where one of them has ended, so has the token.
 */
import type { Subject } from '../consent/subject.ts';

/** A Subject without what the token's scope says; `rights` are those that its client may use. */
export type Holder = Omit<Subject, 'scopes' | 'tokenId' | 'lives' | 'issuer'>;

/** What an authorization settled beside the scope: who, and in which context. */
export interface Settled {
  holder: Holder;
  /** Who logged in: `Patient/x`, `Practitioner/x`. */
  fhirUser: string;
  /** As people know them. */
  name?: string;
  /** Of a patient's app. */
  connection?: Connected;
  /** Logical id of the patient in context. */
  patient?: string;
  /** Logical id. */
  encounter?: string;
  /** Names of what it hangs on beside the authorization itself: that of the role. */
  lives?: readonly string[];
  /** Of a professional's app that goes on while nobody is logged in: as they read of it. */
  kept?: KeptAuthorization;
}

export interface KeptAuthorization {
  /** Whose. */
  account: string;
  /** The application's. */
  name: string;
  /** Types; `*`: all that they may see. */
  reads: readonly string[];
  adds: readonly string[];
  /** Milliseconds. */
  since: number;
  until: number;
}

/** What a patient's app hangs on. */
export interface Connected {
  /** `Consent/x` */
  consent: string;
  /** Milliseconds. */
  until: number;
}

/** Kept with each access token, never shown. */
export interface Held {
  holder: Holder;
  /** Milliseconds: it holds no longer, whatever the token says. */
  until?: number;
  /** Names of what it hangs on. */
  lives: readonly string[];
  /** Those of them on which also hangs what is made with it and goes on without it. */
  lasting?: readonly string[];
}

/** An access token as it is kept. */
export interface OpaqueToken extends Held {
  /** For traces: tells nothing of the token. */
  id: string;
  scope: string;
  /** Milliseconds. */
  until: number;
  /** Holds with this client certificate alone: its SHA-256, base64url. */
  boundTo?: string;
}

/**
 * What a request asks for, as far as its address says. What the gate begins with is read in one call with what the token
 * hangs on: both after the request began, and nothing is done with it before the token is known to hold.
 */
export type Ahead = AheadOfRead | AheadOfSearch;

interface AheadOf<Letter extends 'r' | 's'> {
  readonly type: string;
  /** Of the scopes without which it is refused. */
  readonly letter: Letter;
  /** The store's own; absent: it wasn't read, or was taken up. */
  found?: unknown;
}

/** The resource itself. */
export interface AheadOfRead extends AheadOf<'r'> {
  /** `Type/id` */
  readonly rid: string;
}

/** The version of the patient. */
export interface AheadOfSearch extends AheadOf<'s'> {
  /** Logical id; absent: the address names nobody. */
  patient?: string;
}

export interface OpaqueTokens {
  /**
   * The same object as long as it holds. Undefined: there is none, or it has ended.
   * @param ahead what may be read with a token that is remembered to have held
   */
  token(secret: string, ahead?: (token: OpaqueToken) => Ahead | undefined): Promise<OpaqueToken | undefined>;
}

/** What the protocol keeps, by kind and secret id: an oidc-provider payload. */
export interface Artifact {
  [name: string]: unknown;
  uid?: string;
  grantId?: string;
  sessionUid?: string;
  accountId?: string;
  expiresWithSession?: boolean;
}

/** A login at an OpenID provider, by which a session began. */
export interface CameFrom {
  /** The provider's id. */
  upstream: string;
  /** As it was signed: the provider is shown it at logout. */
  idToken: string;
}

export interface Artifacts {
  put(kind: string, id: string, artifact: Artifact, seconds: number): Promise<void>;
  /** One that was used says so in `consumed`. */
  find(kind: string, id: string): Promise<Artifact | undefined>;
  findByUid(kind: string, uid: string): Promise<Artifact | undefined>;
  /** Once: false when it was used, or has ended, before. */
  use(kind: string, id: string): Promise<boolean>;
  /** Used up and given back, once. */
  take(kind: string, id: string): Promise<Artifact | undefined>;
  end(kind: string, id: string): Promise<void>;
  /** False: it was there before. */
  once(kind: string, id: string, seconds: number): Promise<boolean>;
  /** The name of what tokens hang on. */
  life(kind: 'grant' | 'session', id: string): string;
  /** Each of these still goes on. */
  areAlive(lives: readonly string[]): Promise<boolean>;
  /** False: the session has ended, and doesn't begin anew. */
  begin(kind: 'grant' | 'session', id: string, seconds: number, settled?: Settled): Promise<boolean>;
  settled(grantId: string): Promise<Settled | undefined>;
  /** With all that came from it. */
  endGrant(grantId: string): Promise<void>;
  /** All that came from the authorizations that made this connection. @param consent `Consent/x` */
  endConnection(consent: string): Promise<void>;
  /** Those of an account by which somebody comes still, under names of their own. */
  kept(accountId: string): Promise<(KeptAuthorization & { id: string })[]>;
  /** With all that came from it. @param id as above; false: the account has no such */
  endKept(accountId: string, id: string): Promise<boolean>;
  /** It goes on while nobody is logged in: a refresh token of it is good. */
  isKeptAlive(consent: string): Promise<boolean>;
  /** With the session, and no longer. @param uid of one that goes on; of another nothing is kept */
  keepCameFrom(uid: string, from: CameFrom): Promise<void>;
  /** In the order in which they came; of one provider the last. */
  cameFrom(uid: string): Promise<CameFrom[]>;
  /** With the tokens and codes that don't outlast it. */
  endSession(uid: string): Promise<void>;
  /** All that somebody is in by this account, in every browser. */
  endSessions(accountId: string): Promise<void>;
}
