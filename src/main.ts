/** Starts the server: configuration, database, demo, then what to try next. Ends on SIGINT, SIGTERM and SIGHUP. */
import type { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { Accounts } from './auth/accounts.ts';
import { KeySet, keySource } from './auth/keys.ts';
import type { Issuer } from './auth/token.ts';
import type { Upstream } from './auth/upstream.ts';
import { type RunningServer, startServer } from './compose/compose.ts';
import type { ClamdAddress } from './config/values.ts';
import { type Config, localOrigin, readConfig } from './config/config.ts';
import type { Rules } from './consent/rules.ts';
import { type CallerName, demoCallers } from './demo/callers.ts';
import { seedCatalogue } from './demo/catalogue.ts';
import { demoClients, registerDemoClients, toldClients } from './demo/clients.ts';
import { type DemoIssuer, demoIssuer } from './demo/issuer.ts';
import { demoAccounts, demoLogins, demoPasswords } from './demo/logins.ts';
import { type DemoSecrets, demoSecrets } from './demo/secrets.ts';
import { seedDemo } from './demo/seed.ts';
import type { Scanner } from './enforcement/screening.ts';
import { nationalRules } from './config/national-rules.ts';
import { type Embedded, startEmbedded } from './ops/embedded/embedded.ts';
import { createLog, logFaults } from './ops/log.ts';
import { clamd } from './ops/scanning/clamd.ts';
import { explainStart } from './start-fault.ts';
import { anchorFile } from './store/chain/anchor-file.ts';
import { signingKey } from './store/chain/signing-key.ts';
import { certificateAuthorities } from './config/certificate-authorities.ts';
import { requireKeySet } from './config/key-set-file.ts';
import { upstreamsFile } from './config/upstreams-file.ts';

const tell = (what: string): void => void process.stderr.write(`${what}\n`);
// who read it may be gone: the server goes on
process.stderr.on('error', () => {});

// the heap grows to twice what it holds before it is collected, not four times: a fifth less memory, and no more CPU than is noise
setFlagsFromString('--heap-growing-percent=100');

let config: Config | undefined;

async function main(): Promise<void> {
  config = readConfig(process.env);
  // whatever is wrong with what an operator wrote is told before anything is started
  requireKeySet(config.auth.jwks);
  await start(config, {
    upstreams: upstreamsFile(config.auth.upstreams),
    authorities: certificateAuthorities(config.authorities),
    rules: nationalRules(config.rules),
  });
}

/** What files of the operator say. */
interface Files {
  upstreams: readonly Upstream[];
  authorities: readonly X509Certificate[];
  rules: Rules;
}

/** Milliseconds between two looks into the outbox. */
const NOTICES_EVERY = 500;

async function start(config: Config, { upstreams, authorities, rules }: Files): Promise<void> {
  const log = createLog({ level: config.logLevel ?? levelFor(config) });
  logFaults(log);
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  stopOnSignal();
  const embedded = config.mongodbUri === undefined ? await embeddedDatabase(config) : undefined;
  if (embedded !== undefined) toStop.push(() => embedded.stop());
  try {
    const demo = config.demo
      ? demoIssuer(join(config.dataDir, 'keys', 'demo-issuer.pem'), config.baseUrl)
      : undefined;
    const secrets = config.demo ? demoSecrets(join(config.dataDir, 'keys', 'demo-secrets.json')) : undefined;
    const server = await startServer({
      mongodbUri: config.mongodbUri ?? embedded!.uri,
      database: config.database,
      keyFile: config.keyFile,
      port: config.port,
      host: config.host,
      base: config.baseUrl,
      resourceTypes: config.resourceTypes,
      issuers: [
        ...(demo === undefined ? [] : [{ ...demo.issuer, isSandbox: true as const }]),
        ...outsideIssuers(config),
      ],
      isSandbox: config.demo,
      authorization:
        config.auth.server === undefined
          ? undefined
          : {
              issuer: config.auth.server,
              accounts: secrets === undefined ? NOBODY : demoAccounts,
              clientKeyHosts: config.auth.clientKeyHosts,
              rates: config.auth.rates,
              passwords: secrets && demoPasswords(secrets.password),
              upstreams,
              authorities,
            },
      maxBodyBytes: config.maxBodyBytes,
      contentBytes: config.contentBytes,
      contentTaken: config.contentTaken,
      documentFeeders: config.documentFeeders,
      scanner: config.clamd && (await scannerAt(config.clamd)),
      proxies: config.proxies,
      passing: config.passing,
      noticesEvery: NOTICES_EVERY,
      subscriptionHosts: config.subscriptionHosts,
      mail: config.mail,
      metrics: config.metrics,
      archive: { folder: config.audit.archive, years: config.audit.years },
      anchor: anchorFile(config.audit.anchor, await signingKey(config.keyFile)),
      rules,
      requiredProfiles: config.requiredProfiles,
      disclosure: config.disclosure,
      requests: config.auth.rates.requests,
      finds: { person: config.patientFinds, system: 50 * config.patientFinds },
      log,
      tell,
    });
    toStop.push(() => server.close(config.stopPatience));
    void embedded?.ended.then(() => {
      if (stopping !== undefined) return;
      tell('the database has ended: see its log in DATA_DIR');
      process.exit(1);
    });
    if (demo !== undefined) await prepareDemo(config, demo, secrets!, server);
    welcome(config, server.base, server.clients === undefined ? undefined : secrets);
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Who tries the demo in a terminal reads what it says, not a line for each request. */
const levelFor = ({ demo }: Config): string => (demo && process.stdout.isTTY ? 'warn' : 'info');

async function embeddedDatabase(config: Config): Promise<Embedded> {
  return startEmbedded({
    dataDir: config.dataDir,
    port: config.mongodbPort,
    log: tell,
    places: config.mongod,
    cacheSizeGb: config.mongodbCacheGb,
  });
}

/** One that doesn't answer yet is no reason not to start: what can't be scanned is held back. */
async function scannerAt(address: ClamdAddress): Promise<Scanner> {
  const scanner = clamd(address);
  if (!(await scanner.ping()))
    tell('CLAMD does not answer: what is deposited is held back until it does, and attachments are refused');
  return scanner;
}

function outsideIssuers({ auth }: Config): Issuer[] {
  if (auth.issuer === undefined || auth.jwks === undefined) return [];
  return [
    {
      issuer: auth.issuer,
      audience: auth.audience,
      algorithms: auth.algorithms,
      keys: new KeySet(keySource(auth.jwks)),
      roles: new Set(auth.roles),
      maxAge: 86_400,
      bounds: auth.bounds,
    },
  ];
}

async function prepareDemo(
  config: Config,
  demo: DemoIssuer,
  secrets: DemoSecrets,
  { base, clients, isFresh }: RunningServer,
): Promise<void> {
  const names = Object.keys(demoCallers) as CallerName[];
  const tokens = Object.fromEntries(names.map((name) => [name, demo.tokenFor(demoCallers[name])])) as Record<
    CallerName,
    string
  >;
  const unfinished = join(config.dataDir, 'demo.unfinished');
  if (existsSync(unfinished) || (await isFresh())) {
    writeFileSync(unfinished, '');
    const origin = localOrigin(config);
    await seedDemo(`${origin}${new URL(base).pathname}`, tokens, tell);
    await seedCatalogue(origin, tokens, new Date());
    rmSync(unfinished);
  }
  const callers = names.map((name) => {
    const { reference } = demoCallers[name];
    return [name, { token: tokens[name], id: reference.slice(reference.indexOf('/') + 1) }];
  });
  if (clients !== undefined) await registerDemoClients(clients, demoClients(secrets));
  const told = {
    base,
    callers: Object.fromEntries(callers),
    ...(clients === undefined ? {} : { clients: toldClients(secrets), logins: demoLogins(secrets.password) }),
  };
  const path = join(config.dataDir, 'demo.json');
  writeFileSync(`${path}.new`, JSON.stringify(told, null, 2), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Until somebody can be sent to log in. */
const NOBODY: Accounts = { find: async () => undefined };

/** What runs so far. */
const toStop: (() => Promise<void>)[] = [];
let stopping: Promise<void> | undefined;
let isSignalled = false;

/** The last to start is the first to stop. */
function stop(): Promise<void> {
  stopping ??= toStop.reduceRight((before, each) => before.then(each), Promise.resolve());
  return stopping;
}

/** At any time: the database lives in a process group of its own, where no terminal would end it. */
function stopOnSignal(): void {
  const end = (): void => {
    if (isSignalled) return;
    isSignalled = true;
    tell('stopping …');
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        tell(`could not stop cleanly: ${String(error)}`);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
}

/** @param secrets of the demo, where there is an authorization server to use them at */
function welcome({ demo, dataDir }: Config, base: string, secrets: DemoSecrets | undefined): void {
  const lines = [``, `Carnet serves FHIR R4 at ${base}`, `  capabilities   ${base}/metadata`];
  if (demo) {
    const callers = Object.entries(demoCallers).map(([name, caller]) => `  ${name.padEnd(13)}${caller.name}`);
    // pasted into another terminal, the command finds the same folder
    const where =
      dataDir === resolve('.data') ? '' : `DATA_DIR='${dataDir.replaceAll("'", String.raw`'\''`)}' `;
    const auth = (name: string): string =>
      `-H "Authorization: Bearer $(${where}npm run -s token -- --as ${name})"`;
    lines.push(
      ``,
      `Demo callers (synthetic people; tokens in ${join(dataDir, 'demo.json')}):`,
      ...callers,
      ``,
      ...(secrets === undefined ? [] : [...connections(secrets), ``]),
      `Try:`,
      `  curl ${base}/metadata`,
      `  curl ${auth('patient')} "${base}/DocumentReference?patient=demo-mother&_sort=-date"`,
      `  curl ${auth('gp')} "${base}/AllergyIntolerance?patient=demo-mother"`,
      ``,
    );
  }
  tell(lines.join('\n'));
}

/** With which somebody connects an app, in lines for people. */
function connections(secrets: DemoSecrets): string[] {
  const { public: app, confidential, backend } = toldClients(secrets);
  const people = Object.keys(demoLogins(secrets.password)).join(', ');
  return [
    `Demo clients, for apps and systems of your own:`,
    `  ${app.id}        no secret; redirect ${app.redirect}`,
    `  ${confidential.id}  secret ${confidential.secret}; redirect ${confidential.redirect}`,
    `  ${backend.id}       ES384, private key in demo.json`,
    `Demo logins (password ${secrets.password}): ${people}`,
  ];
}

main().catch((error: unknown) => {
  // what was under way fails when all is stopped
  if (isSignalled) return;
  tell(explainStart(error, config));
  process.exit(1);
});
