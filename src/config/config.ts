/** The only reader of the environment, checked at start. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Bounds } from '../auth/token.ts';
import type { DocumentFeeders } from '../consent/rules.ts';
import type { Role } from '../consent/subject.ts';
import type { Passing } from '../http/client-certificate.ts';
import type { Disclosure } from '../interaction/context.ts';
import type { Taken } from '../fhir/content/taken.ts';
import type { UploadBounds } from '../interaction/uploads.ts';
import type { AuthRates } from '../oauth/pace.ts';
import type { Host } from '../subscription/hosts.ts';
import type { ClamdAddress } from './values.ts';
import { type Algorithm, DEFAULT_TYPES, type LogLevel, VARIABLES, type Variable } from './variables.ts';

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
  /** Content of documents. */
  contentTaken: Taken;
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

type Values = { [N in keyof typeof VARIABLES]: ReturnType<(typeof VARIABLES)[N]['read']> | undefined };

export class ConfigError extends Error {
  readonly problems: string[];

  constructor(problems: string[]) {
    super(`the configuration can't be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Of a server. Throws a `ConfigError` with all that is wrong. An empty variable counts as unset. */
export function readConfig(env: Environment): Config {
  const { values, problems } = read(env);
  return whole(values, [...problems, ...lackingIn(values, env)], env);
}

/** Of a command: it checks no token, lets nobody log in and sends nothing, so it asks for nothing of that. */
export function readCommandConfig(env: Environment): Config {
  const { values, problems } = read(env);
  return whole(values, problems, env);
}

function read(env: Environment): { values: Values; problems: string[] } {
  const problems: string[] = [];
  const one = ([name, entry]: [string, Variable<unknown>]): [string, unknown] => {
    const text = env[name]?.trim() || entry.default;
    try {
      return [name, text === undefined ? undefined : entry.read(text)];
    } catch (error) {
      problems.push(`${name} must be ${(error as Error).message}`);
      return [name, undefined];
    }
  };
  const values = Object.fromEntries(Object.entries(VARIABLES).map(one)) as Values;
  return { values, problems };
}

function whole(values: Values, problems: string[], env: Environment): Config {
  if (problems.length > 0) throw new ConfigError(problems);
  return assemble(values, isDemo(values), env);
}

const isDemo = ({ DEMO, MONGODB_URI }: Values): boolean => DEMO ?? MONGODB_URI === undefined;

/** What a server can't do without, given the rest. */
function lackingIn(values: Values, env: Environment): string[] {
  const demo = isDemo(values);
  const problems: string[] = [];
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
  return problems;
}

function assemble(values: Values, demo: boolean, env: Environment): Config {
  const [port, host, dataDir] = [values.PORT!, values.HOST!, resolve(values.DATA_DIR!)];
  const baseUrl = values.BASE_URL ?? `${localOrigin({ host, port })}/fhir`;
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
    contentTaken: values.CONTENT_TYPES!,
    documentFeeders: values.DOCUMENT_FEEDERS!,
    clamd: values.CLAMD,
    proxies: values.TRUST_PROXY!,
    passing: values.CLIENT_CERTIFICATES,
    authorities: values.CLIENT_CERTIFICATE_CAS && resolve(values.CLIENT_CERTIFICATE_CAS),
    subscriptionHosts: values.SUBSCRIPTION_HOSTS ?? [],
    ...(values.SMTP_URL === undefined || values.SMTP_FROM === undefined
      ? {}
      : {
          mail: {
            url: values.SMTP_URL,
            from: values.SMTP_FROM,
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

/** Where this machine reaches the server, whatever others see. */
export function localOrigin({ host, port }: Pick<Config, 'host' | 'port'>): string {
  return `http://${reachable(host)}:${port}`;
}

/** An address that clients on this machine can use, where the server listens on all. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
