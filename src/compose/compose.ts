/** The server put together by hand, in reading order: database, keys, store, callers, interactions, HTTP. */
import { randomUUID } from 'node:crypto';
import { accounting } from './accounting.ts';
import type { AccountLog } from '../audit/identity/log.ts';
import { backgroundJobs } from './background.ts';
import { Purposes } from '../auth/purpose.ts';
import { MINUTE } from '../auth/rate.ts';
import { Requests } from '../auth/requests.ts';
import { type AuthorizingOptions, authorizing } from './authorizing.ts';
import type { Clients } from '../auth/clients.ts';
import { cataloguing } from './cataloguing.ts';
import { connecting } from './connecting.ts';
import { checkScope } from '../auth/scopes.ts';
import { CONTENT_BYTES } from '../config/values.ts';
import { type Issuer, Tokens } from '../auth/token.ts';
import type { DocumentFeeders, Rules } from '../consent/rules.ts';
import type { Entrance } from './elsewhere.ts';
import type { PolicySource, ResourceStore } from '../enforcement/ports.ts';
import type { Scanner } from '../enforcement/screening.ts';
import { ownProfiles } from '../fhir/conformance/profiles.ts';
import { typesTaken } from '../fhir/content/kinds.ts';
import { DOCUMENTS_TAKEN, type Taken } from '../fhir/content/taken.ts';
import { RESOURCE_TYPES } from '../fhir/definitions/index.ts';
import { exporting } from './exporting.ts';
import { becauseOf, gating } from './gating.ts';
import { createMatcher } from '../http/match.ts';
import { within } from '../http/within.ts';
import { createApp } from '../http/app.ts';
import type { Passing } from '../http/client-certificate.ts';
import { capabilityStatement } from '../http/capability.ts';
import { ROUTES } from '../http/routes.ts';
import { sockets, websocketOf } from '../http/websocket.ts';
import { createServer, endServer, listen } from '../http/server.ts';
import type { Context, Disclosure } from '../interaction/context.ts';
import type { Interaction } from '../interaction/exchange.ts';
import { interactions } from './interactions.ts';
import { Allowance, type Rates } from '../interaction/allowance.ts';
import { PageLinks } from '../interaction/page-links.ts';
import { Queue } from '../interaction/queue.ts';
import { type UploadBounds, Uploads } from '../interaction/uploads.ts';
import { FOLLOWER } from '../notice/dispatch.ts';
import { Visits } from '../notice/visits.ts';
import { readiness } from '../ops/health.ts';
import { startJobs } from '../ops/jobs.ts';
import { merging } from './merging.ts';
import type { Log } from '../ops/log.ts';
import { type SmtpOptions, smtp } from '../ops/notices/smtp.ts';
import type { Lookup } from '../ops/subscriptions/address.ts';
import { startObserving, type MetricsOptions } from '../ops/observing.ts';
import { recorder } from './recording.ts';
import { oauthUris } from '../oauth/smart.ts';
import { commonDefinitions, type Definition, definitionsOf } from '../search/definitions.ts';
import { terminology } from '../search/known-terminology.ts';
import type { Anchor } from '../store/chain/anchor.ts';
import { connect, ensureIndexes } from '../store/database.ts';
import { faultOf } from '../store/fault.ts';
import { KeyRing, keyFile } from '../store/keys/keys.ts';
import { ensureLayout } from '../store/layout.ts';
import { Notices } from '../store/outgoing/notices.ts';
import { MongoOutbox } from '../store/outgoing/outbox.ts';
import { AUTH_RATES } from '../oauth/pace.ts';
import { rateOfAll } from '../store/records/rates.ts';
import { ShutPersons } from '../store/records/shut.ts';
import { stateOf } from '../store/state.ts';
import { Store } from '../store/store.ts';
import { Subscriptions } from '../store/outgoing/subscriptions.ts';
import { subscribing } from './subscribing.ts';
import type { Host } from '../subscription/hosts.ts';

export const VERSION = '0.1.0';
const RELEASED = '2026-11-22';
/** Streams at once, of one depositor and of all. */
const UPLOADS = { each: 4, all: 32 };
/** Patients that are looked for in a minute. */
const FINDS: Rates = { person: 60, system: 3000 };
/** What of the store's work is followed, where somebody does. */
const SPANS = {
  get: 'read',
  getVersion: 'read',
  search: 'search',
  include: 'include',
  history: 'history',
  commit: 'commit',
  record: 'audit',
} as const;

