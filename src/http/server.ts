/** The HTTP server around the app: bounds on headers and time, and outcomes for what isn't HTTP. */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  STATUS_CODES,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Express } from 'express';
import { outcome, type IssueCode } from '../fhir/outcome.ts';
import { MAX_URL_LENGTH } from './match.ts';
import { messagesOf } from './messages.ts';
import { FHIR_JSON } from './negotiation.ts';

export interface ServerTimes {
  /** Milliseconds for the headers, for a whole request, and between two requests. */
  headers: number;
  request: number;
  keepAlive: number;
}

/** Of a body that is held in memory body.ts asks for more haste; content may be large, and may not stall. */
const TIMES: ServerTimes = { headers: 10_000, request: 4 * 3_600_000, keepAlive: 65_000 };

export function createServer(app: Express, times: ServerTimes = TIMES): Server {
  const server = createHttpServer(
    {
      ...messagesOf(app),
      maxHeaderSize: 32 * 1024,
      headersTimeout: times.headers,
      requestTimeout: times.request,
      keepAliveTimeout: times.keepAlive,
      connectionsCheckingInterval: 5_000,
      // it would be refused without an outcome
      requireHostHeader: false,
    },
    (request, response) => {
      if (request.headers.host === undefined && request.httpVersion === '1.1') answer(response, MALFORMED);
      else app(request, response);
    },
  );
  server.maxRequestsPerSocket = 0;
  server.on('clientError', refuse);
  server.on('checkExpectation', (_: IncomingMessage, response: ServerResponse) =>
    answer(response, UNEXPECTED),
  );
  return server;
}

export function listen(server: Server, { port, host }: { port: number; host: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Answers what is under way, then ends. @param patience milliseconds */
export function endServer(server: Server, patience: number): Promise<void> {
  return new Promise((resolve) => {
    const impatient = setTimeout(() => server.closeAllConnections(), patience);
    server.close(() => {
      clearTimeout(impatient);
      resolve();
    });
    server.closeIdleConnections();
  });
}

type Refusal = [status: number, code: IssueCode, text: string];

const LATE: Refusal = [408, 'timeout', 'the request took too long to arrive'];
const LONG_HEADERS: Refusal = [431, 'too-long', 'the headers are too long'];
const LONG_URL: Refusal = [414, 'too-long', `the address is longer than ${MAX_URL_LENGTH} characters`];
const MALFORMED: Refusal = [400, 'invalid', 'the request is not well-formed HTTP'];
const UNEXPECTED: Refusal = [417, 'not-supported', '`Expect` takes `100-continue` alone'];

/** Node hands over what its parser refuses: there is no request to answer, only a socket. */
function refuse(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = refusalAs(refusalOf(error));
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}

function answer(response: ServerResponse, refusal: Refusal): void {
  const { status, headers, body } = refusalAs(refusal);
  response.writeHead(status, headers).end(body);
}

function refusalAs([status, code, text]: Refusal) {
  const body = JSON.stringify(outcome([{ severity: 'error', code, text }]));
  const headers = {
    'content-type': FHIR_JSON,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  };
  return { status, headers, body };
}

function refusalOf({ code, rawPacket }: NodeJS.ErrnoException & { rawPacket?: Buffer }): Refusal {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return LATE;
  if (code !== 'HPE_HEADER_OVERFLOW') return MALFORMED;
  // only a packet that begins a request shows its address; in a later one it is the headers that went on
  const begins = /^[A-Z]{3,20} /.test(rawPacket?.toString('latin1', 0, 24) ?? '');
  const lineEnd = rawPacket?.indexOf('\n') ?? -1;
  return begins && (lineEnd < 0 || lineEnd > MAX_URL_LENGTH) ? LONG_URL : LONG_HEADERS;
}
