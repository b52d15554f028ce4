/** The server put together by hand, in reading order: database, keys, store, callers, interactions, HTTP. */
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { type Outcome, tracesOf } from './audit/tracing.ts';
import { checkScope } from './auth/scopes.ts';
import { type Issuer, Tokens } from './auth/token.ts';
import type { Rules } from './consent/rules.ts';
import { Access } from './enforcement/access.ts';
import { Notes } from './enforcement/notes.ts';
import { ScopedStore } from './enforcement/scoped-store.ts';
import { RESOURCE_TYPES } from './fhir/definitions/index.ts';
import { FhirError } from './fhir/outcome.ts';
import { createApp } from './http/app.ts';
import { capabilityStatement } from './http/capability.ts';
import { ROUTES } from './http/routes.ts';
import { createServer } from './http/server.ts';
import type { Context, Disclosure } from './interaction/context.ts';
import type { Interaction, Trace } from './interaction/exchange.ts';
import { interactions } from './interactions.ts';
import { PageLinks } from './interaction/page-links.ts';
import { Queue } from './interaction/queue.ts';
import { readiness } from './ops/health.ts';
import { startJobs } from './ops/jobs.ts';
import type { Log } from './ops/log.ts';
import { commonDefinitions, definitionsOf } from './search/definitions.ts';
import { terminology } from './search/known-terminology.ts';
import { connect, ensureIndexes } from './store/database.ts';
import { faultOf } from './store/fault.ts';
import { KeyRing, keyFile } from './store/keys.ts';
import { ensureLayout } from './store/layout.ts';
import { Store } from './store/store.ts';
import { sweep } from './store/sweep.ts';

export const VERSION = '0.1.0';
const RELEASED = '2026-11-22';
const HOUR = 3_600_000;

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
  maxBodyBytes: number;
  /** The country's. */
  rules: Rules;
  /** `silent` unless given. */
  disclosure?: Disclosure;
  /** Makes the ids of what is created; random ones unless given. */
  newId?: () => string;
  log: Log;
  /** Told what takes long. */
  tell: (what: string) => void;
}

export interface RunningServer {
  base: string;
  store: Store;
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
    const store = new Store(database, ring, base, options.rules);
    const types = new Set(options.resourceTypes);
    const context: Context = {
      types,
      terminology,
      links: new PageLinks(ring.derive('page links')),
      queue: new Queue(),
      disclosure: options.disclosure ?? 'silent',
      bounds: { defaultCount: 50, maxCount: 1000, maxIncluded: 2000, maxEntries: 5000 },
      newId: options.newId ?? randomUUID,
      now: Date.now,
    };
    const tokens = new Tokens(options.issuers);
    const touched = new WeakMap<Trace, Notes>();
    const app = createApp({
      base,
      maxBodyBytes: options.maxBodyBytes,
      types,
      knownTypes: new Set(RESOURCE_TYPES),
      capabilities: capabilities(base, options.resourceTypes),
      authenticate: (authorization) => tokens.authenticate(authorization),
      checkScope,
      interactions: telling(interactions(context)),
      open(trace) {
        const notes = new Notes();
        touched.set(trace, notes);
        const access = Access.of(trace.subject, store.policies, context.now, (facts) => notes.refused(facts));
        return new ScopedStore(store, access, notes, (concerns, at) => tracesOf(trace, concerns, '0', at));
      },
      async record(trace, result) {
        const outcome = outcomeOf(result);
        const concerns = touched.get(trace)?.open() ?? [];
        if (concerns.length === 0) return;
        await store.record((at) => tracesOf(trace, concerns, outcome, at));
      },
      ready: readiness({ database: () => database.db.command({ ping: 1 }) }),
      log,
    });
    const server = createServer(app);
    await listen(server, options);
    const jobs = startJobs(
      [
        {
          name: 'sweep',
          every: HOUR,
          async run(signal) {
            const dropped = await sweep(database, Date.now(), signal);
            if (dropped > 0) log.info({ dropped }, 'swept content that nothing names');
          },
        },
      ],
      log,
    );
    return {
      base,
      store,
      isFresh: async () => (await database.resources.findOne({}, { projection: { _id: 1 } })) === null,
      async close(patience = 20_000) {
        await closeServer(server, patience);
        await jobs.stop();
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

function outcomeOf(result: { status: number }): Outcome {
  if (result instanceof FhirError) return result.status >= 500 ? '8' : '4';
  return '0';
}

function capabilities(base: string, types: readonly string[]): Buffer {
  const facts = (definitions: ReadonlyMap<string, { type: string; target?: string[] }>) =>
    [...definitions].map(([name, { type, target }]) => ({ name, type, target }));
  const statement = capabilityStatement({
    routes: ROUTES,
    types,
    searchParameters: (type) => facts(definitionsOf(type)),
    commonParameters: facts(commonDefinitions()),
    base,
    version: VERSION,
    date: RELEASED,
  });
  return Buffer.from(JSON.stringify(statement));
}

function listen(server: Server, { port, host }: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closeServer(server: Server, patience: number): Promise<void> {
  return new Promise((resolve) => {
    const impatient = setTimeout(() => server.closeAllConnections(), patience);
    server.close(() => {
      clearTimeout(impatient);
      resolve();
    });
    server.closeIdleConnections();
  });
}
