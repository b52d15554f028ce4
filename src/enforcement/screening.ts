/**
 * Content is scanned for malware before it is given to anybody, where the deployment has a scanner. What isn't told to be
 * clean isn't: a Binary is held back until it is, anything else that carries content is refused.
 */
import { parseJson } from '../fhir/json.ts';
import { contentsIn as heldIn } from '../fhir/content/held.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import { ofEach } from './at-fault.ts';
import type { Change, Kept } from './ports.ts';

export type Verdict =
  | { is: 'clean' }
  | { is: 'infected'; name: string }
  /** It was too large, nobody answered, or not in time. */
  | { is: 'unknown'; why: string };

export interface Scanner {
  /** Takes all of it, whatever it finds. Never throws but what `source` throws. */
  scan(source: AsyncIterable<Buffer>): Promise<Verdict>;
}

export class Screening {
  readonly #scanner: Scanner | undefined;

  constructor(scanner: Scanner | undefined) {
    this.#scanner = scanner;
  }

  /** @throws FhirError 422 for malware, 503 for what can't be scanned now and can't be held back */
  async of(changes: readonly Change[]): Promise<readonly Change[]> {
    const scanner = this.#scanner;
    if (scanner === undefined) return changes;
    const screened: Change[] = [];
    await ofEach(changes, async (change) => void screened.push(await screen(change, scanner)));
    return screened;
  }

  /** Scans while it is kept. @throws FhirError 422 for malware, when all was taken */
  async keep(
    source: AsyncIterable<Buffer>,
    keep: (source: AsyncIterable<Buffer>) => Promise<Kept>,
  ): Promise<Kept & { held?: boolean }> {
    if (this.#scanner === undefined) return keep(source);
    const pipe = new Pipe();
    const scanning = this.#scanner.scan(pipe.bytes());
    try {
      const kept = await keep(pipe.through(source));
      const verdict = await scanning;
      if (verdict.is === 'infected') throw infected(verdict.name);
      return { ...kept, held: verdict.is === 'unknown' };
    } catch (error) {
      pipe.end();
      await scanning;
      throw error;
    }
  }
}

async function screen(change: Change, scanner: Scanner): Promise<Change> {
  const { resource, previous } = change;
  if (resource === undefined || resource.resourceType === 'AuditEvent') return change;
  const isHeld = previous?.held === true && previous.method !== 'DELETE';
  if (isHeld && change.content !== undefined) return { ...change, held: true };
  if (isHeld && resource.resourceType === 'Binary' && resource.data === undefined) throw notYet();
  const before = new Set(
    previous === undefined || previous.body.length === 0
      ? []
      : contentsIn(parseJson(previous.body) as Resource),
  );
  let held = false;
  for (const data of contentsIn(resource)) {
    if (before.has(data)) continue;
    const verdict = await scanner.scan(once(Buffer.from(data, 'base64')));
    if (verdict.is === 'infected') throw infected(verdict.name);
    if (verdict.is === 'clean') continue;
    if (resource.resourceType !== 'Binary') throw notNow();
    held = true;
  }
  return held ? { ...change, held } : change;
}

/** The data of a Binary and of attachments, wherever they stand. */
const contentsIn = (resource: Resource): string[] =>
  heldIn(resource).map(({ holder }) => String(holder.data));

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** What flows through is read by the scanner too, no further than it has come. */
class Pipe {
  #piece: Buffer | undefined;
  #taken: () => void = () => {};
  #given: () => void = () => {};
  #ended = false;
  #left = false;

  async *through(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of source) {
      await this.#give(piece);
      yield piece;
    }
    this.end();
  }

  async *bytes(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        if (this.#piece === undefined && !this.#ended)
          await new Promise<void>((resolve) => (this.#given = resolve));
        const piece = this.#piece;
        if (piece === undefined) return;
        this.#piece = undefined;
        this.#taken();
        yield piece;
      }
    } finally {
      // who reads no more holds nobody up
      this.#left = true;
      this.#taken();
    }
  }

  end(): void {
    this.#ended = true;
    this.#given();
  }

  async #give(piece: Buffer): Promise<void> {
    if (this.#piece !== undefined && !this.#left)
      await new Promise<void>((resolve) => (this.#taken = resolve));
    if (this.#left) return;
    this.#piece = piece;
    this.#given();
  }
}

const infected = (name: string): FhirError =>
  new FhirError('business-rule', `the content holds malware: \`${name.slice(0, 100)}\``);

const notNow = (): FhirError =>
  new FhirError(
    'transient',
    'the content can not be scanned for malware now: try again later, or send it as a Binary',
    {
      headers: { 'retry-after': '60' },
    },
  );

/** To who may read it. */
/** To who may read it: to come again is in vain. */
export const neverMore = (malware: string): FhirError =>
  new FhirError(
    'deleted',
    `the content is given to nobody, since malware was found in it: \`${malware.slice(0, 100)}\``,
  );

/** Nobody can say yet whether the content is free of malware. */
export class HeldBack extends FhirError {
  constructor() {
    super('transient', 'the content is not known to be free of malware yet: try again later', {
      headers: { 'retry-after': '60' },
    });
  }
}

export const notYet = (): FhirError => new HeldBack();
