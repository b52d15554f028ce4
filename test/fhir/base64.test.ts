import fc from 'fast-check';
import { canonicalBytes, packedBytes } from '../../src/fhir/content/base64.ts';
import { validate } from '../../src/fhir/validate/index.ts';

/** What decoding passes over, takes for something else, or stops at, among what it should take. */
const ODD = ['-', '_', '=', ' ', '\n', 'é', 'Ł', '\u{1F600}', '*', 'B', '/'];

const texts = fc
  .tuple(
    fc.uint8Array({ maxLength: 40 }),
    fc.array(fc.tuple(fc.nat(60), fc.constantFrom(...ODD)), { maxLength: 3 }),
    fc.boolean(),
  )
  .map(([bytes, changes, isOver]) => {
    let text = Buffer.from(bytes).toString('base64');
    for (const [at, odd] of changes) text = text.slice(0, at) + odd + text.slice(at + (isOver ? 1 : 0));
    return text;
  });

it('bytes are told of what writing them gives again, and of nothing else', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const bytes = Buffer.from(text, 'base64');
      const expected = bytes.toString('base64') === text ? bytes.toString('hex') : undefined;
      expect(canonicalBytes(text)?.toString('hex')).toBe(expected);
    }),
    { numRuns: 5000 },
  );
});

it('what is packed has no other characters than base64’s, and padding at its end alone', () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(packedBytes(text) !== undefined).toBe(
        text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text),
      );
    }),
    { numRuns: 5000 },
  );
});

it.each([
  ['letters of other alphabets whose low byte is one of base64’s', 'Ł'.repeat(2000)],
  ['one of them in a long content', `${'A'.repeat(1999)}Ł`],
])('%s are no base64', (_, data) => {
  const [issue] = validate({ resourceType: 'Binary', contentType: 'application/pdf', data });
  expect([issue?.severity, issue?.expression]).toEqual(['error', 'Binary.data']);
});
