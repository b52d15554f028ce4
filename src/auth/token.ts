/**
 * `Authorization: Bearer` JSON Web Tokens of trusted issuers, checked by `jsonwebtoken`; who is calling comes from
 * the token alone. https://datatracker.ietf.org/doc/html/rfc9068
 */
import { createHash } from 'node:crypto';
import jwt, { type Algorithm, type JwtPayload } from 'jsonwebtoken';
import { FhirError } from '../fhir/outcome.ts';
import { ID } from '../fhir/resource.ts';
import { isBearer, type Presented } from './bound.ts';
import type { Ahead } from './grants.ts';
import type { KeySet } from './keys.ts';
import { CONTEXTS, parseScopes } from './scopes.ts';
import { personsIn, readWith, type Standing } from './standing.ts';
import type { Emergency } from '../consent/caller.ts';
import type { Role, Subject } from '../consent/subject.ts';

export interface Issuer {
  issuer: string;
  audience: string;
  algorithms: Algorithm[];
  keys: KeySet;
  /** What its tokens may claim. */
  roles: ReadonlySet<Role>;
  /** Longest life of a token, seconds: a stolen one ends. */
  maxAge: number;
  /** Beside the roles; absent: whatever its tokens claim. */
  bounds?: Bounds;
  /** The people are made up, and have no accounts that could be suspended. */
  isSandbox?: true;
}

export interface Bounds {
  /** `Organization/x`; absent: any. */
  organizations?: readonly string[];
  /** Codes of PurposeOfUse. */
  purposes?: readonly string[];
  /** That the glass was broken. An emergency call centre's mode none of them gives: see isWithin. */
  emergencies: boolean;
}

export interface Claims extends JwtPayload {
  scope?: string;
  fhirUser?: string;
  role?: Role;
  name?: string;
  client_id?: string;
  organizations?: string[];
  profession?: string;
  purpose_of_use?: string[];
  id_prefixes?: string[];
  /** RelatedPersons that the caller is. */
  related?: string[];
  /** Logical id: whom `patient/` scopes are about. */
  patient?: string;
  /** Breaking the glass; `since` in seconds. */
  emergency?: { patient?: string; reason?: string; since?: number };
  /** Answers for an emergency call centre: the demo's issuer alone says so. */
  regulator?: boolean;
  /** What whoever sends it must show: https://datatracker.ietf.org/doc/html/rfc7800#section-3.1 */
  cnf?: unknown;
}

const MOST_CHARACTERS = 8_000;
const REMEMBERED = 10_000;
const REFERENCE = /^(Patient|Practitioner|Organization|Device|RelatedPerson)\/[A-Za-z0-9\-.]{1,64}$/;
const KINDS: Record<Role, readonly string[]> = {
  patient: ['Patient'],
  representative: ['RelatedPerson'],
  professional: ['Practitioner'],
  system: ['Organization', 'Device'],
  app: ['Device'],
  operator: ['Practitioner', 'Organization', 'Device'],
  insurer: ['Practitioner', 'Organization', 'Device'],
  employer: ['Practitioner', 'Organization', 'Device'],
  authority: ['Practitioner', 'Organization', 'Device'],
  all: ['Practitioner', 'Organization', 'Device'],
};

/** Rights beside the scopes are a register's, never a person's or an app's. */
const REGISTERS: ReadonlySet<Role> = new Set(['system', 'all']);

/** Why a request's token was not believed. */
export const REFUSALS = [
  'missing',
  'malformed',
  'untrusted',
  'expired',
  'invalid',
  'unfit',
  'suspended',
] as const;
export type Refusal = (typeof REFUSALS)[number];

interface Known {
  subject: Subject;
  /** Who must not be suspended here. */
  persons: readonly string[];
  /** Milliseconds. */
  until: number;
  readAt: number;
  /**
   * It was let in before. INVARIANT: nothing is read with others: how long their refusal takes would tell of what there
   * is.
   */
  stood: boolean;
  /** The client certificate with which alone it holds. */
  boundTo?: string;
}

