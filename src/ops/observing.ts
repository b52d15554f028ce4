/** What is measured and followed of a server, as far as somebody wants it: without, none of it is made. */
import { createMetrics, type Metrics } from './metrics/index.ts';
import { serveMetrics } from './metrics/server.ts';
import type { State } from '../store/state.ts';
import type { Readiness } from './health.ts';
import type { Log } from './log.ts';
import { followedBy, spanned, tracer } from './spans.ts';

export interface MetricsOptions {
  /** Undefined: none of its own. */
  port?: number;
  host: string;
  /** Opens the page on the server's own port. */
  token?: string;
}

export interface Sources {
  ready(): Promise<Readiness>;
  state(): Promise<State>;
  waitingSince(): number | undefined;
}

/** Longest that the database is waited for: what it doesn't tell is left as it was. Milliseconds. */
const PATIENCE = 1_500;

export function startObserving(options: MetricsOptions | undefined, version: string, hours: number) {
  const isAsked = options?.port !== undefined || options?.token !== undefined;
  const metrics = isAsked ? createMetrics(hours) : undefined;
  const spans = tracer(version);
  return {
    metrics,
    follow: spans === undefined ? undefined : followedBy(spans),
    /** The same, with spans around the calls that are named. */
    spanned: <T extends object>(inner: T, names: Parameters<typeof spanned<T>>[2]): T =>
      spans === undefined ? inner : spanned(spans, inner, names),
    page: (sources: Sources) => (metrics === undefined ? undefined : pageOf(metrics, sources)),
    /** On a port of its own, if one was asked for. */
    async serve(page: ReturnType<typeof pageOf> | undefined, log: Log): Promise<{ close(): Promise<void> }> {
      if (page === undefined || options?.port === undefined) return { close: async () => {} };
      return serveMetrics(page, { port: options.port, host: options.host }, log);
    },
  };
}

function pageOf(metrics: Metrics, { ready, state, waitingSince }: Sources) {
  return {
    contentType: metrics.contentType,
    text: () => metrics.text({ ready, waitingSince, state: () => unlessLate(state()) }),
  };
}

async function unlessLate<T>(work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE);
  });
  try {
    return await Promise.race([work, late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
