/** One server per DATA_DIR: a lock file that names its holder, and that a crash does not leave locked. */
import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isAlive, startTime } from './process.ts';

export interface Holder {
  pid: number;
  /** see `startTime`; absent on systems without /proc */
  started?: string;
}

export class LockedError extends Error {
  readonly holder: Holder;

  constructor(file: string, holder: Holder) {
    super(
      `\`${dirname(file)}\` is in use by another server, process ${holder.pid}: stop it, or set DATA_DIR to another folder`,
    );
    this.holder = holder;
  }
}

/** Takes the lock and returns its release; throws `LockedError` when a living process holds it. */
export function acquireLock(file: string): () => void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const mine = JSON.stringify({ pid: process.pid, started: startTime(process.pid) } satisfies Holder);
  for (let attempt = 0; attempt < 10; attempt += 1) {
    if (place(file, mine)) return () => release(file, mine);
    const text = read(file);
    if (text === undefined) continue;
    const holder = parse(text);
    if (holder !== undefined && holds(holder)) throw new LockedError(file, holder);
    discard(file, text);
  }
  throw new Error(`\`${file}\` can't be locked: other servers are starting on the same folder`);
}

/** A link is made complete or not at all, and by one of several processes only. */
function place(file: string, text: string): boolean {
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, text, { mode: 0o600 });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft);
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null;
    return Number.isInteger(holder?.pid) && holder!.pid! > 0 ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function holds(holder: Holder): boolean {
  if (holder.started !== undefined) return startTime(holder.pid) === holder.started;
  return isAlive(holder.pid);
}

/** Removes a dead holder's file, and puts it back when another process has replaced it meanwhile. */
function discard(file: string, stale: string): void {
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const text = readFileSync(aside, 'utf8');
  if (text !== stale) place(file, text);
  rmSync(aside);
}

function release(file: string, mine: string): void {
  if (read(file) === mine) rmSync(file, { force: true });
}