export interface ServerOptions {
  mongodbUri: string;
  database: string;
  keyFile: string;
  port: number;
  host: string;
  /** Absolute FHIR base, without a slash at the end. */
  base: string;
  resourceTypes: readonly string[];
  issuers: readonly Issuer[];
  /** Only synthetic people live here: apps that aren't listed yet may be tried. */
  isSandbox?: boolean;
  /** Absent: there is no authorization server here. */
  authorization?: AuthorizingOptions;
  maxBodyBytes: number;
  /** In front of the server, whose `X-Forwarded-For` is believed: none unless given. */
  proxies?: number;
  /** How they pass clients' TLS certificates; absent: they don't. */
  passing?: Passing;
  /** Absent: there are none. */
  metrics?: MetricsOptions;
  /** Where the heads of the chain of traces are told; nowhere unless given. */
  anchor?: Anchor;
  /** Where old traces are moved to, after so many years; nowhere unless given. */
  archive?: { folder: string; years: number };
  /** The country's. */
  rules: Rules;
  /** Milliseconds between two looks into the outbox; absent: this process tells nobody anything. */
  noticesEvery?: number;
  /** Hosts that Subscriptions may tell something; none unless given. */
  subscriptionHosts?: readonly Host[];
  /** How their names are looked up; the system's way unless given. */
  lookup?: Lookup;
  /** Absent: no e-mail is sent. */
  mail?: SmtpOptions & { link: string };
  /** By resource type: what is written must hold to one of them. */
  requiredProfiles?: ReadonlyMap<string, readonly string[]>;
  /** Patients that one person and one system may look for in a minute. */
  finds?: Rates;
  /** Of one client in a minute; `AUTH_RATES.requests` unless given. */
  requests?: number;
  /** Absent: content isn't scanned for malware. */
  scanner?: Scanner;
  /** `silent` unless given. */
  disclosure?: Disclosure;
  /** Makes the ids of what is created; random ones unless given. */
  newId?: () => string;
  /** Of one content, by who deposits it; `CONTENT_BYTES` unless given. */
  contentBytes?: UploadBounds['bytes'];
  /** Content of documents; the national list's unless given. */
  contentTaken?: Taken;
  /** Whether the rules' types of documents bind their depositors; `enforced` unless given. */
  documentFeeders?: DocumentFeeders;
  log: Log;
  /** Told what takes long. */
  tell: (what: string) => void;
}

