/** Every variable of the environment in one table: what it means, what stands in its place, how it is read. */
import type { DocumentFeeders } from '../consent/rules.ts';
import { GROUPS } from '../fhir/content/ends.ts';
import { OF_DOCUMENTS } from '../fhir/content/taken.ts';
import { ROLES } from '../consent/subject.ts';
import type { Disclosure } from '../interaction/context.ts';
import {
  authRates,
  bytesByRole,
  clamdAddress,
  contentTypes,
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
} from './values.ts';

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

export interface Variable<T> {
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
  CONTENT_TYPES: variable(
    contentTypes(OF_DOCUMENTS),
    `content that documents hold: a list, or what to add and leave out (\`+office,+audio\`), of ${GROUPS.map((each) => `\`${each}\``).join(', ')}, and media types that are taken unseen`,
    { default: OF_DOCUMENTS.join(',') },
  ),
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

/** The table of the README. */
export function describeVariables(): string {
  const rows = Object.entries(VARIABLES).map(([name, entry]: [string, Variable<unknown>]) => {
    const standard = entry.otherwise ?? `\`${entry.default}\``;
    return `| \`${name}\` | ${standard} | ${entry.meaning} |`;
  });
  return ['| Variable | Default | Meaning |', '| --- | --- | --- |', ...rows].join('\n');
}
