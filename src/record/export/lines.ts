/** Resources as lines of JSON, by type: https://github.com/ndjson/ndjson-spec */

/** Bytes of one file, and of all that wait to be written. */
const FILE = 4 * 1024 * 1024;
const HELD = 16 * 1024 * 1024;

interface Waiting {
  lines: Buffer[];
  bytes: number;
  files: number;
}

const BREAK = Buffer.from('\n');

export class Lines {
  readonly #types = new Map<string, Waiting>();
  readonly #write: (name: string, content: Buffer) => Promise<void>;
  readonly counts = new Map<string, number>();
  #held = 0;

  constructor(write: (name: string, content: Buffer) => Promise<void>) {
    this.#write = write;
  }

  /** @param body JSON in one line */
  async add(type: string, body: Buffer): Promise<void> {
    let waiting = this.#types.get(type);
    if (waiting === undefined) this.#types.set(type, (waiting = { lines: [], bytes: 0, files: 0 }));
    waiting.lines.push(body);
    waiting.bytes += body.length;
    this.#held += body.length;
    this.counts.set(type, (this.counts.get(type) ?? 0) + 1);
    if (waiting.bytes >= FILE) await this.#flush(type, waiting);
    if (this.#held >= HELD) await this.end();
  }

  async end(): Promise<void> {
    for (const [type, waiting] of [...this.#types].sort(([a], [b]) => (a < b ? -1 : 1))) {
      await this.#flush(type, waiting);
    }
  }

  async #flush(type: string, waiting: Waiting): Promise<void> {
    if (waiting.lines.length === 0) return;
    waiting.files += 1;
    const content = Buffer.concat(waiting.lines.flatMap((line) => [line, BREAK]));
    this.#held -= waiting.bytes;
    [waiting.lines, waiting.bytes] = [[], 0];
    await this.#write(`fhir/${type}-${waiting.files}.ndjson`, content);
  }
}