type Verified = Omit<Known, 'readAt' | 'stood'>;

/** By which an issuer's clock may be ahead of ours. Seconds. */
const AHEAD = 60;

/** A token that was good is not verified again for this long: its key may be withdrawn. Milliseconds. */
const GOOD_FOR = 60_000;

/** Undefined: the token isn't known, has ended, or is bound to another certificate. */
export type Own = (token: string, presented: Presented, ahead?: Ahead) => Promise<Subject | undefined>;

export class Tokens {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #others: (issuer: string) => Promise<Issuer | undefined>;
  readonly #known = new Map<string, Known>();
  readonly #tell: (why: Refusal) => void;
  readonly #own: Own | undefined;
  readonly #standing: Standing | undefined;

  /**
   * @param tell of each refusal
   * @param own who is calling with a token of our own authorization server
   * @param others that are trusted beside these, as long as the answer says so
   * @param standing whether accounts here of who calls by a token of elsewhere are suspended
   */
  constructor(
    issuers: readonly Issuer[],
    tell: (why: Refusal) => void = () => {},
    own?: Own,
    others: (issuer: string) => Promise<Issuer | undefined> = async () => undefined,
    standing?: Standing,
  ) {
    this.#standing = standing;
    this.#others = others;
    this.#own = own;
    this.#issuers = new Map(issuers.map((issuer) => [issuer.issuer, issuer]));
    this.#tell = tell;
  }

  /** @throws FhirError 401, with what to send in `WWW-Authenticate` */
  async authenticate(
    authorization: string | undefined,
    presented: Presented = NONE,
    ahead?: Ahead,
  ): Promise<Subject> {
    try {
      return await this.#authenticate(authorization, presented, ahead);
    } catch (error) {
      if (error instanceof Refused) this.#tell(error.why);
      else if (error instanceof FhirError && error.status < 500) this.#tell('unfit');
      throw error;
    }
  }

