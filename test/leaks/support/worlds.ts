/** Two servers, each with its own database, that hold the same but for what is hidden in one of them. */
import type { Scanner } from '../../../src/enforcement/screening.ts';
import type { Resource } from '../../../src/fhir/resource.ts';
import { type Client, type Reply, type TestServer, testServer } from '../../support/server.ts';
import { HELD, HIDDEN_CONTENT, HIDDEN_KEYS, SHARED_CONTENT, document } from './content.ts';
import type { Probe } from './probes.ts';

const AT_A_TIME = 8;
const MOST_PAGES = 40;
const MADE_UP = '0123456789abcdef0123';

export interface World {
  carnet: TestServer;
  /** Version ids of what is hidden; made up where there is nothing. */
  vids: ReadonlyMap<string, string>;
  /** The same of first versions. */
  firsts?: ReadonlyMap<string, string>;
  /** The next page of what was found before it was hidden, by the path of the first. */
  before?: ReadonlyMap<string, string>;
  /** Who asks by the token of a launch, by the kind of hiding. */
  launched?: ReadonlyMap<string, Client>;
}

export const CALLERS = ['gp', 'dentist', 'patient', 'app', 'hospital', 'operator'] as const;
export type Who = (typeof CALLERS)[number];

/** The demo's callers; the patient is Vera. */
export function callerIn({ carnet }: World, who: Who): Client {
  return who === 'patient'
    ? carnet.as({ token: carnet.tokenFor({ reference: 'Patient/vera' }, 'patient') })
    : carnet.as(who);
}

/** All is clean, but for what is held back. */
const SCANNER: Scanner = {
  async scan(source) {
    const pieces: Buffer[] = [];
    for await (const piece of source) pieces.push(piece);
    return Buffer.concat(pieces).equals(HELD) ? { is: 'unknown', why: 'too long' } : { is: 'clean' };
  },
};

export async function makeWorld(file: string, hidden: boolean): Promise<World> {
  let made = 0;
  const carnet = await testServer(file, {
    newId: () => `made-${String((made += 1)).padStart(4, '0')}`,
    scanner: SCANNER,
  });
  const half = Math.floor(SHARED_CONTENT.length / 2);
  await load(carnet, SHARED_CONTENT.slice(0, half));
  if (hidden) await load(carnet, HIDDEN_CONTENT);
  await load(carnet, SHARED_CONTENT.slice(half));
  const all = carnet.as('all');
  for (const who of ['dentist', 'hospital'] as const) {
    const { status } = await carnet
      .as(who)
      .put(`DocumentReference/${who}-doc`, document(`${who}-doc`, 'vera'));
    expect(status).toBe(201);
  }
  const vids = new Map<string, string>(HIDDEN_KEYS.map((key) => [key, MADE_UP]));
  if (hidden) {
    await all.put('Observation/hugo-obs', { ...find('hugo-obs'), status: 'amended' });
    for (const key of HIDDEN_KEYS)
      vids.set(key, (await all.get(`${key}/$meta`)).json.parameter[0].valueMeta.versionId);
    expect((await all.delete('DocumentReference/hugo-deleted')).status).toBe(204);
  }
  return { carnet, vids };
}

export async function load(
  carnet: TestServer,
  resources: readonly Resource[],
  client: Client = carnet.as('all'),
): Promise<void> {
  if (resources.length === 0) return;
  const entry = resources.map((resource) => ({
    resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  }));
  const { status, text } = await client.post('', { resourceType: 'Bundle', type: 'transaction', entry });
  expect([status, status === 200 ? '' : text]).toEqual([200, '']);
}

function find(id: string): Resource {
  return HIDDEN_CONTENT.find((resource) => resource.id === id)!;
}

/** What each probe is answered, page after page, without what must differ between any two runs. */
export async function answers(
  world: World,
  client: Client,
  probes: readonly Probe[],
  atOnce: boolean,
): Promise<string[]> {
  const raw: string[][] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < probes.length; at = next++)
      raw[at] = await answersTo(world, client, probes[at]!);
  };
  await Promise.all(Array.from({ length: atOnce ? AT_A_TIME : 1 }, worker));
  return raw.map((pages) => comparable(world, pages.join('\n')));
}

