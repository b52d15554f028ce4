/** The authorization server, wired: its records, its keys, its screens. */
import type { JsonWebKey, X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Provider } from 'oidc-provider';
import { type Accounts, either, type PasswordLogin } from '../auth/accounts.ts';
import type { From } from '../auth/records.ts';
import { opaqueSubject } from '../auth/opaque.ts';
import { MINUTE } from '../auth/rate.ts';
import type { Own } from '../auth/token.ts';
import type { Upstream } from '../auth/upstream.ts';
import { entrance, type Entrance } from './elsewhere.ts';
import type { ResourceStore } from '../enforcement/ports.ts';
import { randomUUID } from 'node:crypto';
import type { AccountLog } from '../audit/identity/log.ts';
import type { AskWithin } from '../http/within.ts';
import type { Connecting } from './connecting.ts';
import { clientCertificate, clientThumbprint, type Passing } from '../http/client-certificate.ts';
import { remoteAddress } from '../http/remote.ts';
import { type Because, healthRecords } from '../oauth/health-records.ts';
import { apps, withApps } from '../oauth/apps.ts';
import { mount, type Mounted } from '../oauth/mount.ts';
import { AUTH_RATES, type AuthRates, Pace } from '../oauth/pace.ts';
import { practising } from '../oauth/practising.ts';
import { createProvider } from '../oauth/provider.ts';
import { screens } from '../oauth/screens.ts';
import { smartConfiguration } from '../oauth/smart.ts';
import type { Job } from '../ops/jobs.ts';
import { keySetReader } from '../ops/key-sets.ts';
import type { Log } from '../ops/log.ts';
import { MongoAttempts } from '../store/records/attempts.ts';
import { MongoArtifacts, type Together } from '../store/records/artifacts.ts';
import { MongoClients } from '../store/records/clients.ts';
import { rateOfAll } from '../store/records/rates.ts';
import type { Database } from '../store/database.ts';
import type { Host } from '../subscription/hosts.ts';
import { IssuerKeys } from '../store/keys/issuer-keys.ts';
import type { KeyRing } from '../store/keys/keys.ts';

export interface AuthorizingOptions {
  /** Absolute, without a slash at the end. */
  issuer: string;
  accounts: Accounts;
  passwords?: PasswordLogin;
  /** OpenID providers that people log in at; none unless given. */
  upstreams?: readonly Upstream[];
  /** Where clients' key sets may be read; nowhere unless given. */
  clientKeyHosts?: readonly Host[];
  rates?: AuthRates;
  /** That issue certificates to clients; none unless given. */
  authorities?: readonly X509Certificate[];
}

export interface Authorizing {
  mounted: Mounted;
  own: Own;
  /** `.well-known/smart-configuration` */
  smart: Buffer;
  clients: MongoClients;
  entrance: Entrance;
  /** Of an application that runs in a browser. */
  isOrigin(origin: string): boolean;
  jobs: Job[];
}

export interface Around {
  database: Database;
  port: ResourceStore;
  /** Reads what a request asks for with what its token hangs on. */
  together: Together;
  ring: KeyRing;
  base: string;
  /** In front of the server. */
  proxies: number;
  /** How they pass clients' certificates; absent: they don't. */
  passing?: Passing;
  events: AccountLog;
  connecting: Connecting;
  ask: AskWithin;
  because: Because;
  /** Their code systems. */
  professions: readonly string[];
  log: Log;
}

/** Milliseconds between two looks at the keys: one that was added is published in every process soon. */
const KEYS_EVERY = 60_000;
/** Milliseconds: an application that is registered may call from its own pages after this. */
const ORIGINS_EVERY = 15_000;

