/** The only reader of the environment: every variable in one table, checked at start. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Bounds } from './auth/token.ts';
import type { DocumentFeeders } from './consent/rules.ts';
import { ROLES, type Role } from './consent/subject.ts';
import type { Passing } from './http/client-certificate.ts';
import type { Disclosure } from './interaction/context.ts';
import type { UploadBounds } from './interaction/uploads.ts';
import type { AuthRates } from './oauth/pace.ts';
import type { ClamdAddress } from './config-values.ts';
import type { Host } from './subscription/hosts.ts';
import {
  authRates,
  bytesByRole,
  clamdAddress,
  decimal,
  hosts,
  httpUrl,
  jwks,
  listOf,
  matching,
  metricsToken,
  mongodbUri,
  oneOf,
  onOrOff,
  passedCertificates,
  profilesByType,
  purposes,
  references,
  resourceTypes,
  smtpUrl,
  within,
} from './config-values.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Config {
  port: number;
  host: string;
  dataDir: string;
  /** Undefined: the embedded database. */
  mongodbUri?: string;
  database: string;
  mongodbPort: number;
  /** GiB, of the embedded one; undefined: an eighth of the memory, 0.25 to 1. */
  mongodbCacheGb?: number;
  demo: boolean;
  /** Absolute address of the FHIR base, without a slash at the end. */
  baseUrl: string;
  resourceTypes: string[];
  auth: {
    /** Undefined in the demo only, which has an issuer of its own. */
    issuer?: string;
    audience: string;
    /** URL, or path of a file; undefined in the demo only. */
    jwks?: string;
    algorithms: Algorithm[];
    /** What its tokens may claim beside the roles. */
    bounds: Bounds;
    roles: Role[];
    /** Issuer of our own authorization server; undefined: there is none. */
    server?: string;
    /** Where clients' key sets may be read. */
    clientKeyHosts: Host[];
    rates: AuthRates;
    /** File of the OpenID providers that people log in at; undefined: there are none. */
    upstreams?: string;
  };
  keyFile: string;
  /** What is kept of the traces outside the database. */
  audit: { anchor: string; archive: string; years: number };
  /** Folder of the country's rules; undefined: the French ones. */
  rules?: string;
  /** By resource type: what is written must hold to one of them. */
  requiredProfiles?: ReadonlyMap<string, readonly string[]>;
  /** Whether professionals learn that something was withheld from them. */
  disclosure: Disclosure;
  /** Patients that a professional may look for in a minute. */
  patientFinds: number;
  /** Undefined: as suits who looks on. */
  logLevel?: LogLevel;
  maxBodyBytes: number;
  /** Of one content, by who deposits it. */
  contentBytes: UploadBounds['bytes'];
  documentFeeders: DocumentFeeders;
  /** Undefined: content isn't scanned for malware. */
  clamd?: ClamdAddress;
  /** In front of the server, whose `X-Forwarded-For` is believed. */
  proxies: number;
  /** How they pass clients' TLS certificates; undefined: they don't. */
  passing?: Passing;
  /** Path of the file of authorities that issue clients' certificates. */
  authorities?: string;
  /** Whom Subscriptions may tell something. */
  subscriptionHosts: Host[];
  /** Undefined: no e-mail is sent. */
  mail?: { url: string; from: string; link: string };
  /** Where Prometheus may ask: on a port of its own, or on the server's by a token; without both nowhere. */
  metrics: { port?: number; host: string; token?: string };
  /** Milliseconds that requests under way are given when the server is stopped. */
  stopPatience: number;
  /** Where a `mongod` is looked for. */
  mongod: { systemBinary?: string; path: string; cacheDir: string };
}