async function answersTo(
  world: World,
  client: Client,
  { method, path, headers, body, follow, link }: Probe,
): Promise<string[]> {
  const fill = (text: string): string =>
    text
      .replaceAll(/\{vid:([^}]+)\}/g, (_, key: string) => world.vids.get(key) ?? MADE_UP)
      .replaceAll(/\{first:([^}]+)\}/g, (_, key: string) => world.firsts?.get(key) ?? MADE_UP)
      .replaceAll('{root}', new URL(world.carnet.base).origin);
  const filled = Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [name, fill(value)]),
  );
  const sent =
    body === undefined || typeof body === 'string'
      ? body
      : (JSON.parse(fill(JSON.stringify(body))) as unknown);
  const pages: string[] = [];
  let address: string | undefined = fill(path);
  if (link === 'of another') address = await nextPage(world.carnet.as('all'), path);
  if (link === 'from before') address = world.before?.get(path);
  if (link !== undefined) expect(address).toBeDefined();
  for (let page = 0; address !== undefined && page < MOST_PAGES; page += 1) {
    const reply = await client.send(method, address, sent, { 'accept-encoding': 'identity', ...filled });
    const length = reply.headers.get('content-length');
    if (length !== null && method !== 'HEAD')
      expect([path, Number(length)]).toEqual([path, Buffer.byteLength(reply.text) + markOf(reply)]);
    pages.push(`${reply.status} ${JSON.stringify(comparableHeaders(reply.headers, method))} ${reply.text}`);
    address = follow === true ? nextOf(reply) : undefined;
  }
  return pages;
}

/** A table begins with a mark of its encoding, which reading it as text takes off. */
function markOf({ headers, status }: Reply): number {
  return status === 200 && headers.get('content-type')?.startsWith('text/csv') === true ? 3 : 0;
}

export async function nextPage(client: Client, path: string): Promise<string | undefined> {
  return nextOf(await client.get(path));
}

export function nextOf({ json }: Reply): string | undefined {
  const links = (json?.link ?? []) as { relation: string; url: string }[];
  return links.find(({ relation }) => relation === 'next')?.url;
}

/** The length is that of the text, which is compared: the addresses of two servers differ in it. */
const DIFFERING = new Set(['date', 'x-request-id', 'content-length', 'connection', 'keep-alive']);

function comparableHeaders(headers: Headers, method: string): [string, string][] {
  return [...headers].filter(
    ([name]) => !DIFFERING.has(name) || (method === 'HEAD' && name === 'content-length'),
  );
}

/** Addresses and times; version ids, numbered as they appear in an answer; page links by their length. */
export function comparable({ carnet }: World, text: string): string {
  const seen = new Map<string, string>();
  const numbered = (made: string): string => {
    if (!seen.has(made)) seen.set(made, `version-${seen.size}`);
    return seen.get(made)!;
  };
  return (
    text
      .replaceAll(carnet.base, 'BASE')
      .replaceAll(new URL(carnet.base).origin, 'ORIGIN')
      .replaceAll(/_page=([\w-]+)/g, (_, token: string) => `_page=${token.length} characters`)
      .replaceAll(/\b[0-9a-f]{20}\b/g, numbered)
      .replaceAll(/("(?:lastUpdated|lastModified|recorded)":)"[^"]*"/g, '$1"then"')
      // of a document that is made when it is asked for
      .replaceAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'uuid')
      .replaceAll(/("(?:timestamp|date)":)"[^"]*\.\d{3}Z"/g, '$1"then"')
      // until when a Subscription's rights hold, from when it was made
      .replaceAll(/("end":)"[^"]*\.\d{3}Z"/g, '$1"then"')
      .replaceAll(/(\["last-modified",)"[^"]*"/g, '$1"then"')
  );
}

const AROUND = 160;

/** Two answers, from shortly before they differ. */
export function difference(a: string, b: string): { full: string; empty: string } {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  const from = Math.max(0, at - AROUND);
  const cut = (text: string): string => `${text.slice(0, 4)}… ${text.slice(from, at + AROUND)}`;
  return { full: cut(a), empty: cut(b) };
}
