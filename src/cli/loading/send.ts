/** One request, tried again when the server is busy or out of reach: https://hl7.org/fhir/R4/http.html */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../../fhir/resource.ts';
import type { Load } from './requests.ts';

export interface Server {
  base: string;
  token: string;
  /** Milliseconds for one answer. */
  patience: number;
  /** How often a request is repeated, and the first pause in milliseconds; each pause is twice the last. */
  retries: number;
  pause: number;
}

export interface Sent {
  stored: number;
  /** Reasons, one for each resource that was not stored. */
  failures: string[];
}

export interface Reply {
  status: number;
  retryAfter?: number;
  body: Json;
}

const BUSY = new Set([429, 502, 503, 504]);
/** The caller may not choose ids there: the server shall. */
const NO_CREATE_BY_PUT = new Set([403, 405]);
/** 0 stands for no answer. */
const isDone = (status: number): boolean => status >= 200 && status < 300;
const LONGEST_PAUSE = 30_000;

export async function send(load: Load, server: Server): Promise<Sent> {
  const { target, body } = load;
  if (target === 'base') return entriesOf(await persist('POST', '', body, server));
  let reply: Reply | undefined;
  if (target.id !== undefined) reply = await persist('PUT', `/${target.type}/${target.id}`, body, server);
  if (reply === undefined || NO_CREATE_BY_PUT.has(reply.status)) {
    const posted = await persist('POST', `/${target.type}`, body, server);
    // what is forbidden either way is told by the answer to the first
    if (reply === undefined || isDone(posted.status)) reply = posted;
  }
  return isDone(reply.status)
    ? { stored: 1, failures: [] }
    : { stored: 0, failures: [reason(reply.status, reply.body)] };
}

function entriesOf({ status, body }: Reply): Sent {
  if (!isDone(status)) return { stored: 0, failures: [reason(status, body)] };
  const entries = Array.isArray(body['entry']) ? (body['entry'] as { response?: Json }[]) : [];
  const failures = entries
    .map(({ response = {} }) => ({ status: Number.parseInt(String(response['status']), 10), response }))
    .filter(({ status: answered }) => !isDone(answered))
    .map(({ status: answered, response }) => reason(answered, (response['outcome'] ?? {}) as Json));
  return { stored: entries.length - failures.length, failures };
}

/** @param repeatable it may be sent again though it may have arrived */
export async function persist(
  method: 'PUT' | 'POST',
  path: string,
  body: string | Buffer<ArrayBuffer>,
  server: Server,
  { repeatable = method === 'PUT' }: { repeatable?: boolean } = {},
): Promise<Reply> {
  let pause = server.pause;
  for (let attempt = 0; ; attempt += 1) {
    const last = attempt >= server.retries;
    try {
      const reply = await request(method, path, body, server);
      if (last || !BUSY.has(reply.status)) return reply;
      pause = Math.max(pause, (reply.retryAfter ?? 0) * 1000);
    } catch (error) {
      // a POST that may have arrived is not repeated: it would be stored twice
      if (last || (!repeatable && !neverArrived(error)))
        return { status: 0, body: asOutcome(causeOf(error)) };
    }
    await sleep(Math.min(pause, LONGEST_PAUSE) * (0.75 + Math.random() / 2));
    pause *= 2;
  }
}

async function request(
  method: string,
  path: string,
  body: string | Buffer<ArrayBuffer>,
  server: Server,
): Promise<Reply> {
  const response = await fetch(`${server.base}${path}`, {
    method,
    body,
    headers: {
      authorization: `Bearer ${server.token}`,
      'content-type': 'application/fhir+json',
      accept: 'application/fhir+json',
      // little comes back, and packing it costs both
      'accept-encoding': 'identity',
      prefer: 'return=minimal',
    },
    signal: AbortSignal.timeout(server.patience),
    redirect: 'error',
  });
  const text = await response.text();
  const retryAfter = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  return {
    status: response.status,
    retryAfter: retryAfter >= 0 ? retryAfter : undefined,
    body: asJson(text),
  };
}

function asJson(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Json) : {};
  } catch {
    return {};
  }
}

const asOutcome = (text: string): Json => ({ issue: [{ details: { text } }] });

/** fetch wraps what happened. */
function causeOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message: string };
  return cause?.code ?? cause?.message ?? message;
}

function neverArrived(error: unknown): boolean {
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(causeOf(error));
}

export function reason(status: number, body: Json): string {
  type Issue = {
    severity?: string;
    details?: { text?: string };
    diagnostics?: string;
    expression?: string[];
  };
  const issues = Array.isArray(body['issue']) ? (body['issue'] as Issue[]) : [];
  const issue = issues.find(({ severity }) => severity === 'error' || severity === 'fatal') ?? issues[0];
  const text = issue?.details?.text ?? issue?.diagnostics ?? 'no reason given';
  const where = issue?.expression?.[0];
  return `${status === 0 ? 'no answer' : status}: ${text}${where === undefined ? '' : ` (${where})`}`;
}
