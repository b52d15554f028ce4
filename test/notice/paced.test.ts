/** What an inbox holds and doesn't show takes time to look at: an answer tells by its time of nothing that is in it. */
import { callers, people } from './support/world.ts';
import { type TestServer, putAll, testServer } from '../support/server.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  await putAll(carnet.as('all'), people(1));
});
afterAll(() => carnet?.close());

const { patient } = callers(() => carnet);
const entry = [{ request: { method: 'GET', url: 'Patient/n-1/$notices' } }];

test.each<[string, () => Promise<{ status: number; text: string }>]>([
  ['alone', () => patient('n-1').get('Patient/n-1/$notices')],
  ['in a batch', () => patient('n-1').post('', { resourceType: 'Bundle', type: 'batch', entry })],
])('an inbox that is asked for %s leaves on a tick that is longer than it takes', async (_, ask) => {
  for (let n = 0; n < 3; n += 1) {
    const start = performance.now();
    const { status, text } = await ask();
    expect([status, text.includes('unread')]).toEqual([200, true]);
    expect(performance.now() - start).toBeGreaterThan(150);
  }
});