export interface RunningServer {
  base: string;
  store: Store;
  /** By which logins, accounts, clients and the catalogue are traced. */
  accounts: AccountLog;
  /** Absent without an authorization server. */
  clients?: Clients;
  /** Absent without an authorization server. */
  entrance?: Entrance;
  /** Nothing was ever written. */
  isFresh(): Promise<boolean>;
  /** Answers what is under way, then ends. @param patience milliseconds */
  close(patience?: number): Promise<void>;
}

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { base, log, tell } = options;
  const database = await connect(options.mongodbUri, options.database);
  try {
    await ensureIndexes(database, tell);
    const ring = new KeyRing(database.records.keys, await keyFile(options.keyFile));
    await ensureLayout(database, ring, base, options.rules, tell);
    const observing = startObserving(options.metrics, VERSION, options.rules.emergency.BTG.hours);
    const { metrics } = observing;
    const anchor = options.anchor && (metrics?.anchored(options.anchor) ?? options.anchor);
    const store = new Store(database, ring, base, options.rules, metrics?.store, anchor);
    await store.open();
    const port = observing.spanned<ResourceStore>(store, SPANS);
    const policies = observing.spanned<PolicySource>(store.policies, { policies: 'gate' });
    const types = new Set(options.resourceTypes);
    const professions = options.rules.professions[0] ?? '';
    const outbox = new MongoOutbox(database, ring);
    const inbox = new Notices(database, ring, store.terms, outbox, store);
    // what is written from here on is told, whenever the first look into the outbox comes
    if (options.noticesEvery !== undefined) await outbox.position(FOLLOWER);
    const subscriptions = new Subscriptions(database, ring, store);
    const record = recorder(port, outbox, new Visits(options.rules.emergency.BTG.hours));
    const finds = options.finds ?? FINDS;
    const context: Context = {
      types,
      terminology,
      links: new PageLinks(ring.derive('page links')),
      queue: new Queue(),
      uploads: new Uploads({ ...UPLOADS, bytes: options.contentBytes ?? CONTENT_BYTES }),
      taken: options.contentTaken ?? DOCUMENTS_TAKEN,
      finds: new Allowance(finds, {
        person: rateOfAll(database, ring.derive('rates'), 'finds', finds.person, MINUTE),
        system: rateOfAll(database, ring.derive('rates'), 'finds of systems', finds.system, MINUTE),
      }),
      disclosure: options.disclosure ?? 'silent',
      inbox,
      subscriptions,
      websocket: websocketOf(base),
      bounds: { defaultCount: 50, maxCount: 1000, maxIncluded: 2000, maxEntries: 5000 },
      newId: options.newId ?? randomUUID,
      now: Date.now,
    };
    const subscribed = subscribing({
      base,
      types,
      hosts: options.subscriptionHosts ?? [],
      lookup: options.lookup,
      mails: options.mail !== undefined,
      desk: subscriptions,
      outbox,
      port,
      policies,
      record,
      professions,
      log,
    });
    const purposes = new Purposes(store.glass, context.now);
    const most = options.requests ?? AUTH_RATES.requests;
    const requests = new Requests(most, rateOfAll(database, ring.derive('rates'), 'requests', most, MINUTE));
    const accounts = accounting(port, outbox, base);
    const exports = exporting({ database, ring, base, log, now: context.now });
    const merges = merging({ database, store, port, accounts, context, base, professions, log });
    const pipeline = {
      checkScope,
      interactions: telling({
        ...interactions(context),
        ...exports.interactions,
        ...merges.interactions,
      }),
      ...gating({
        port,
        policies,
        record,
        subscribed,
        professions,
        given: metrics?.given,
        finds: context.finds,
        taken: context.taken,
        limit: (role) => context.uploads.limit(role),
        documentTypes: options.documentFeeders === 'open' ? undefined : options.rules.documentTypes,
        now: context.now,
        scanner: options.scanner,
      }),
    };
    const ask = within(pipeline, createMatcher(ROUTES, types, new Set(RESOURCE_TYPES)), base);
    const proxies = options.proxies ?? 0;
    const apps = connecting(port, policies);
    const because = becauseOf(port, policies);
    const around = {
      database,
      port,
      together: store.ahead,
      ring,
      base,
      proxies,
      ...(options.passing === undefined ? {} : { passing: options.passing }),
      events: accounts,
      connecting: apps,
      ask,
      because,
      professions: options.rules.professions,
      log,
    };
    const authorization = options.authorization && (await authorizing(options.authorization, around));
    const catalogue = cataloguing({
      database,
      ring,
      port,
      log: accounts,
      clients: authorization?.clients,
      isSandbox: options.isSandbox ?? false,
    });
    const tokens = new Tokens(
      options.issuers,
      metrics?.tokenRefused,
      authorization?.own,
      catalogue.issuer(base),
      new ShutPersons(database, ring, store.ahead),
    );
    const ready = readiness({ database: () => database.db.command({ ping: 1 }) });
    const page = observing.page({
      ready,
      state: () => stateOf(database, ring.derive('verdicts')),
      waitingSince: () => store.waitingSince,
    });
    const app = createApp({
      base,
      maxBodyBytes: options.maxBodyBytes,
      proxies: options.proxies,
      types,
      knownTypes: new Set(RESOURCE_TYPES),
      capabilities: capabilities(base, options.resourceTypes, context.taken, options.authorization?.issuer),
      isOrigin: authorization?.isOrigin,
      authorization: authorization && { ...authorization.mounted, smart: authorization.smart },
      catalogue: { desk: catalogue.desk, types, pace: catalogue.pace },
      passing: options.passing,
      authenticate: async (authorization, asked, presented, ahead) => {
        const subject = await tokens.authenticate(authorization, presented, ahead);
        await requests.take(subject);
        return purposes.narrow(subject, asked);
      },
      requiredProfiles: options.requiredProfiles,
      ...pipeline,
      ready,
      metrics:
        page === undefined || options.metrics?.token === undefined
          ? undefined
          : { ...page, token: options.metrics.token },
      answered: metrics?.answered,
      follow: observing.follow,
      log,
    });
    const server = createServer(app);
    await listen(server, options);
    const asked = await observing.serve(page, log);
    const mailing = options.mail === undefined ? undefined : smtp(options.mail);
    const connections = sockets(server, base, (token) => subscriptions.bind(token));
    const deliverer = subscribed.deliverer(connections, mailing, options.mail?.link ?? base, (subject) =>
      tokens.stands(subject),
    );
    const jobs = startJobs(
      [
        ...(authorization?.jobs ?? []),
        exports.job(ask),
        merges.job,
        ...backgroundJobs({
          ...options,
          database,
          ring,
          store,
          outbox,
          inbox,
          deliverer,
          mailing,
          link: options.mail?.link ?? base,
        }),
      ],
      log,
      metrics?.jobs,
    );
    return {
      base,
      store,
      accounts,
      clients: authorization?.clients,
      entrance: authorization?.entrance,
      isFresh: async () => (await database.resources.findOne({}, { projection: { _id: 1 } })) === null,
      async close(patience = 20_000) {
        connections.close();
        await endServer(server, patience);
        await asked.close();
        await merges.stop();
        await jobs.stop();
        await exports.stop();
        await deliverer.settle();
        mailing?.close();
        await store.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** With the database's own faults as callers are told of them. */
function telling<N extends string>(each: Record<N, Interaction>): Record<N, Interaction> {
  const told = Object.entries<Interaction>(each).map(([name, interaction]): [string, Interaction] => [
    name,
    async (exchange) => {
      try {
        return await interaction(exchange);
      } catch (error) {
        throw faultOf(error) ?? error;
      }
    },
  ]);
  return Object.fromEntries(told) as Record<N, Interaction>;
}

function capabilities(
  base: string,
  types: readonly string[],
  taken: Taken,
  issuer: string | undefined,
): Buffer {
  const facts = (definitions: ReadonlyMap<string, Definition>) =>
    [...definitions].map(([name, { type, target, url }]) => ({ name, type, target, definition: url }));
  const statement = capabilityStatement({
    routes: ROUTES,
    types,
    searchParameters: (type) => facts(definitionsOf(type)),
    commonParameters: facts(commonDefinitions()),
    profiles: (type) => ownProfiles().of(type),
    contentTypes: typesTaken(taken),
    base,
    version: VERSION,
    date: RELEASED,
    oauth: issuer === undefined ? undefined : oauthUris(issuer),
  });
  return Buffer.from(JSON.stringify(statement));
}
