import type { Attributes } from '../../src/condition/condition.ts';
import type { Access } from '../../src/enforcement/access.ts';
import { Giving } from '../../src/enforcement/giving.ts';
import { Notes } from '../../src/enforcement/notes.ts';
import type { Stored } from '../../src/enforcement/ports.ts';

const facts = (type: string, id: string): Attributes => ({
  type,
  id,
  patients: type === 'Binary' ? [] : ['x'],
  by: 'Organization/h',
  labels: [],
  codes: [],
  about: [],
  authors: [],
});

it('content that is given as what it is isn’t put together as a resource for its trace', () => {
  const content = Object.defineProperty(facts('Binary', 'b') as Stored, 'body', {
    enumerable: true,
    get: () => {
      throw new Error('put together');
    },
  });
  const notes = new Notes();
  const giving = new Giving(
    { grounds: () => () => undefined, deposit: () => undefined } as unknown as Access,
    notes,
  );
  expect(giving.asContent(content, facts('DocumentReference', 'd'))).toBe(content);
  const [concern] = notes.open();
  expect([...concern!.named]).toMatchObject([
    ['DocumentReference/d', { by: 'Organization/h' }],
    ['Binary/b', { by: 'Organization/h', contentOf: 'DocumentReference/d' }],
  ]);
});
