/** A whole server for a test file: its own database name, keys and port; the demo's callers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningServer, type ServerOptions, startServer } from '../../src/compose/compose.ts';
import { DEFAULT_TYPES } from '../../src/config/variables.ts';
import { type Caller, type CallerName, demoCallers } from '../../src/demo/callers.ts';
import { type DemoIssuer, demoIssuer } from '../../src/demo/issuer.ts';
import type { Rules } from '../../src/consent/rules.ts';
import type { Disclosure } from '../../src/interaction/context.ts';
import { nationalRules } from '../../src/config/national-rules.ts';
import type { Resource } from '../../src/fhir/resource.ts';
import { createLog, type Log } from '../../src/ops/log.ts';
import type { MetricsOptions } from '../../src/ops/observing.ts';
import { testDatabase } from './database.ts';

export interface TestServer {
  base: string;
  server: RunningServer;
  issuer: DemoIssuer;
  database: { uri: string; dbName: string };
  dataDir: string;
  token(name: CallerName): string;
  tokenFor(changes: Partial<Caller>, like?: CallerName): string;
  as(name: CallerName | { token: string }): Client;
  close(): Promise<void>;
}

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  json: any;
}

export interface Client {
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  put(path: string, body: unknown, headers?: Record<string, string>): Promise<Reply>;
  patch(path: string, body: unknown, headers?: Record<string, string>): Promise<Reply>;
  delete(path: string, headers?: Record<string, string>): Promise<Reply>;
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
}

export async function testServer(
  file: string,
  options: {
    types?: readonly string[];
    like?: Pick<TestServer, 'database' | 'dataDir'>;
    newId?: () => string;
    rules?: Rules;
    disclosure?: Disclosure;
    requiredProfiles?: ServerOptions['requiredProfiles'];
    documentFeeders?: ServerOptions['documentFeeders'];
    contentTaken?: ServerOptions['contentTaken'];
    finds?: ServerOptions['finds'];
    requests?: ServerOptions['requests'];
    noticesEvery?: number;
    subscriptionHosts?: ServerOptions['subscriptionHosts'];
    lookup?: ServerOptions['lookup'];
    mail?: ServerOptions['mail'];
    proxies?: number;
    passing?: ServerOptions['passing'];
    metrics?: MetricsOptions;
    authorization?: (issuer: string) => ServerOptions['authorization'];
    log?: Log;
    scanner?: ServerOptions['scanner'];
  } = {},
): Promise<TestServer> {
  const database = options.like?.database ?? testDatabase(file);
  const dataDir = options.like?.dataDir ?? mkdtempSync(join(tmpdir(), 'carnet-test-'));
  const port = await freePort();
  const base = `http://127.0.0.1:${port}/fhir`;
  const issuer = demoIssuer(join(dataDir, 'demo-issuer.pem'), 'http://carnet.test/fhir');
  const server = await startServer({
    mongodbUri: database.uri,
    database: database.dbName,
    keyFile: join(dataDir, 'kek.json'),
    port,
    host: '127.0.0.1',
    base,
    resourceTypes: options.types ?? DEFAULT_TYPES,
    issuers: [issuer.issuer],
    maxBodyBytes: 32 * 1024 * 1024,
    newId: options.newId,
    rules: options.rules ?? nationalRules(),
    disclosure: options.disclosure,
    requiredProfiles: options.requiredProfiles,
    documentFeeders: options.documentFeeders,
    contentTaken: options.contentTaken,
    finds: options.finds,
    requests: options.requests,
    noticesEvery: options.noticesEvery,
    subscriptionHosts: options.subscriptionHosts,
    lookup: options.lookup,
    mail: options.mail,
    scanner: options.scanner,
    proxies: options.proxies,
    passing: options.passing,
    metrics: options.metrics,
    authorization: options.authorization?.(`http://127.0.0.1:${port}/oauth`),
    log: options.log ?? createLog({ level: process.env.TEST_LOG ?? 'silent' }),
    tell: () => {},
  });
  const tokenFor = (changes: Partial<Caller>, like: CallerName = 'all'): string =>
    issuer.tokenFor({ ...demoCallers[like], ...changes });
  return {
    base,
    server,
    issuer,
    database,
    dataDir,
    token: (name) => issuer.tokenFor(demoCallers[name]),
    tokenFor,
    as: (name) => clientFor(base, typeof name === 'string' ? issuer.tokenFor(demoCallers[name]) : name.token),
    async close() {
      await server.close(1000);
      if (options.like === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A caller of a FHIR base, by its token. */
export function clientFor(base: string, token: string): Client {
  const send: Client['send'] = async (method, path, body, headers = {}) => {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(path.startsWith('http') ? path : `${base}/${path}`.replace(/\/$/, ''), {
      method,
      redirect: 'manual',
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/fhir+json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.status, headers: response.headers, text, json };
  };
  return {
    send,
    get: (path, headers) => send('GET', path, undefined, headers),
    post: (path, body, headers) => send('POST', path, body, headers),
    put: (path, body, headers) => send('PUT', path, body, headers),
    patch: (path, body, headers) =>
      send('PATCH', path, body, {
        'content-type': Array.isArray(body) ? 'application/json-patch+json' : 'application/fhir+json',
        ...headers,
      }),
    delete: (path, headers) => send('DELETE', path, undefined, headers),
  };
}

/** Each under its own id, one after the other. @throws Error with the first refusal */
export async function putAll(client: Client, resources: readonly Resource[]): Promise<void> {
  for (const resource of resources) {
    const { status, text } = await client.put(`${resource.resourceType}/${resource.id}`, resource);
    if (status >= 300) throw new Error(text);
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no port')),
      );
    });
  });
}
