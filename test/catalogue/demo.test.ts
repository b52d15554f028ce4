/** The demo's apps are let in as apps are: by the registry's steps, and two people. */
import { type CallerName, demoCallers } from '../../src/demo/callers.ts';
import { demoApps, seedCatalogue } from '../../src/demo/catalogue.ts';
import { type TestServer, testServer } from '../support/server.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  const names = Object.keys(demoCallers) as CallerName[];
  const tokens = Object.fromEntries(names.map((name) => [name, carnet.token(name)]));
  await seedCatalogue(new URL(carnet.base).origin, tokens as Record<CallerName, string>, new Date());
});
afterAll(() => carnet?.close());

const catalogue = async (query: string) =>
  (await fetch(new URL(`/catalogue${query}`, carnet.base))).json() as Promise<{
    total: number;
    entries: { id: string; purpose: string }[];
  }>;

it('has apps for patients and for professionals, in both languages', async () => {
  const listed = demoApps.filter(({ isListed }) => isListed).map(({ id }) => id);
  expect((await catalogue('')).entries.map(({ id }) => id).sort()).toEqual([...listed].sort());
  expect((await catalogue('?audience=professionals')).entries.map(({ id }) => id)).toEqual(['cabinet-clair']);
  const [french] = (await catalogue('?q=vaccins&lang=fr')).entries;
  const [english] = (await catalogue('?q=vaccins&lang=en')).entries;
  expect([french!.purpose, english!.purpose]).toEqual([
    'Rappeler les vaccins et les dépistages de toute la famille',
    'Remind of vaccines and screenings for the whole family',
  ]);
});

it('shows nobody but stewards what is under review', async () => {
  expect((await fetch(new URL('/catalogue/sommeil', carnet.base))).status).toBe(404);
  const listings = await fetch(new URL('/registry/listings', carnet.base), {
    headers: { authorization: `Bearer ${carnet.token('reviewer')}` },
  });
  const states = (await listings.json()) as { id: string; state: string; changes: { by: string[] }[] }[];
  expect(states.find(({ id }) => id === 'sommeil')!.state).toBe('under-review');
  expect(states.find(({ id }) => id === 'tensio')!.changes.at(-1)!.by).toHaveLength(2);
});