  async #authenticate(
    authorization: string | undefined,
    presented: Presented,
    ahead: Ahead | undefined,
  ): Promise<Subject> {
    if (authorization === undefined) throw new Refused('missing', 'send a token: `Authorization: Bearer …`');
    const [, token] =
      /^Bearer ([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization.slice(0, MOST_CHARACTERS + 7)) ?? [];
    if (token === undefined || authorization.length > MOST_CHARACTERS)
      throw new Refused('malformed', 'the token is not understood');
    // a JSON Web Token has two full stops
    if (!token.includes('.') && this.#own !== undefined) {
      const subject = await this.#own(token, presented, ahead);
      if (subject === undefined) throw new Refused('untrusted', 'the token is not known, or has ended');
      return subject;
    }
    const key = createHash('sha256').update(token).digest('base64');
    const now = Date.now();
    const known = this.#known.get(key);
    if (known !== undefined && now < known.until && now - known.readAt < GOOD_FOR)
      return this.#admit(known, presented, ahead);
    const verified: Known = { ...(await this.#verify(token)), readAt: now, stood: false };
    if (this.#known.size >= REMEMBERED) this.#known.delete(this.#known.keys().next().value!);
    this.#known.delete(key);
    this.#known.set(key, verified);
    return this.#admit(verified, presented, ahead);
  }

  /** INVARIANT: asked of each request, whatever is remembered of the token. */
  async #admit(verified: Known, presented: Presented, ahead?: Ahead): Promise<Subject> {
    const subject = requireBearer(verified, presented);
    if (this.#standing === undefined || verified.persons.length === 0) return subject;
    const read = verified.stood ? readWith(subject, ahead) : undefined;
    verified.stood = await this.#standing.areOpen(verified.persons, read);
    if (verified.stood) return subject;
    throw new Refused('suspended', 'the account is suspended');
  }

  /** Whether who once came so would still be believed: their issuer, themself, and what their rights hang on. */
  async stands(subject: Subject): Promise<boolean> {
    const { issuer: named, role, lives = [] } = subject;
    const issuer = named === undefined ? undefined : await this.#issuer(named);
    if (named !== undefined && !(issuer?.roles.has(role) === true && isWithin(subject, issuer.bounds)))
      return false;
    const persons = personsOf(subject, issuer);
    return (
      this.#standing === undefined ||
      ((await this.#standing.areOpen(persons)) && (await this.#standing.goOn(lives)))
    );
  }

  async #issuer(named: string): Promise<Issuer | undefined> {
    return this.#issuers.get(named) ?? this.#others(named.slice(0, 500));
  }

  async #verify(token: string): Promise<Verified> {
    const decoded = decode(token);
    const named = decoded?.payload.iss;
    const issuer = typeof named === 'string' ? await this.#issuer(named) : undefined;
    // https://datatracker.ietf.org/doc/html/rfc7515#section-4.1.11: no extension is understood here
    const kid = decoded?.header.crit === undefined ? decoded?.header.kid : undefined;
    const key = issuer === undefined || typeof kid !== 'string' ? undefined : await issuer.keys.key(kid);
    if (issuer === undefined || key === undefined)
      throw new Refused('untrusted', 'the token is not from a trusted issuer');
    let claims: Claims;
    try {
      claims = jwt.verify(token, key, {
        algorithms: issuer.algorithms,
        issuer: issuer.issuer,
        audience: issuer.audience,
        maxAge: issuer.maxAge,
      }) as Claims;
    } catch (cause) {
      throw cause instanceof jwt.TokenExpiredError
        ? new Refused('expired', 'the token has expired', cause)
        : new Refused('invalid', 'the token is not valid', cause);
    }
    if (typeof claims !== 'object' || typeof claims.exp !== 'number')
      throw new Refused('invalid', 'the token has no expiry');
    const { exp, iat = exp } = claims;
    // else it would live as long as it says
    if (iat > Date.now() / 1000 + AHEAD) throw new Refused('invalid', 'the token is issued later than now');
    const until = Math.min(exp, iat + issuer.maxAge) * 1000;
    const subject = subjectOf(claims, issuer);
    if (!isWithin(subject, issuer.bounds))
      throw new Refused('unfit', 'the token claims what its issuer may not give');
    const boundTo = boundIn(claims);
    return {
      subject,
      persons: personsOf(subject, issuer),
      until,
      ...(boundTo === undefined ? {} : { boundTo }),
    };
  }
}

const NONE: Presented = () => undefined;

/** @throws Refused */
function requireBearer({ subject, boundTo }: Verified, presented: Presented): Subject {
  if (isBearer(boundTo, presented)) return subject;
  throw new Refused('invalid', 'the token holds with the client certificate alone that it is bound to');
}

/** @throws Refused what can't be checked here isn't believed without */
function boundIn({ cnf }: Claims): string | undefined {
  if (cnf === undefined) return undefined;
  const { 'x5t#S256': thumbprint, ...others } = (
    typeof cnf === 'object' && cnf !== null ? cnf : {}
  ) as Record<string, unknown>;
  if (typeof thumbprint === 'string' && Object.keys(others).length === 0) return thumbprint;
  throw new Refused(
    'unfit',
    'the token is bound to a key in a way that is not supported: `x5t#S256` alone is',
  );
}

function decode(token: string): (jwt.Jwt & { payload: JwtPayload }) | undefined {
  try {
    const decoded = jwt.decode(token, { complete: true });
    return decoded !== null && typeof decoded.payload === 'object'
      ? { ...decoded, payload: decoded.payload }
      : undefined;
  } catch {
    return undefined;
  }
}

function subjectOf(claims: Claims, issuer: Issuer): Subject {
  const { role, fhirUser } = claims;
  const reference =
    typeof fhirUser === 'string'
      ? fhirUser.slice(fhirUser.lastIndexOf('/', fhirUser.lastIndexOf('/') - 1) + 1)
      : '';
  if (role === undefined) throw new Refused('unfit', 'the token lacks the claim `role`');
  if (!Object.hasOwn(KINDS, role) || !issuer.roles.has(role)) {
    throw new Refused('unfit', 'the token claims a role that its issuer may not give');
  }
  if (!REFERENCE.test(reference) || !KINDS[role].includes(reference.split('/')[0]!)) {
    throw new Refused('unfit', 'the token names no fhirUser that fits its role');
  }
  const { scopes, rights } = parseScopes(typeof claims.scope === 'string' ? claims.scope : '');
  const organizations = strings(claims.organizations).filter((each) => each.startsWith('Organization/'));
  return {
    role,
    reference,
    depositor: reference,
    related: strings(claims.related).filter((each) => /^RelatedPerson\/[A-Za-z0-9\-.]{1,64}$/.test(each)),
    emergencies: emergenciesOf(claims),
    regulator: claims.regulator === true,
    ...contextIn(claims),
    organizations: organizations.filter((each) => REFERENCE.test(each)),
    profession: typeof claims.profession === 'string' ? claims.profession : undefined,
    purposes: strings(claims.purpose_of_use),
    scopes: scopes.filter(({ context }) => CONTEXTS[role].includes(context)),
    rights: rightsOf(role, rights),
    idPrefixes: strings(claims.id_prefixes).filter((prefix) => prefix.length >= 2),
    client: typeof claims.client_id === 'string' ? claims.client_id : issuer.issuer,
    name: typeof claims.name === 'string' ? claims.name.slice(0, 200) : undefined,
    tokenId: typeof claims.jti === 'string' ? claims.jti : undefined,
    issuer: issuer.issuer,
  };
}

/**
 * What is claimed beyond them is no claim at all. INVARIANT: an emergency call centre's mode comes from Pro Santé Connect's own
 * claim, at a login here.
 */
function isWithin(
  { organizations, purposes, emergencies, regulator }: Subject,
  bounds: Bounds | undefined,
): boolean {
  if (bounds === undefined) return true;
  const beyond = (claimed: readonly string[], allowed: readonly string[] | undefined): boolean =>
    allowed !== undefined && claimed.some((each) => !allowed.includes(each));
  const isBeyond =
    beyond(organizations, bounds.organizations) ||
    beyond(purposes, bounds.purposes) ||
    (!bounds.emergencies && emergencies.length > 0) ||
    regulator;
  return !isBeyond;
}

/** Who must not be suspended here. */
function personsOf(subject: Subject, issuer: Issuer | undefined): string[] {
  return issuer?.isSandbox === true ? [] : personsIn(subject);
}

/**
 * Beside a register's, a professional has one: to record what a patient who is present says; an operator those of their
 * duty, see catalogue/duty.ts.
 */
function rightsOf(role: Role, rights: readonly string[]): string[] {
  if (REGISTERS.has(role)) return [...rights];
  if (role === 'operator') return rights.filter((right) => right.startsWith('registry.'));
  return role === 'professional' ? rights.filter((right) => right === 'consent.collect') : [];
}

/** @throws Refused what can't be understood would be a wider token than who sends it believes */
function contextIn({ patient }: Claims): Pick<Subject, 'patient'> {
  if (patient === undefined) return {};
  if (typeof patient === 'string' && ID.test(patient)) return { patient };
  throw new Refused('unfit', 'the token’s `patient` is no logical id');
}

function emergenciesOf({ emergency }: Claims): Emergency[] {
  if (typeof emergency !== 'object' || emergency === null) return [];
  const { patient, reason, since } = emergency;
  const told =
    typeof patient === 'string' &&
    /^Patient\/[A-Za-z0-9\-.]{1,64}$/.test(patient) &&
    typeof reason === 'string' &&
    typeof since === 'number';
  return told ? [{ patient, reason: reason.slice(0, 1000), since: since * 1000 }] : [];
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string').slice(0, 50) : [];
}

class Refused extends FhirError {
  readonly why: Refusal;

  constructor(why: Refusal, text: string, cause?: unknown) {
    const challenge = why === 'missing' ? 'Bearer' : 'Bearer error="invalid_token"';
    super('login', text, { cause, headers: { 'www-authenticate': challenge } });
    this.why = why;
  }
}