/** Signatures by a key that only the issuer has: `none` and secrets shared with it (HS*) are never accepted. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const FEEDERS = ['enforced', 'open'] as const satisfies readonly DocumentFeeders[];
const DISCLOSURE = ['silent', 'told'] as const satisfies readonly Disclosure[];

/** Types that are served when nothing else is said. */
export const DEFAULT_TYPES: readonly string[] = (
  'AllergyIntolerance Appointment AuditEvent Binary Bundle CarePlan CareTeam Communication Composition Condition ' +
  'Consent Device DiagnosticReport DocumentReference Encounter EpisodeOfCare FamilyMemberHistory Flag Goal Group ' +
  'HealthcareService ImagingStudy Immunization List Location Media Medication MedicationAdministration ' +
  'MedicationRequest MedicationStatement Observation Organization Patient Person Practitioner PractitionerRole ' +
  'Procedure Provenance Questionnaire QuestionnaireResponse RelatedPerson Schedule Slot Specimen Subscription Task'
).split(' ');

interface Variable<T> {
  meaning: string;
  /** The text that is read when the variable isn't set. */
  default?: string;
  /** What the documentation says in its place, where it follows from others. */
  otherwise?: string;
  /** Throws with what is allowed. */
  read(text: string): T;
}

const variable = <T>(
  read: Variable<T>['read'],
  meaning: string,
  rest: Partial<Variable<T>> = {},
): Variable<T> => ({
  read,
  meaning,
  ...rest,
});

