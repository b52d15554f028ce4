/** The last step: bytes leave. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Flow } from '../interaction/exchange.ts';
import type { Rendered } from './render.ts';

/** How long an unread body may go on arriving after the answer. */
const DRAIN_MS = 2_000;
/** How long somebody may read nothing of an answer that is read while it leaves. */
const STALLED_MS = 60_000;

/** Resolves when a body that flows has left; the others leave by themselves. */
export function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Rendered,
): Promise<void> | undefined {
  const isEarly = !request.complete;
  if (isEarly) drain(request);
  if (response.destroyed) return undefined;
  response.writeHead(status, isEarly ? { ...headers, connection: 'close' } : headers);
  if (body instanceof Flow && request.method !== 'HEAD') return flow(response, body);
  const bytes = request.method === 'HEAD' || body instanceof Flow ? undefined : body;
  if (isEarly) early(request, response, bytes);
  else response.end(bytes);
  return undefined;
}

/**
 * The answer to a body that hasn't all come. Clients stop sending then, and may use a connection again that is of no more
 * use: they are told that it ends. Ended at once, with what is unread, it could take the answer with it.
 */
function early(request: IncomingMessage, response: ServerResponse, body: Buffer | undefined): void {
  if (body === undefined || body.length === 0) response.flushHeaders();
  else response.write(body);
  if (request.destroyed) response.end();
  else request.once('close', () => response.end());
}

/** What fails on the way cuts the answer off: its length tells that it isn't whole. */
async function flow(response: ServerResponse, { read }: Flow): Promise<void> {
  response.setTimeout(STALLED_MS, () => response.destroy());
  try {
    await pipeline(Readable.from(read(), { objectMode: false, highWaterMark: 1 }), response);
  } finally {
    response.setTimeout(0);
  }
}

function drain(request: IncomingMessage): void {
  request.on('error', () => {});
  // who was reading it has left
  request.removeAllListeners('readable');
  request.resume();
  const timer = setTimeout(() => request.complete || request.destroy(), DRAIN_MS);
  timer.unref();
  request.once('close', () => clearTimeout(timer));
}
