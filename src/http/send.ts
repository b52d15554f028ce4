/** The last step: bytes leave. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Rendered } from './render.ts';

/** How long an unread body may go on arriving after the answer. */
const DRAIN_MS = 2_000;

export function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Rendered,
): void {
  if (!request.complete) drain(request);
  if (response.destroyed) return;
  response.writeHead(status, headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}

function drain(request: IncomingMessage): void {
  request.on('error', () => {});
  request.resume();
  const timer = setTimeout(() => request.complete || request.destroy(), DRAIN_MS);
  timer.unref();
  request.once('close', () => clearTimeout(timer));
}
