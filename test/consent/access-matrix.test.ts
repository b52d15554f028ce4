/** Every caller by document class, hiding and mode, as a text that people review. `GOLDEN=write` writes it anew. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { accessMatrix } from './support/access-matrix.ts';

const file = new URL('../golden/access-matrix.txt', import.meta.url);

it('who is given what is what was reviewed', () => {
  const found = accessMatrix();
  if (process.env['GOLDEN'] === 'write') {
    mkdirSync(new URL('.', file), { recursive: true });
    writeFileSync(file, found);
  }
  expect(found.split('\n')).toEqual(readFileSync(file, 'utf8').split('\n'));
});
