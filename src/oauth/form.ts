/** What a screen of ours sends back. */
import type { IncomingMessage } from 'node:http';

const MOST_BYTES = 64 * 1024;
/** Milliseconds in which what is too long is read past, so that the connection is good for the next request. */
const DRAINED = 10_000;

/** Undefined: it is no form, or too long. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') return undefined;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      const isFirst = bytes <= MOST_BYTES;
      bytes += chunk.length;
      if (bytes <= MOST_BYTES) {
        chunks.push(chunk);
      } else if (isFirst) {
        chunks.length = 0;
        passBy(request);
        resolve(undefined);
      }
    });
    request.once('end', () => resolve(new URLSearchParams(Buffer.concat(chunks).toString())));
    request.once('error', reject);
  });
}

function passBy(request: IncomingMessage): void {
  const timer = setTimeout(() => request.complete || request.destroy(), DRAINED);
  timer.unref();
  request.once('close', () => clearTimeout(timer));
}
