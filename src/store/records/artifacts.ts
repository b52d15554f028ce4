/**
 * What the authorization server keeps: sessions, codes, tokens. Each lies under a keyed hash of its secret id and
 * sealed, so that a stolen database logs nobody in. What tokens hang on are records of the same collection, so that
 * one query tells whether a token still holds.
 */
import { createHmac, hash } from 'node:crypto';
import type {
  Ahead,
  Artifact,
  Artifacts,
  CameFrom,
  KeptAuthorization,
  Held,
  OpaqueToken,
  OpaqueTokens,
  Settled,
} from '../../auth/grants.ts';
import { find } from '../command.ts';
import type { Database } from '../database.ts';
import { isDuplicate } from '../fault.ts';
import { Gather } from '../gather.ts';
import type { KeyRing } from '../keys/keys.ts';
import { seal, unseal } from '../keys/sealing.ts';
import { withIds } from '../query/query.ts';
import { BETWEEN } from './needs.ts';

export interface ArtifactDoc {
  /** Keyed hash of kind and id. */
  _id: string;
  kind: string;
  sealed?: Buffer;
  /** MongoDB drops it then; absent: it ends when it is ended. */
  until?: Date;
  used?: Date;
  uid?: string;
  grant?: string;
  session?: string;
  /** Keyed hash of the account that a session is of, or an authorization that outlasts it. */
  account?: string;
  /** Keyed hash of the Consent by which a patient's app was connected. */
  connection?: string;
  /** Of a code that is printed on paper: its keyed hash. */
  code?: string;
}

interface Known {
  token: OpaqueToken;
  /** Its name and those of what it hangs on, with BETWEEN between them. */
  needs: string;
}

/** Reads what the gate begins with, and tells whether this holds of the records of `artifacts`, see needs.ts. */
export type Together = (ahead: Ahead, needs: readonly string[]) => Promise<boolean>;

/** Kind of what tokens hang on. */
export const LIFE = 'life';
const SESSION = 'Session';
/** Kind of the marks of sessions that have ended, and seconds that they are kept: longer than a request takes. */
const ENDED = 'SessionEnded';
const MARKED = 600;
const TIME = { maxTimeMS: 10_000 };
const REMEMBERED = 10_000;
/** What a request may carry: tokens of persons, and of systems. */
const ACCESS = ['AccessToken', 'ClientCredentials'] as const;

export class MongoArtifacts implements Artifacts, OpaqueTokens {
  readonly #database: Database;
  readonly #hashing: Buffer;
  readonly #sealing: Buffer;
  readonly #kept: Gather<ArtifactDoc>;
  /** By names with BETWEEN between them: each of them is there. */
  readonly #living: Gather<boolean>;
  readonly #together: Together | undefined;
  /** By the hash of the secret, which is quicker than its names. */
  readonly #known = new Map<string, Known>();

