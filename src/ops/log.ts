/** Logging with a request id and without health data: neither addresses, headers, bodies nor values in messages. */
import { pino, type DestinationStream, type Logger } from 'pino';
import { Lines } from './lines.ts';

export type Log = Logger;

export interface LogOptions {
  level?: string;
  destination?: DestinationStream;
}

export function createLog({ level = 'info', destination }: LogOptions = {}): Log {
  const options = {
    level,
    base: undefined,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: { err: describe, error: describe },
  };
  return pino(options, destination ?? new Lines(process.stdout.fd));
}

/** What nobody caught is told as any error is: Node would print all that it carries. The process ends by it. */
export function logFaults(log: Log): void {
  process.on('uncaughtException', (err) => {
    log.fatal({ err }, 'ended by a fault');
    process.exit(1);
  });
}

export interface LoggedError {
  type: string;
  code?: unknown;
  message: string;
  at: string[];
  cause?: LoggedError;
}

const MAX_CAUSES = 3;

/** An error for the log: its message without what it quotes, and the frames of its stack. */
export function describe(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: '', at: [] };
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return {
    type: isWord(error.name) ? error.name : 'Error',
    ...(isWord(code) || typeof code === 'number' ? { code } : {}),
    message: withoutData(error.message),
    at: framesOf(error),
    ...(cause === undefined || depth >= MAX_CAUSES ? {} : { cause: describe(cause, depth + 1) }),
  };
}

const isWord = (value: unknown): boolean => typeof value === 'string' && /^[\w.-]{1,60}$/.test(value);

const FRAME = /^\s+at .{0,200}(?::\d+:\d+\)?|\(<anonymous>\)|\(index \d+\))$/;

/** The stack begins with the message, of which a line may look like a frame. */
function framesOf({ stack = '', message }: Error): string[] {
  const start = stack.indexOf(message);
  return stack
    .slice(start < 0 ? 0 : start + message.length)
    .split('\n')
    .filter((line) => FRAME.test(line))
    .slice(0, 12)
    .map((line) => line.trim());
}

/**
 * Parsers and databases quote the data they stumble over: from the first quote or bracket on to the last, it goes; so
 * do numbers as long as those that people have, and mail addresses. An apostrophe within a word is no quote.
 */
const QUOTED = /(?:["`{[]|(?<!\p{L})')[^]*(?:["`}\]]|'(?!\p{L}))|(?:["`{[]|(?<!\p{L})')[^]*$/u;

function withoutData(message: string): string {
  return message
    .slice(0, 1_000)
    .replace(QUOTED, '…')
    .replace(/\S+@\S+|\d{8,}/g, '…');
}
