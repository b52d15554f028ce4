/** Polling misses nothing: `Bundle.meta.lastUpdated` says up to when an answer is complete. */
import { type Client, type TestServer, testServer } from '../../support/server.ts';
import { idsOf, linkOf } from './support/rows.ts';

const WRITERS = 8;
const FOR = 4_000;

let carnet: TestServer;
let all: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  await all.put('Patient/p1', { resourceType: 'Patient', id: 'p1' });
});
afterAll(() => carnet?.close());

const observation = (writer: number, text: string) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: `${writer}` },
  subject: { reference: 'Patient/p1' },
  valueString: text,
});

/** Versions written: by POST, by PUT and in transactions of several. */
async function write(writer: number, until: number, written: Set<string>): Promise<void> {
  for (let round = 0; Date.now() < until; round += 1) {
    if (writer % 4 === 3) {
      const entry = [0, 1, 2].map((part) => ({
        resource: observation(writer, `${round} ${part}`),
        request: { method: 'POST', url: 'Observation' },
      }));
      const { json } = await all.post(
        '',
        { resourceType: 'Bundle', type: 'transaction', entry },
        { prefer: 'return=representation' },
      );
      for (const { resource } of json.entry) written.add(`${resource.id}/${resource.meta.versionId}`);
      continue;
    }
    const made = (await all.post('Observation', observation(writer, `${round}`))).json;
    written.add(`${made.id}/${made.meta.versionId}`);
    if (round % 2 === 0) continue;
    const changed = (await all.put(`Observation/${made.id}`, { ...made, valueString: 'changed' })).json;
    // the first version is no longer the current one: who polls may have missed it, and needs not know
    written.delete(`${made.id}/${made.meta.versionId}`);
    written.add(`${changed.id}/${changed.meta.versionId}`);
  }
}

/** Asks again and again for what changed since the last answer was complete. */
class Poller {
  readonly seen = new Set<string>();
  rounds = 0;
  readonly #narrowed: string;
  #since = new Date(Date.now() - 1000).toISOString();

  constructor(narrowed: string) {
    this.#narrowed = narrowed;
  }

  async poll(): Promise<void> {
    const first = `Observation?${this.#narrowed}_lastUpdated=ge${this.#since}&_count=200`;
    let watermark: string | undefined;
    for (let next: string | undefined = first; next !== undefined;) {
      const { json } = await all.get(next);
      // of the pages the first tells the earliest moment
      watermark ??= json.meta.lastUpdated as string;
      for (const { resource } of json.entry ?? []) this.seen.add(`${resource.id}/${resource.meta.versionId}`);
      next = linkOf(json, 'next');
    }
    this.#since = watermark!;
    this.rounds += 1;
  }
}

it('a poller sees every version that was left standing, of a patient and of a type', async () => {
  const written = new Set<string>();
  const until = Date.now() + FOR;
  const pollers = ['patient=p1&', ''].map((narrowed) => new Poller(narrowed));
  const writers = Array.from({ length: WRITERS }, (_, writer) => write(writer, until, written));
  await Promise.all([
    ...writers,
    ...pollers.map(async (poller) => {
      while (Date.now() < until) await poller.poll();
    }),
  ]);
  for (const poller of pollers) {
    await poller.poll();
    expect([...written].filter((version) => !poller.seen.has(version))).toEqual([]);
    expect(poller.rounds).toBeGreaterThan(2);
  }
  expect(written.size).toBeGreaterThan(20);
});

it('the watermark never runs ahead of what may still become visible', async () => {
  const { json } = await all.get('Observation?_count=1');
  expect(Date.now() - Date.parse(json.meta.lastUpdated)).toBeGreaterThanOrEqual(9_000);
  expect(idsOf(json)).toHaveLength(1);
});