  /** @param together absent: tokens are looked up by themselves */
  constructor(database: Database, ring: KeyRing, together?: Together) {
    this.#database = database;
    this.#together = together;
    this.#hashing = ring.derive('authorization hashes');
    this.#sealing = ring.derive('authorization records');
    this.#kept = new Gather(async (ids) => {
      const found = await find(database.artifacts, withIds(ids));
      return new Map(found.map((doc) => [doc._id, doc]));
    });
    this.#living = new Gather(async (lists) => {
      const needs = lists.map((list) => list.split(BETWEEN));
      const ids = [...new Set(needs.flat())];
      const found = await find(database.artifacts, withIds(ids), { projection: { _id: 1 } });
      const alive = new Set(found.map(({ _id }) => _id));
      return new Map(lists.map((list, index) => [list, needs[index]!.every((id) => alive.has(id))]));
    }, 1);
  }

  async put(kind: string, id: string, artifact: Artifact, seconds: number): Promise<void> {
    const { uid, grantId, sessionUid, accountId, expiresWithSession } = artifact;
    const _id = this.#hash(kind, id);
    const set = {
      kind,
      sealed: this.#seal(_id, artifact),
      until: inSeconds(seconds),
      ...(uid === undefined ? {} : { uid: this.#hash(`${kind} uid`, uid) }),
      ...(grantId === undefined ? {} : { grant: this.life('grant', grantId) }),
      ...(sessionUid === undefined || expiresWithSession !== true
        ? {}
        : { session: this.life('session', sessionUid) }),
      ...(kind === SESSION && accountId !== undefined ? { account: this.#account(accountId) } : {}),
    };
    await this.#database.artifacts.updateOne({ _id }, { $set: set }, { upsert: true, ...TIME });
  }

  async find(kind: string, id: string): Promise<Artifact | undefined> {
    const [doc] = await find(this.#database.artifacts, { _id: this.#hash(kind, id) });
    return this.#opened(doc);
  }

  async findByUid(kind: string, uid: string): Promise<Artifact | undefined> {
    const filter = { uid: this.#hash(`${kind} uid`, uid) };
    const [doc] = await find(this.#database.artifacts, filter, { limit: 1, hint: 'uid' });
    return this.#opened(doc);
  }

  async use(kind: string, id: string): Promise<boolean> {
    const unused = { _id: this.#hash(kind, id), used: { $exists: false }, until: { $gt: new Date() } };
    const done = await this.#database.artifacts.updateOne(unused, { $set: { used: new Date() } }, TIME);
    return done.modifiedCount === 1;
  }

  async take(kind: string, id: string): Promise<Artifact | undefined> {
    const doc = await this.#database.artifacts.findOneAndDelete({ _id: this.#hash(kind, id) }, TIME);
    return this.#opened(doc ?? undefined);
  }

  async end(kind: string, id: string): Promise<void> {
    await this.#database.artifacts.deleteOne({ _id: this.#hash(kind, id) }, TIME);
  }

  async once(kind: string, id: string, seconds: number): Promise<boolean> {
    try {
      const doc = { _id: this.#hash(kind, id), kind, until: inSeconds(seconds) };
      await this.#database.artifacts.insertOne(doc, TIME);
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  life(kind: 'grant' | 'session', id: string): string {
    return this.#hash(`life of ${kind}`, id);
  }

  async areAlive(lives: readonly string[]): Promise<boolean> {
    return lives.length === 0 || (await this.#living.get(lives.join(BETWEEN))) === true;
  }

  async begin(kind: 'grant' | 'session', id: string, seconds: number, settled?: Settled): Promise<boolean> {
    const _id = this.life(kind, id);
    const sealed = settled === undefined ? {} : { sealed: this.#seal(_id, settled) };
    const consent = settled?.connection?.consent;
    const connection = consent === undefined ? {} : { connection: this.#hash('connection', consent) };
    const kept = settled?.kept === undefined ? {} : { account: this.#account(settled.kept.account) };
    const set = { kind: LIFE, until: inSeconds(seconds), ...sealed, ...connection, ...kept };
    await this.#database.artifacts.updateOne({ _id }, { $set: set }, { upsert: true, ...TIME });
    // a request that began before the session ended keeps it at its end
    if (kind === 'grant' || (await this.find(ENDED, id)) === undefined) return true;
    await this.#endLife(kind, _id);
    return false;
  }

  async settled(grantId: string): Promise<Settled | undefined> {
    const [doc] = await find(this.#database.artifacts, { _id: this.life('grant', grantId) });
    return this.#opened(doc) as Settled | undefined;
  }

  endGrant(grantId: string): Promise<void> {
    return this.#endLife('grant', this.life('grant', grantId));
  }

  async endConnection(consent: string): Promise<void> {
    for (const { _id } of await this.#connected(consent)) await this.#endLife('grant', _id);
  }

  async isKeptAlive(consent: string): Promise<boolean> {
    return this.#isRefreshed((await this.#connected(consent)).map(({ _id }) => _id));
  }

  async kept(accountId: string): Promise<(KeptAuthorization & { id: string })[]> {
    const filter = { account: this.#account(accountId), kind: LIFE };
    const docs = await find(this.#database.artifacts, filter, { hint: 'account' });
    const all = await Promise.all(
      docs.map(async (doc) => {
        const { kept, lives = [] } = (this.#opened(doc) ?? {}) as Partial<Settled>;
        const goesOn = kept !== undefined && (await this.areAlive(lives));
        return goesOn && (await this.#isRefreshed([doc._id])) ? [{ ...kept, id: doc._id }] : [];
      }),
    );
    return all.flat().toSorted((a, b) => b.since - a.since);
  }

  async endKept(accountId: string, id: string): Promise<boolean> {
    const own = { _id: id, account: this.#account(accountId), kind: LIFE };
    if ((await find(this.#database.artifacts, own)).length === 0) return false;
    await this.#endLife('grant', id);
    return true;
  }

  async #isRefreshed(grants: readonly string[]): Promise<boolean> {
    if (grants.length === 0) return false;
    const filter = {
      grant: { $in: [...grants] },
      kind: 'RefreshToken',
      session: { $exists: false },
      used: { $exists: false },
      until: { $gt: new Date() },
    };
    return (await find(this.#database.artifacts, filter, { limit: 1, hint: 'grant' })).length > 0;
  }

  #connected(consent: string): Promise<ArtifactDoc[]> {
    const filter = { connection: this.#hash('connection', consent) };
    return find(this.#database.artifacts, filter, { hint: 'connection' });
  }

  async keepCameFrom(uid: string, from: CameFrom): Promise<void> {
    const _id = this.life('session', uid);
    const others = (await this.cameFrom(uid)).filter(({ upstream }) => upstream !== from.upstream);
    const sealed = this.#seal(_id, [...others, from]);
    await this.#database.artifacts.updateOne({ _id }, { $set: { sealed } }, TIME);
  }

  async cameFrom(uid: string): Promise<CameFrom[]> {
    const [doc] = await find(this.#database.artifacts, { _id: this.life('session', uid) });
    const kept = this.#opened(doc) as CameFrom | CameFrom[] | undefined;
    return kept === undefined ? [] : [kept].flat();
  }

  /** INVARIANT: the mark first: who keeps the session meanwhile finds it, see begin. */
  async endSession(uid: string): Promise<void> {
    await this.put(ENDED, uid, {}, MARKED);
    await this.#endLife('session', this.life('session', uid));
  }

  async endSessions(accountId: string): Promise<void> {
    const filter = { account: this.#account(accountId), kind: SESSION };
    for (const doc of await find(this.#database.artifacts, filter, { hint: 'account' })) {
      const { uid } = this.#opened(doc) ?? {};
      if (uid !== undefined) await this.endSession(uid);
      await this.#database.artifacts.deleteOne({ _id: doc._id }, TIME);
    }
  }

  readonly token: OpaqueTokens['token'] = async (secret, ahead) => {
    const quick = hash('sha256', secret, 'base64url');
    const remembered = this.#known.get(quick);
    const known = remembered ?? (await this.#first(secret));
    if (known === undefined) return undefined;
    const { token } = known;
    const read = remembered === undefined ? undefined : ahead?.(token);
    const holds = token.until > Date.now() && (await this.#isAlive(known, read));
    if (!holds) this.#known.delete(quick);
    else if (remembered === undefined) this.#remember(quick, known);
    return holds ? token : undefined;
  };

  /**
   * INVARIANT: only what holds. With another nothing is read: how long its refusal takes would tell of what there is.
   */
  #remember(quick: string, known: Known): void {
    if (this.#known.size >= REMEMBERED) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(quick, known);
  }

  async #isAlive({ needs }: Known, ahead: Ahead | undefined): Promise<boolean> {
    if (ahead === undefined || this.#together === undefined) return (await this.#living.get(needs)) === true;
    return this.#together(ahead, needs.split(BETWEEN));
  }

  /** INVARIANT: the life first: what is issued meanwhile is dead when it is born. */
  async #endLife(kind: 'grant' | 'session', name: string): Promise<void> {
    const { artifacts } = this.#database;
    await artifacts.deleteOne({ _id: name }, TIME);
    await artifacts.deleteMany({ [kind]: name }, { hint: kind, ...TIME });
  }

  async #first(secret: string): Promise<Known | undefined> {
    const names = ACCESS.map((kind) => this.#hash(kind, secret));
    const doc = (await Promise.all(names.map((name) => this.#kept.get(name)))).find(Boolean);
    const opened = this.#opened(doc);
    if (doc === undefined || opened === undefined) return undefined;
    const {
      scope = '',
      exp,
      extra,
      'x5t#S256': boundTo,
    } = opened as Artifact & {
      scope?: string;
      exp: number;
      extra?: { held?: Held };
      'x5t#S256'?: string;
    };
    // what wasn't made to be carried by requests holds nothing
    if (extra?.held === undefined) return undefined;
    const token = {
      ...extra.held,
      id: doc._id.slice(0, 16),
      scope,
      until: Math.min(exp * 1000, extra.held.until ?? Infinity),
      ...(boundTo === undefined ? {} : { boundTo }),
    };
    return { token, needs: [doc._id, ...token.lives].join(BETWEEN) };
  }

  #account(id: string): string {
    return this.#hash('account of sessions', id);
  }

  #hash(kind: string, id: string): string {
    return createHmac('sha256', this.#hashing).update(`${kind} ${id}`).digest('base64url');
  }

  #seal(about: string, value: object): Buffer {
    return seal(this.#sealing, Buffer.from(JSON.stringify(value)), about);
  }

  #opened(doc: ArtifactDoc | undefined): Artifact | undefined {
    if (doc?.sealed === undefined || (doc.until !== undefined && doc.until.getTime() <= Date.now()))
      return undefined;
    const artifact = JSON.parse(unseal(this.#sealing, doc.sealed, doc._id).toString()) as Artifact;
    return doc.used === undefined ? artifact : { ...artifact, consumed: true };
  }
}

function inSeconds(seconds: number): Date {
  return new Date(Date.now() + seconds * 1000);
}
