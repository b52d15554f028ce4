/** Logging with a request id and without health data: neither addresses, headers, bodies nor values in messages. */
import { pino, type DestinationStream, type Logger } from 'pino';

export type Log = Logger;

export interface LogOptions {
  level?: string;
  destination?: DestinationStream;
}

/** Bytes that are gathered before they are written; half a second at most. */
const BUFFERED = 4096;

export function createLog({ level = 'info', destination }: LogOptions = {}): Log {
  const options = {
    level,
    base: undefined,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: { err: describe, error: describe },
  };
  return pino(
    options,
    destination ?? pino.destination({ sync: false, minLength: BUFFERED, periodicFlush: 500 }),
  );
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
    type: error.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    message: withoutQuotes(error.message),
    at: (error.stack ?? '')
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 12)
      .map((line) => line.trim()),
    ...(cause === undefined || depth >= MAX_CAUSES ? {} : { cause: describe(cause, depth + 1) }),
  };
}

/** Parsers and databases quote the data they stumble over: from the first quote or bracket on to the last, it goes. */
const withoutQuotes = (message: string): string =>
  message.slice(0, 1_000).replace(/["`{[][^]*["`}\]]|["`{[][^]*$/, '…');