export const VARIABLES = {
  PORT: variable(within(1, 65535), 'port of the FHIR server', { default: '3000' }),
  HOST: variable(matching(/^[\w.:-]+$/, 'a host name or address'), 'address it listens on', {
    default: '127.0.0.1',
  }),
  BASE_URL: variable(httpUrl, 'public address of the FHIR base', { otherwise: '`http://HOST:PORT/fhir`' }),
  DATA_DIR: variable(String, 'folder of the embedded database, keys and `demo.json`', { default: './.data' }),
  MONGODB_URI: variable(mongodbUri, 'MongoDB 6.0 or newer, a replica set or sharded cluster', {
    otherwise: 'an embedded one',
  }),
  MONGODB_DATABASE: variable(
    matching(/^[A-Za-z0-9_-]{1,50}$/, 'up to 50 letters, digits, `_` and `-`'),
    'name of the database; that of the keys has `_keys` behind it',
    { default: 'carnet' },
  ),
  MONGODB_PORT: variable(within(1, 65535), 'port of the embedded MongoDB', { default: '27117' }),
  MONGODB_CACHE_GB: variable(decimal(0.25, 1024), 'GiB of cache of the embedded MongoDB', {
    otherwise: 'an eighth of the memory, 0.25 to 1',
  }),
  DEMO: variable(onOrOff, 'demo data and callers: `on` or `off`', {
    otherwise: '`on` with the embedded MongoDB, else `off`',
  }),
  RESOURCE_TYPES: variable(
    resourceTypes(DEFAULT_TYPES),
    'types that are served: a list, or what to add and leave out (`+Claim,-Media`)',
    {
      otherwise: `${DEFAULT_TYPES.length} types`,
    },
  ),
  AUTH_ISSUER: variable(String, 'issuer (`iss`) of the tokens', { otherwise: 'required without the demo' }),
  AUTH_AUDIENCE: variable(String, 'audience (`aud`) of the tokens', { otherwise: '`BASE_URL`' }),
  AUTH_JWKS: variable(jwks, 'keys of the issuer: `https` address, or path of a file', {
    otherwise: 'required without the demo',
  }),
  AUTH_SERVER: variable(
    onOrOff,
    'the server’s own authorization server, at `/oauth` beside the base: `on` or `off`',
    {
      otherwise: '`on` with the demo, else `off`',
    },
  ),
  AUTH_RATES: variable(
    authRates,
    'in a minute, requests of one address to the authorization server, tokens of one client, authorizations of one account; and requests of one client to the FHIR base',
    { default: 'address=6000,client=6000,account=600,requests=300000' },
  ),
  CLIENT_KEY_HOSTS: variable(
    hosts,
    'hosts that key sets of clients may be read from, as `SUBSCRIPTION_HOSTS`',
    {
      otherwise: 'none',
    },
  ),
  UPSTREAMS: variable(
    String,
    'file of the OpenID providers that people log in at, such as Pro Santé Connect; [what it says](docs/authorization.md#upstreams)',
    { otherwise: 'none' },
  ),
  AUTH_ALGORITHMS: variable(listOf(ALGORITHMS), 'signature algorithms of the tokens', {
    default: 'RS256,ES256,RS384,ES384',
  }),
  AUTH_ROLES: variable(listOf(ROLES), 'roles that the issuer’s tokens may claim', {
    default: 'patient,representative,professional,system,app,operator',
  }),
  AUTH_ORGANIZATIONS: variable(
    references('Organization'),
    'organizations that the issuer’s tokens may claim: `Organization/1,Organization/2`',
    { otherwise: 'any' },
  ),
  AUTH_PURPOSES: variable(purposes, 'purposes of use that its tokens may claim, such as `TREAT,PATRQT`', {
    otherwise: 'any',
  }),
  AUTH_EMERGENCIES: variable(onOrOff, 'whether its tokens may say that the glass was broken: `on` or `off`', {
    default: 'off',
  }),
  KEY_FILE: variable(String, 'file of the key-encryption keys', { otherwise: '`DATA_DIR/keys/kek.json`' }),
  AUDIT_ANCHOR: variable(String, 'folder of the anchor that traces are verified against', {
    otherwise: '`DATA_DIR/anchor`',
  }),
  AUDIT_ARCHIVE: variable(String, 'folder that old traces are moved to', {
    otherwise: '`DATA_DIR/traces`',
  }),
  AUDIT_YEARS: variable(within(3, 100), 'years that traces stay in the database', { default: '3' }),
  LOG_LEVEL: variable(oneOf(LOG_LEVELS), `one of ${LOG_LEVELS.join(', ')}`, {
    otherwise: '`info`; in a terminal with the demo `warn`',
  }),
  METRICS_PORT: variable(within(1, 65535), 'port of `/metrics`', { otherwise: 'no such port' }),
  METRICS_HOST: variable(
    matching(/^[\w.:-]+$/, 'a host name or address'),
    'address that `METRICS_PORT` listens on',
    { default: '127.0.0.1' },
  ),
  METRICS_TOKEN: variable(metricsToken, 'bearer token that opens `/metrics` on `PORT`', {
    otherwise: 'no such page',
  }),
  MAX_BODY_MIB: variable(within(1, 1024), 'largest body of a request, in MiB', { default: '32' }),
  CONTENT_BYTES: variable(bytesByRole, 'largest content, in bytes, by who deposits it', {
    default: 'patient=5000000,representative=5000000,others=2147483648',
  }),
  DOCUMENT_FEEDERS: variable(
    oneOf(FEEDERS),
    'whether types of documents are kept to who may deposit them by `RULES`: `enforced` or `open`',
    { default: 'enforced' },
  ),
  CLAMD: variable(
    clamdAddress,
    'ClamAV’s daemon that scans content: `host:port`, or the path of its socket',
    {
      otherwise: 'content isn’t scanned',
    },
  ),
  TRUST_PROXY: variable(within(0, 10), 'proxies in front whose `X-Forwarded-For` is believed', {
    default: '0',
  }),
  CLIENT_CERTIFICATES: variable(
    passedCertificates,
    'header and addresses of proxies that pass clients’ TLS certificates, `client-cert@10.0.0.5`; [more](docs/authorization.md#mutual-tls)',
    { otherwise: 'no certificate is believed' },
  ),
  CLIENT_CERTIFICATE_CAS: variable(
    String,
    'file of the authorities, as PEM, that issue clients’ TLS certificates; [more](docs/authorization.md#mutual-tls)',
    { otherwise: 'only certificates that are registered themselves' },
  ),
  SMTP_URL: variable(smtpUrl, 'server that takes e-mails, `smtps://` or `smtp://`', {
    otherwise: 'no e-mail is sent',
  }),
  SMTP_FROM: variable(
    matching(/^[\w.+-]+@[\w-]+(\.[\w-]+)+$/, 'an e-mail address'),
    'address that e-mails come from',
    {
      otherwise: 'required with `SMTP_URL`',
    },
  ),
  SPACE_URL: variable(httpUrl, 'address of the patients’ space, the one link in e-mails', {
    otherwise: 'the origin of `BASE_URL`',
  }),
  SUBSCRIPTION_HOSTS: variable(
    hosts,
    'hosts that Subscriptions may send to: `hooks.example.org,http://10.0.0.7:9000`; without `http://` by TLS alone',
    { otherwise: 'none' },
  ),
  REQUIRED_PROFILES: variable(
    profilesByType,
    'profiles that what is written must hold to, `Type=canonical,…`; of several of a type, to one',
    { otherwise: 'none' },
  ),
  RULES: variable(String, 'folder of the country’s rules', { otherwise: 'the French ones, `profiles/fr`' }),
  DISCLOSURE: variable(
    oneOf(DISCLOSURE),
    'whether professionals learn that patients withhold something: `silent` or `told`',
    {
      default: 'silent',
    },
  ),
  PATIENT_FINDS: variable(
    within(1, 100_000),
    'patients that a professional may look for by number or traits in a minute; a system 50 times as many',
    { default: '60' },
  ),
  STOP_SECONDS: variable(within(0, 600), 'time that requests under way are given at the end', {
    default: '20',
  }),
  MONGOMS_SYSTEM_BINARY: variable(String, 'path of a `mongod` for the embedded MongoDB', {
    otherwise: '`mongod` on `PATH`, or one fetched',
  }),
  XDG_CACHE_HOME: variable(String, 'the user’s cache folder, where a fetched `mongod` is kept', {
    otherwise: '`~/.cache`',
  }),
} satisfies Record<string, Variable<unknown>>;