export async function authorizing(
  {
    issuer,
    accounts: known,
    passwords,
    upstreams = [],
    clientKeyHosts = [],
    rates = AUTH_RATES,
    authorities = [],
  }: AuthorizingOptions,
  around: Around,
): Promise<Authorizing> {
  const { database, port, ring, base, proxies, passing, events, connecting, ask, because, professions, log } =
    around;
  const artifacts = new MongoArtifacts(database, ring, around.together);
  const clients = new MongoClients(database);
  const way = await entrance(upstreams, issuer, { database, ring, port });
  const accounts = either(known, way.logins);
  const exchanges = upstreams.some(({ claims }) => claims === 'pro-sante-connect');
  const offers = { exchanges, certificates: passing !== undefined, authorities: authorities.length > 0 };
  const keys = new IssuerKeys(database, ring);
  const failed = (err: unknown): void => log.error({ err }, 'the authorization server failed');
  const rate = (what: string, points: number) =>
    rateOfAll(database, ring.derive('rates'), what, points, MINUTE);
  const pace = new Pace({
    address: rate('addresses', rates.address),
    client: rate('tokens', rates.client),
    account: rate('authorizations', rates.account),
  });
  const records = healthRecords(ask, because);
  const { represented } = connecting;
  const from = (request: IncomingMessage): From => ({
    address: remoteAddress(request, proxies),
    requestId: randomUUID(),
  });
  const made = async (): Promise<{ provider: Provider; names: string }> => {
    const all = await keys.all(Date.now());
    const provider = await createProvider({
      issuer,
      base,
      keys: all,
      cookieKey: ring.derive('authorization cookies'),
      pairwiseKey: ring.derive('pairwise subjects'),
      artifacts,
      clients: withApps(clients, issuer),
      accounts,
      ...(exchanges ? { exchange: { elsewhere: way.elsewhere } } : {}),
      elsewhere: way.elsewhere,
      practising: practising(port, base, professions, way.logins),
      events,
      from,
      certificate: (request) => clientCertificate(request, passing),
      authorities,
      offers,
      isOrigin,
      readKeySet: keySetReader(clientKeyHosts),
      stands: connecting.stands,
      pace,
      failed,
    });
    return { provider, names: namesOf(all) };
  };
  const own: Own = (token, presented, ahead) => opaqueSubject(artifacts, token, presented, ahead);
  const thumbprint = (request: IncomingMessage) => clientThumbprint(request, passing);
  let origins = await clients.origins();
  const isOrigin = (origin: string): boolean => origins.has(origin);
  let now = await made();
  return {
    mounted: mount({
      issuer,
      provider: () => now.provider,
      screens: screens({
        issuer,
        artifacts,
        accounts,
        passwords,
        elsewhere: way.elsewhere,
        records,
        represented,
        events,
        pace,
        attempts: new MongoAttempts(database, ring.derive('failed logins')),
        from,
      }),
      apps: apps({
        issuer,
        base,
        artifacts,
        accounts,
        records,
        represented,
        events,
        from,
        formKey: ring.derive('forms of the list of applications'),
      }),
      pace,
      address: (request) => remoteAddress(request, proxies),
      isOrigin,
      launches: { base, own, thumbprint, clients, artifacts },
      artifacts,
      elsewhere: way.elsewhere,
      upstreamKeys: () => way.elsewhere.published(),
      failed,
    }),
    entrance: way,
    own,
    isOrigin,
    smart: Buffer.from(JSON.stringify(smartConfiguration(issuer, offers))),
    clients,
    jobs: [
      {
        name: 'origins of applications',
        every: ORIGINS_EVERY,
        async run() {
          origins = await clients.origins();
        },
      },
      { name: 'keys towards providers', every: KEYS_EVERY, run: () => way.readKeys() },
      {
        name: 'issuer keys',
        every: KEYS_EVERY,
        async run() {
          if (namesOf(await keys.all(Date.now())) !== now.names) now = await made();
        },
      },
    ],
  };
}

const namesOf = (keys: readonly JsonWebKey[]): string =>
  keys.map(({ kid }: JsonWebKey & { kid?: string }) => kid).join(' ');
