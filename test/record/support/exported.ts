/** A record that is ordered, waited for, fetched and unpacked. */
import { setTimeout as sleep } from 'node:timers/promises';
import yauzl from 'yauzl';
import type { Json } from '../../../src/fhir/resource.ts';
import type { Client, Reply } from '../../support/server.ts';

/** Where it is told how far it is. */
export async function ordered(client: Client, patient: string, query = ''): Promise<string> {
  const reply = await client.get(`Patient/${patient}/$export-record${query}`, { prefer: 'respond-async' });
  expect([reply.status, reply.text]).toEqual([202, '']);
  return reply.headers.get('content-location')!;
}

export async function done(client: Client, status: string): Promise<Reply> {
  for (let tries = 0; tries < 600; tries += 1) {
    const reply = await client.get(status);
    if (reply.status !== 202) return reply;
    expect(reply.headers.get('retry-after')).toBe('2');
    const progress = reply.headers.get('x-progress');
    expect(progress).toMatch(/^(waiting|begun|\d+ %, \d+ of \d+ resources)$/);
    const [part = 0, all = 0] = /(\d+) of (\d+)/.exec(progress!)?.slice(1).map(Number) ?? [];
    expect(part).toBeLessThanOrEqual(all);
    await sleep(50);
  }
  throw new Error('it is never done');
}

export async function fetched(
  url: string,
  token: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; bytes: Buffer }> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}`, ...headers } });
  return {
    status: response.status,
    headers: response.headers,
    bytes: Buffer.from(await response.arrayBuffer()),
  };
}

export async function unzipped(bytes: Buffer): Promise<Map<string, Buffer>> {
  const zip = await yauzl.fromBufferPromise(bytes);
  const files = new Map<string, Buffer>();
  for await (const entry of zip.eachEntry()) {
    const pieces: Buffer[] = [];
    for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece as Buffer);
    files.set(entry.fileName, Buffer.concat(pieces));
  }
  return files;
}

export interface Exported {
  files: Map<string, Buffer>;
  manifest: Json;
  url: string;
}

export async function exported(
  client: Client,
  token: string,
  patient: string,
  query = '',
): Promise<Exported> {
  const finished = await done(client, await ordered(client, patient, query));
  expect([finished.status, finished.status === 200 || finished.text]).toEqual([200, true]);
  const [{ url }] = finished.json.output as [{ url: string }];
  const { status, headers, bytes } = await fetched(url, token);
  expect([status, headers.get('content-type'), Number(headers.get('content-length'))]).toEqual([
    200,
    'application/zip',
    bytes.length,
  ]);
  return { files: await unzipped(bytes), manifest: finished.json, url };
}
