/**
 * Where lines of the log go: gathered, so that a busy server writes seldom. Whoever reads them may be slow or go away: the
 * server neither waits for them nor ends by it. (pino's own destination tries a broken pipe again for good when the
 * process ends.)
 */
import { write, writeSync } from 'node:fs';

/** Characters that are gathered before they are written; half a second at most. */
const GATHERED = 4096;
const EVERY = 500;
/** Characters that wait for a slow reader; what is more is lost. */
const MOST = 16 * 1024 * 1024;
/** Milliseconds until a slow reader is tried again, and how often at the end. */
const PAUSE = 50;
const TRIES = 20;

export class Lines {
  readonly #fd: number;
  #held = '';
  /** What is on its way. */
  #sent: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isGone = false;
  #isUsed = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(line: string): void {
    if (this.#isGone || this.#held.length > MOST) return;
    if (!this.#isUsed) process.on('exit', () => this.flushSync());
    this.#isUsed = true;
    this.#held += line;
    this.#gather();
  }

  #gather(): void {
    if (this.#held.length >= GATHERED) this.#send();
    else if (this.#held !== '') this.#timer ??= setTimeout(() => this.#send(), EVERY).unref();
  }

  /** Before the process ends. What is on its way already is left to the system. */
  flushSync(): void {
    let rest = Buffer.from(this.#held);
    this.#held = '';
    for (let tries = 0; rest.length > 0 && tries < TRIES && !this.#isGone;) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest));
      } catch (error) {
        this.#isGone = !isBusy(error);
        tries += 1;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
      }
    }
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sent !== undefined || this.#held === '') return;
    this.#sent = Buffer.from(this.#held);
    this.#held = '';
    this.#goOn();
  }

  #goOn(): void {
    write(this.#fd, this.#sent!, (error, count) => {
      if (error !== null && isBusy(error)) {
        setTimeout(() => this.#goOn(), PAUSE).unref();
        return;
      }
      this.#isGone = error !== null;
      const rest = this.#isGone ? undefined : this.#sent!.subarray(count);
      this.#sent = rest?.length ? rest : undefined;
      if (this.#isGone) this.#held = '';
      else if (this.#sent !== undefined) this.#goOn();
      else this.#gather();
    });
  }
}

const isBusy = (error: unknown): boolean =>
  ['EAGAIN', 'EBUSY'].includes(String((error as NodeJS.ErrnoException).code));
