/** Where Prometheus asks: on a port of its own, which only the machine or the operators' network reaches. */
import { createServer, type Server } from 'node:http';
import type { Log } from '../log.ts';

export interface Page {
  contentType: string;
  text(): Promise<string>;
}

const TIMES = { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 5_000 };

export async function serveMetrics(
  page: Page,
  { port, host }: { port: number; host: string },
  log: Log,
): Promise<{ close(): Promise<void> }> {
  const server = createServer(TIMES, (request, response) => {
    const isAsked = request.url === '/metrics' && (request.method === 'GET' || request.method === 'HEAD');
    request.resume();
    if (!isAsked) {
      response.writeHead(404).end();
      return;
    }
    page.text().then(
      (text) =>
        response.writeHead(200, { 'content-type': page.contentType, 'cache-control': 'no-store' }).end(text),
      (err: unknown) => {
        log.error({ err }, 'metrics failed');
        response.writeHead(500).end();
      },
    );
  });
  await listen(server, port, host);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
