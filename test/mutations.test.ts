import { readFileSync } from 'node:fs';

interface Mutation {
  name: string;
  file: string;
  from: string;
}

// plain JavaScript, without types
const script = '../scripts/mutations.mjs';

it('what `npm run mutate` breaks is there, once each', async () => {
  const { MUTATIONS } = (await import(script)) as { MUTATIONS: readonly Mutation[] };
  const lost = MUTATIONS.filter(({ file, from }) => readFileSync(file, 'utf8').split(from).length !== 2);
  expect(lost.map(({ file, name }) => `${file}: ${name}`)).toEqual([]);
});
