/**
 * Where people log in who are sent here from elsewhere: OpenID providers, as data that an operator writes.
 * https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth
 */
import { type Choice, choiceOf, flag, listIn, objectIn, onlyKeys, textIn } from './upstream-values.ts';

/** How claims are read: see claims/. */
const CLAIMS = ['pro-sante-connect', 'franceconnect'] as const;
const CLIENT_AUTH = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;
const SIGNATURES = ['RS256', 'ES256', 'PS256'] as const;
/** How content keys are encrypted for us. */
export const ENCRYPTIONS = ['ECDH-ES', 'RSA-OAEP-256', 'RSA-OAEP'] as const;

export type Encryption = Choice<typeof ENCRYPTIONS>;

export interface Upstream {
  /** In addresses and traces. */
  id: string;
  /** On its button. */
  name: string;
  issuer: string;
  client: { id: string; auth: Choice<typeof CLIENT_AUTH>; secret?: string };
  claims: Choice<typeof CLAIMS>;
  scope: string;
  /** How well a person must have been recognized: one of these; the first is asked for. */
  acr: readonly string[];
  idToken: Choice<typeof SIGNATURES>;
  /** Absent: the claims come as JSON, over TLS from the provider itself. */
  userinfo?: Choice<typeof SIGNATURES>;
  /** Absent: in clear. With it nothing in clear is accepted. */
  encryption?: Encryption;
  bounds: UpstreamBounds;
}

/** The most that its claims may give. */
export interface UpstreamBounds {
  /** Codes of TRE_G15; absent: any. */
  professions?: readonly string[];
  /** National identifiers of structures, such as `1990000036`; absent: any. */
  organizations?: readonly string[];
  /** That somebody answers for an emergency call centre. */
  regulator: boolean;
}

type Preset = Pick<Upstream, 'name' | 'scope' | 'acr' | 'idToken' | 'userinfo' | 'encryption'>;

const PRESETS: Record<Upstream['claims'], Preset> = {
  'pro-sante-connect': {
    name: 'Pro Santé Connect',
    scope: 'openid scope_all',
    acr: ['eidas1', 'eidas2', 'eidas3'],
    idToken: 'RS256',
  },
  franceconnect: {
    name: 'FranceConnect+',
    scope: 'openid given_name family_name birthdate gender birthplace birthcountry',
    acr: ['eidas2', 'eidas3'],
    idToken: 'ES256',
    userinfo: 'ES256',
    encryption: 'ECDH-ES',
  },
};

const KEYS = ['id', 'name', 'issuer', 'client', 'claims', 'scope', 'acr', 'idToken', 'userinfo'] as const;
const MOST = 20;

/** @throws Error that says what is allowed */
export function upstreamsIn(text: string): Upstream[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('it is no JSON');
  }
  if (!Array.isArray(value) || value.length > MOST) throw new Error(`it must be a list of up to ${MOST}`);
  const found = value.map((each: unknown, index) => upstreamIn(each, `[${index}]`));
  const twice = found.find(({ id }, index) => found.findIndex((other) => other.id === id) !== index);
  if (twice !== undefined) throw new Error(`\`${twice.id}\` stands there twice`);
  return found;
}

function upstreamIn(value: unknown, at: string): Upstream {
  const given = objectIn(value, at);
  onlyKeys(given, [...KEYS, 'encryption', 'bounds'], at);
  const claims = choiceOf(CLAIMS, given.claims, `${at}.claims`);
  const preset = PRESETS[claims];
  const userinfo = optional(given.userinfo, preset.userinfo, SIGNATURES, `${at}.userinfo`);
  const encryption = optional(given.encryption, preset.encryption, ENCRYPTIONS, `${at}.encryption`);
  return {
    id: textIn(given.id, `${at}.id`, /^[a-z][a-z0-9-]{1,39}$/),
    name: given.name === undefined ? preset.name : textIn(given.name, `${at}.name`),
    issuer: issuerIn(given.issuer, `${at}.issuer`),
    client: clientIn(given.client, `${at}.client`),
    claims,
    scope: given.scope === undefined ? preset.scope : textIn(given.scope, `${at}.scope`, /^openid( \S+)*$/),
    acr: given.acr === undefined ? preset.acr : someIn(given.acr, `${at}.acr`),
    idToken:
      given.idToken === undefined ? preset.idToken : choiceOf(SIGNATURES, given.idToken, `${at}.idToken`),
    ...(userinfo === undefined ? {} : { userinfo }),
    ...(encryption === undefined ? {} : { encryption }),
    bounds: boundsIn(given.bounds ?? {}, `${at}.bounds`),
  };
}

/** `none` is said, never meant by saying nothing. */
function optional<const T extends readonly string[]>(
  value: unknown,
  preset: Choice<T> | undefined,
  allowed: T,
  at: string,
): Choice<T> | undefined {
  if (value === undefined) return preset;
  const chosen = choiceOf([...allowed, 'none'], value, at);
  return chosen === 'none' ? undefined : (chosen as Choice<T>);
}

function clientIn(value: unknown, at: string): Upstream['client'] {
  const given = objectIn(value, at);
  onlyKeys(given, ['id', 'auth', 'secret'], at);
  const id = textIn(given.id, `${at}.id`);
  const auth = choiceOf(CLIENT_AUTH, given.auth ?? 'client_secret_basic', `${at}.auth`);
  if (auth === 'private_key_jwt') return { id, auth };
  return { id, auth, secret: textIn(given.secret, `${at}.secret`) };
}

function boundsIn(value: unknown, at: string): UpstreamBounds {
  const given = objectIn(value, at);
  onlyKeys(given, ['professions', 'organizations', 'regulator'], at);
  const { professions, organizations } = given;
  return {
    ...(professions === undefined ? {} : { professions: listIn(professions, `${at}.professions`) }),
    ...(organizations === undefined ? {} : { organizations: listIn(organizations, `${at}.organizations`) }),
    regulator: flag(given.regulator ?? false, `${at}.regulator`),
  };
}

function someIn(value: unknown, at: string): string[] {
  const found = listIn(value, at);
  if (found.length === 0) throw new Error(`\`${at}\` must name at least one`);
  return found;
}

/** In clear only on this very machine. */
function issuerIn(value: unknown, at: string): string {
  const text = textIn(value, at);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLocal = url !== undefined && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  const isPlain = url !== undefined && `${url.search}${url.hash}${url.username}${url.password}` === '';
  if (isPlain && (url.protocol === 'https:' || (isLocal && url.protocol === 'http:'))) return text;
  throw new Error(`\`${at}\` must be an \`https\` address`);
}
