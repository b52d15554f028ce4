/** Works on what was ordered, one after the other; what a process that died left is begun again by another. */
import { FhirError } from '../../fhir/outcome.ts';
import type { AskWithin, Get } from './ask.ts';
import { build } from './build.ts';
import type { Claimed, Desk, Progress } from './ports.ts';

/** At once, in one process. */
const LANES = 2;
/** A claim holds for a minute. Milliseconds. */
const RENEWED = 20_000;

export interface ExporterOptions {
  desk: Desk;
  ask: AskWithin;
  base: string;
  /** Told what nobody is told otherwise. */
  failed(error: unknown): void;
}

/** It was cancelled, another process has it, or the server is stopping. */
class GivenUp extends Error {}

export class Exporter {
  readonly #options: ExporterOptions;
  readonly #ending = new AbortController();
  #lanes: Promise<void>[] = [];

  constructor(options: ExporterOptions) {
    this.#options = options;
  }

  /** There may be something to do. */
  wake(): void {
    if (this.#lanes.length >= LANES || this.#ending.signal.aborted) return;
    const lane = this.#work()
      .catch((error: unknown) => this.#options.failed(error))
      .finally(() => {
        this.#lanes = this.#lanes.filter((each) => each !== lane);
      });
    this.#lanes.push(lane);
  }

  /** Waits for what is under way, which ends soon: it is begun again by whoever comes next. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#lanes);
  }

  async #work(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const claimed = await this.#options.desk.claim();
      if (claimed === undefined) return;
      await this.#one(claimed);
    }
  }

  async #one(claimed: Claimed): Promise<void> {
    const { desk, base, ask, failed } = this.#options;
    const { subject, address, patient, id: requestId } = claimed;
    const get: Get = (url, headers = {}) => {
      if (this.#ending.signal.aborted) throw new GivenUp();
      return ask(subject, { method: 'GET', url, headers }, { address, requestId });
    };
    let last: Progress = { done: 0 };
    const told = async (progress: Progress): Promise<void> => {
      if (!(await desk.progress(claimed, progress))) throw new GivenUp();
    };
    try {
      const result = await build(claimed, {
        get,
        base,
        keep: (source) =>
          desk.keep(
            this.#held(source, () => told(last)),
            patient,
          ),
        told: (progress) => told((last = progress)),
      });
      if (!(await desk.finish(claimed, result))) await desk.drop(result.id);
    } catch (error) {
      // a right that is gone won't come back by trying
      const isFinal = error instanceof FhirError && error.status < 500;
      if (!(error instanceof GivenUp) && !isFinal) failed(error);
      await desk.fail(claimed, !isFinal);
    }
  }

  /** However long one content takes, the claim goes on; and it ends when the server does. */
  async *#held(source: AsyncIterable<Buffer>, renew: () => Promise<void>): AsyncGenerator<Buffer> {
    let renewed = Date.now();
    for await (const piece of source) {
      if (this.#ending.signal.aborted) throw new GivenUp();
      if (Date.now() - renewed > RENEWED) {
        await renew();
        renewed = Date.now();
      }
      yield piece;
    }
  }
}