type Values = { [N in keyof typeof VARIABLES]: ReturnType<(typeof VARIABLES)[N]['read']> | undefined };

export class ConfigError extends Error {
  readonly problems: string[];

  constructor(problems: string[]) {
    super(`the configuration can't be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Throws a `ConfigError` with all that is wrong. An empty variable counts as unset. */
export function readConfig(env: Environment): Config {
  const problems: string[] = [];
  const read = ([name, entry]: [string, Variable<unknown>]): [string, unknown] => {
    const text = env[name]?.trim() || entry.default;
    try {
      return [name, text === undefined ? undefined : entry.read(text)];
    } catch (error) {
      problems.push(`${name} must be ${(error as Error).message}`);
      return [name, undefined];
    }
  };
  const values = Object.fromEntries(Object.entries(VARIABLES).map(read)) as Values;
  const demo = values.DEMO ?? values.MONGODB_URI === undefined;
  for (const name of ['AUTH_ISSUER', 'AUTH_JWKS'] as const) {
    if (!demo && values.AUTH_SERVER !== true && !env[name]?.trim())
      problems.push(`${name} must be set when the demo and AUTH_SERVER are off: no token could be checked`);
  }
  if (values.CLIENT_CERTIFICATE_CAS !== undefined && values.CLIENT_CERTIFICATES === undefined)
    problems.push('CLIENT_CERTIFICATE_CAS needs CLIENT_CERTIFICATES: no certificate comes from anywhere');
  if (values.UPSTREAMS !== undefined && !(values.AUTH_SERVER ?? demo))
    problems.push('UPSTREAMS needs AUTH_SERVER=on: people would log in to nothing');
  if (values.SMTP_URL !== undefined && values.SMTP_FROM === undefined && !env['SMTP_FROM']?.trim())
    problems.push('SMTP_FROM must be set with SMTP_URL: e-mails need a sender');
  if (problems.length > 0) throw new ConfigError(problems);
  return assemble(values, demo, env);
}

function assemble(values: Values, demo: boolean, env: Environment): Config {
  const [port, host, dataDir] = [values.PORT!, values.HOST!, resolve(values.DATA_DIR!)];
  const baseUrl = values.BASE_URL ?? `http://${reachable(host)}:${port}/fhir`;
  return {
    port,
    host,
    dataDir,
    mongodbUri: values.MONGODB_URI,
    database: values.MONGODB_DATABASE!,
    mongodbPort: values.MONGODB_PORT!,
    mongodbCacheGb: values.MONGODB_CACHE_GB,
    demo,
    baseUrl,
    resourceTypes: values.RESOURCE_TYPES ?? [...DEFAULT_TYPES],
    auth: {
      issuer: values.AUTH_ISSUER,
      audience: values.AUTH_AUDIENCE ?? baseUrl,
      jwks: values.AUTH_JWKS,
      algorithms: values.AUTH_ALGORITHMS!,
      roles: values.AUTH_ROLES!,
      bounds: {
        ...(values.AUTH_ORGANIZATIONS === undefined ? {} : { organizations: values.AUTH_ORGANIZATIONS }),
        ...(values.AUTH_PURPOSES === undefined ? {} : { purposes: values.AUTH_PURPOSES }),
        emergencies: values.AUTH_EMERGENCIES!,
      },
      clientKeyHosts: values.CLIENT_KEY_HOSTS ?? [],
      rates: values.AUTH_RATES!,
      upstreams: values.UPSTREAMS === undefined ? undefined : resolve(values.UPSTREAMS),
      server: (values.AUTH_SERVER ?? demo) ? besideOf(baseUrl) : undefined,
    },
    keyFile: resolve(values.KEY_FILE ?? join(dataDir, 'keys', 'kek.json')),
    audit: {
      anchor: resolve(values.AUDIT_ANCHOR ?? join(dataDir, 'anchor')),
      archive: resolve(values.AUDIT_ARCHIVE ?? join(dataDir, 'traces')),
      years: values.AUDIT_YEARS!,
    },
    rules: values.RULES === undefined ? undefined : resolve(values.RULES),
    requiredProfiles: values.REQUIRED_PROFILES,
    disclosure: values.DISCLOSURE!,
    patientFinds: values.PATIENT_FINDS!,
    logLevel: values.LOG_LEVEL,
    maxBodyBytes: values.MAX_BODY_MIB! * 1024 * 1024,
    contentBytes: values.CONTENT_BYTES!,
    documentFeeders: values.DOCUMENT_FEEDERS!,
    clamd: values.CLAMD,
    proxies: values.TRUST_PROXY!,
    passing: values.CLIENT_CERTIFICATES,
    authorities: values.CLIENT_CERTIFICATE_CAS && resolve(values.CLIENT_CERTIFICATE_CAS),
    subscriptionHosts: values.SUBSCRIPTION_HOSTS ?? [],
    ...(values.SMTP_URL === undefined
      ? {}
      : {
          mail: {
            url: values.SMTP_URL,
            from: values.SMTP_FROM!,
            link: values.SPACE_URL ?? new URL(baseUrl).origin,
          },
        }),
    metrics: { port: values.METRICS_PORT, host: values.METRICS_HOST!, token: values.METRICS_TOKEN },
    stopPatience: values.STOP_SECONDS! * 1000,
    mongod: {
      systemBinary: values.MONGOMS_SYSTEM_BINARY,
      path: env['PATH'] ?? '',
      cacheDir: join(values.XDG_CACHE_HOME ?? join(env['HOME'] || homedir(), '.cache'), 'carnet'),
    },
  };
}

/** `https://x.org/fhir` → `https://x.org/oauth` */
function besideOf(baseUrl: string): string {
  const { origin, pathname } = new URL(baseUrl);
  return `${origin}${pathname.replace(/\/[^/]*$/, '')}/oauth`;
}

/** The table of the README. */
export function describeVariables(): string {
  const rows = Object.entries(VARIABLES).map(([name, entry]: [string, Variable<unknown>]) => {
    const standard = entry.otherwise ?? `\`${entry.default}\``;
    return `| \`${name}\` | ${standard} | ${entry.meaning} |`;
  });
  return ['| Variable | Default | Meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

/** An address that clients on this machine can use, where the server listens on all. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
