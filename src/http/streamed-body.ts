/** A body that is read while it arrives: https://www.rfc-editor.org/rfc/rfc9110#name-content */
import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { FhirError } from '../fhir/outcome.ts';

/** Between two pieces. Milliseconds. */
const STALLED = 30_000;

export interface Start {
  /** All of it, when there is no `rest`. */
  bytes: Buffer;
  /** All of it, the start again too: to be read once. */
  rest?: AsyncIterableIterator<Buffer>;
}

/** Up to so many bytes are held; the request is read on only as `rest` is. */
export async function readStart(source: AsyncIterable<Buffer>, most: number): Promise<Start> {
  const pieces: Buffer[] = [];
  let held = 0;
  const iterator = source[Symbol.asyncIterator]();
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    pieces.push(next.value);
    held += next.value.length;
    if (held > most) return { bytes: EMPTY, rest: joined(pieces, iterator) };
  }
  return { bytes: Buffer.concat(pieces, held) };
}

/** Who won't read it says so by `return`. */
function joined(pieces: Buffer[], rest: AsyncIterator<Buffer>): AsyncIterableIterator<Buffer> {
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const value = pieces.shift();
      return value === undefined ? rest.next() : { done: false, value };
    },
    async return() {
      await rest.return?.();
      return { done: true, value: undefined };
    },
  };
}

/** What was sent, decoded. @throws FhirError when it is cut off, stalls, or isn't what its encoding says */
export async function* arriving(
  request: IncomingMessage,
  { encoding, decoder }: { encoding: string; decoder?: () => Transform },
): AsyncGenerator<Buffer> {
  const inflater = decoder?.();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    source.destroy(new Error('stalled'));
  }, STALLED);
  timer.unref();
  // a pipeline tells the inflater that the request was cut off
  const source: Readable =
    inflater === undefined ? request : (pipeline(request, inflater, () => {}) as unknown as Readable);
  try {
    // what is left unread is drained when the answer is sent
    for await (const piece of source.iterator({ destroyOnReturn: false })) {
      timer.refresh();
      yield piece as Buffer;
    }
    if (!request.complete) throw cutOff();
  } catch (error) {
    if (late) throw new FhirError('timeout', 'the body arrives too slowly', { status: 408 });
    if (error instanceof FhirError) throw error;
    throw inflater === undefined || request.destroyed
      ? cutOff()
      : new FhirError('invalid', `the body is not valid ${encoding}`);
  } finally {
    clearTimeout(timer);
  }
}

const EMPTY = Buffer.alloc(0);
const cutOff = (): FhirError => new FhirError('invalid', 'the body was cut off');
