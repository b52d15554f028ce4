/** What others see of requests: never an address, a header or a body. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** All that metrics, logs and spans are told of an answer. */
export interface Told {
  method: string;
  /** A name of the route table; undefined where none was reached. */
  interaction: string | undefined;
  status: number;
  ms: number;
}

/** Runs a request as a part of what its caller follows, under a trace id. */
export type Follow = (
  headers: IncomingHttpHeaders,
  run: (traceId: string) => Promise<Told>,
) => Promise<unknown>;

/** https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}/;

/** As sent. */
export function traceIdOf({ headers }: IncomingMessage): string | undefined {
  const { traceparent } = headers;
  return typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
}

/** The request's bearer token is this one. Nobody can find it out by timing. */
export function carries({ headers }: IncomingMessage, token: string | undefined): boolean {
  if (token === undefined) return false;
  const [digest, wanted] = [headers.authorization ?? '', `Bearer ${token}`].map((text) =>
    createHash('sha256').update(text).digest(),
  );
  return timingSafeEqual(digest!, wanted!);
}
