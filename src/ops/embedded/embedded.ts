/** The database that the server starts for itself: a replica set of one node, its data in DATA_DIR. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { createServer } from 'node:net';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureReplicaSet } from '../../store/replica-set.ts';
import { findMongod, type Found, type Log, type Places } from './find.ts';
import { acquireLock } from './lock.ts';
import { commandLine, stopProcess } from './process.ts';

const REPLICA_SET = 'carnet';
const HOST = '127.0.0.1';
/** MongoDB's own is a minute: so long would a killed server hold up the numbering of notices. */
const TRANSACTION_SECONDS = 30;
const OPLOG_MIB = '512';
/** Slow queries are logged with their filters: what the database logs must not tell about patients. */
const SLOW_MS = '60000';
const START_PATIENCE = 60_000;
/** A checkpoint of a busy database on a slow disk takes this long at worst. */
const STOP_PATIENCE = 60_000;

export interface EmbeddedOptions {
  dataDir: string;
  /** 0: any free one. */
  port: number;
  log: Log;
  places: Places;
  /** GiB for WiredTiger's cache; by default an eighth of the memory, 0.25 to 1. */
  cacheSizeGb?: number;
  /** Further arguments of `mongod`. */
  args?: readonly string[];
  /** How long what a killed process held open stays held, at most half as long again. */
  transactionSeconds?: number;
}

export interface Embedded {
  uri: string;
  pid: number;
  /** Path of its `mongod`, and where that was found. */
  program: string;
  source: string;
  version: string;
  /** Fulfilled when the database has ended, asked or not. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/** Throws `LockedError` when another server uses the folder, and a clear error when there is no database to be had. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const dataDir = resolve(options.dataDir);
  const unlock = acquireLock(join(dataDir, 'lock'));
  try {
    return await start({ ...options, dataDir }, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function start(options: EmbeddedOptions, unlock: () => void): Promise<Embedded> {
  const dbPath = join(options.dataDir, 'mongodb');
  mkdirSync(dbPath, { recursive: true, mode: 0o700 });
  const found = await findMongod(options.log, options.places);
  await stopLeftover(dbPath, options.log);
  const port = await freePort(options.port);
  const logFile = freshLog(options.dataDir);
  const child = run(found, { ...options, port }, dbPath, logFile);
  // whatever ends this process, but for SIGKILL, ends the database too
  const orphaned = (): boolean => child.kill('SIGTERM');
  process.once('exit', orphaned);
  const ended = new Promise<void>((done) => child.on('close', () => done()).on('error', () => done()));
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null) await stopProcess(child.pid, STOP_PATIENCE);
    await ended;
    unlock();
  };
  const abort = new AbortController();
  const early = ended.then(() => {
    abort.abort();
    throw new Error(`MongoDB ${found.version} (${found.path}) stopped while starting: ${lastError(logFile)}`);
  });
  try {
    const isNew = await Promise.race([ready(port, abort.signal), early]);
    if (isNew) options.log(introduction(found, dbPath));
  } catch (error) {
    await stop();
    throw error;
  }
  // INVARIANT: an ended database must not leave the folder locked for the next start
  void ended.then(() => {
    process.removeListener('exit', orphaned);
    unlock();
  });
  const uri = `mongodb://${HOST}:${port}/?replicaSet=${REPLICA_SET}`;
  const { path: program, source, version } = found;
  return { uri, pid: child.pid!, program, source, version, ended, stop };
}

/** Each start has a log of its own; the one before is kept. */
function freshLog(dataDir: string): string {
  const file = join(dataDir, 'mongodb.log');
  if (existsSync(file)) renameSync(file, `${file}.1`);
  return file;
}

function run(found: Found, options: EmbeddedOptions, dbPath: string, logFile: string): ChildProcess {
  const cacheSize = options.cacheSizeGb ?? Math.min(1, Math.max(0.25, totalmem() / 2 ** 33));
  const args = [
    '--replSet',
    REPLICA_SET,
    '--dbpath',
    dbPath,
    '--port',
    String(options.port),
    '--bind_ip',
    HOST,
  ];
  args.push(
    '--nounixsocket',
    '--logpath',
    logFile,
    '--logappend',
    '--slowms',
    SLOW_MS,
    '--oplogSize',
    OPLOG_MIB,
    '--setParameter',
    `transactionLifetimeLimitSeconds=${options.transactionSeconds ?? TRANSACTION_SECONDS}`,
  );
  args.push('--wiredTigerCacheSizeGB', cacheSize.toFixed(2), ...(options.args ?? []));
  const log = openSync(logFile, 'a', 0o600);
  // a process group of its own: Ctrl-C in the terminal reaches the server alone, which finishes its work first
  const child = spawn(found.path, args, { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  return child;
}

function ready(port: number, signal: AbortSignal): Promise<boolean> {
  return ensureReplicaSet(`mongodb://${HOST}:${port}/`, REPLICA_SET, `${HOST}:${port}`, {
    patience: START_PATIENCE,
    signal,
  });
}

/** What a server that was killed left running on the same folder. */
export async function stopLeftover(dbPath: string, log: Log): Promise<void> {
  const pid = leftover(dbPath);
  if (pid === undefined) return;
  log(`stopping the database of an earlier start (process ${pid}) …`);
  await stopProcess(pid, STOP_PATIENCE);
}

/** The process that MongoDB's own lock file names, if its arguments show that it serves this folder. */
function leftover(dbPath: string): number | undefined {
  let pid: number;
  try {
    pid = Number.parseInt(readFileSync(join(dbPath, 'mongod.lock'), 'utf8'), 10);
  } catch {
    return undefined;
  }
  if (!(pid > 0)) return undefined;
  const args = commandLine(pid);
  return args[args.indexOf('--dbpath') + 1] === dbPath ? pid : undefined;
}

/** Any free one lies below those that systems give to outgoing connections, which could take it before `mongod` does. */
const ANY = { first: 20_000, count: 12_000 };

async function freePort(port: number): Promise<number> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const candidate = port === 0 ? ANY.first + Math.floor(Math.random() * ANY.count) : port;
    if (await isFree(candidate)) return candidate;
    // one that was just given up may take a moment
    if (port !== 0) await sleep(50);
  }
  throw new Error(`port ${port} is taken by another program: set MONGODB_PORT to a free one`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? done(false) : fail(error),
    );
    server.listen(port, HOST, () => server.close(() => done(true)));
  });
}

/** The last complaint in MongoDB's log: JSON, or plain words where it did not get as far as its log. */
function lastError(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n').slice(-200);
  const complaint = lines.findLast((line) => !line.startsWith('{') || /"s":"[EF]"/.test(line)) ?? '';
  const fields = complaint.startsWith('{') ? (JSON.parse(complaint) as { msg?: string; attr?: unknown }) : {};
  const words = fields.msg === undefined ? complaint : `${fields.msg} ${JSON.stringify(fields.attr ?? {})}`;
  return `${words.slice(0, 400)} (see ${logFile})`;
}

function introduction({ version, path }: Found, dbPath: string): string {
  return `database: MongoDB ${version} (${path}), data in ${dbPath}. MongoDB is no part of Carnet; its licence is the Server Side Public License, version 1.`;
}
