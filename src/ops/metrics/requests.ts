/** Requests by route, method and class of status, and how long each route takes. */
import { Counter, Histogram, type Registry } from 'prom-client';

export interface Answered {
  /** A name of the route table; undefined where none was reached. */
  interaction: string | undefined;
  method: string;
  status: number;
  ms: number;
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

interface Row {
  labels: { route: string; method: string; status: string };
  count: number;
}

/** What is counted for each request is a number of ours, which is handed over when somebody asks. */
export function requestMeter(registry: Registry): (request: Answered) => void {
  const rows = new Map<string, Row>();
  new Counter({
    name: 'carnet_requests_total',
    help: 'Requests answered',
    labelNames: ['route', 'method', 'status'] as const,
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, count } of rows.values()) this.inc(labels, count);
    },
  });
  const seconds = new Histogram({
    name: 'carnet_request_seconds',
    help: 'From the headers of a request to its answer on the way',
    labelNames: ['route'] as const,
    buckets: SECONDS,
    registers: [registry],
  });
  return ({ interaction: route = 'none', method, status, ms }) => {
    const known = METHODS.has(method) ? method : 'other';
    const statusClass = `${Math.floor(status / 100)}xx`;
    const key = `${route} ${known} ${statusClass}`;
    let row = rows.get(key);
    if (row === undefined)
      rows.set(key, (row = { labels: { route, method: known, status: statusClass }, count: 0 }));
    row.count += 1;
    seconds.observe({ route }, ms / 1000);
  };
}
