/** What holds whatever the values are. */
import fc from 'fast-check';
import type { Resource } from '../../src/fhir/resource.ts';
import { normalize, prefix } from '../../src/search/text.ts';
import { split, unescape } from '../../src/search/value.ts';
import { finds, OPTIONS } from './support/search.ts';
import { indexResource } from '../../src/search/index.ts';
import { matches } from '../../src/search/match.ts';
import { parseSearch } from '../../src/search/parse.ts';

const resource = (type: string, content: object) => ({ resourceType: type, ...content }) as Resource;
const escaped = (text: string) => text.replace(/[\\,$|]/g, (each) => `\\${each}`);
function found(name: string, value: string, of: Resource): boolean {
  const { filter } = parseSearch([of.resourceType], [[name, value]], OPTIONS);
  return matches(filter, { ...indexResource(of), type: of.resourceType, id: '', at: 0, resource: of });
}

const pad = (value: number, width = 2) => String(value).padStart(width, '0');
const partial = fc
  .tuple(
    fc.integer({ min: 1, max: 9998 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 28 }),
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 0, max: 86399 }),
  )
  .map(([year, month, day, precision, second]) => {
    const time = `T${pad(Math.floor(second / 3600))}:${pad(Math.floor(second / 60) % 60)}:${pad(second % 60)}Z`;
    return [pad(year, 4), `-${pad(month)}`, `-${pad(day)}`, time].slice(0, precision + 1).join('');
  });
const observation = fc.oneof(
  partial.map((effectiveDateTime) => resource('Observation', { effectiveDateTime })),
  fc
    .tuple(partial, partial)
    .map(([start, end]) => resource('Observation', { effectivePeriod: { start, end } })),
  partial.map((start) => resource('Observation', { effectivePeriod: { start } })),
);

describe('dates', () => {
  const asked = (prefixed: string, of: Resource) => finds(`date=${prefixed}`, of);
  it('eq and ne are complementary for a single value', () => {
    fc.assert(fc.property(observation, partial, (of, date) => asked(date, of) !== asked(`ne${date}`, of)));
  });
  it('gt, eq and sa imply ge; lt, eq and eb imply le', () => {
    fc.assert(
      fc.property(observation, partial, (of, date) => {
        const [eq, gt, lt, ge, le, sa, eb] = ['eq', 'gt', 'lt', 'ge', 'le', 'sa', 'eb'].map((each) =>
          asked(each + date, of),
        );
        return (
          ge === (gt || eq) && le === (lt || eq) && (!sa || gt) && (!eb || lt) && !(sa && eb) && !(sa && eq)
        );
      }),
    );
  });
  it('eq implies ap', () => {
    fc.assert(fc.property(observation, partial, (of, date) => !asked(date, of) || asked(`ap${date}`, of)));
  });
  it('a date finds itself', () => {
    fc.assert(
      fc.property(partial, (date) => asked(date, resource('Observation', { effectiveDateTime: date }))),
    );
  });
});

describe('numbers', () => {
  const decimal = fc
    .tuple(fc.integer({ min: -99999, max: 99999 }), fc.integer({ min: 0, max: 4 }))
    .map(([n, digits]) => (n / 10 ** digits).toFixed(digits));
  const risk = (value: number) => resource('RiskAssessment', { prediction: [{ probabilityDecimal: value }] });
  it('find themselves, and order is total', () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const of = risk(Number(a));
        const [lt, gt, le, ge, ne, eq] = ['lt', 'gt', 'le', 'ge', 'ne', 'eq'].map((each) =>
          finds(`probability=${each}${b}`, of),
        );
        const same = Number(a) === Number(b);
        return (
          finds(`probability=${a}`, of) &&
          lt === !ge &&
          gt === !le &&
          ne === !eq &&
          (!same || (le && ge && eq))
        );
      }),
    );
  });
});

const word = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' });

describe('strings and tokens', () => {
  it('an exact value finds itself', () => {
    fc.assert(
      fc.property(word, (family) =>
        found('family:exact', escaped(family), resource('Patient', { name: [{ family }] })),
      ),
    );
  });
  it('a beginning finds the whole', () => {
    fc.assert(
      fc.property(word, fc.nat(40), (family, length) => {
        const start = prefix(normalize(family), Math.max(1, length));
        fc.pre(start.trim() !== '');
        return found('family', escaped(start), resource('Patient', { name: [{ family }] }));
      }),
    );
  });
  it('what a beginning finds, begins so', () => {
    fc.assert(
      fc.property(word, word, (family, asked) => {
        fc.pre(normalize(asked) !== '');
        const begins = normalize(family).startsWith(normalize(asked));
        return found('family', escaped(asked), resource('Patient', { name: [{ family }] })) === begins;
      }),
    );
  });
  it('a token finds itself and nothing of another system', () => {
    fc.assert(
      fc.property(word, word, word, (system, other, code) => {
        const of = resource('Observation', { code: { coding: [{ system, code }] } });
        const asked = (scope: string) => found('code', `${escaped(scope)}|${escaped(code)}`, of);
        return (
          asked(system) &&
          asked(other) === (other === system) &&
          found('code', escaped(code), of) &&
          !found('code', `|${escaped(code)}`, of)
        );
      }),
    );
  });
  it('parts of a composite never run into each other', () => {
    fc.assert(
      fc.property(word, word, word, word, (a, b, c, d) => {
        const of = resource('Observation', {
          code: { coding: [{ code: a }] },
          valueCodeableConcept: { coding: [{ code: b }] },
        });
        const same = a.toLowerCase() === c.toLowerCase() && b.toLowerCase() === d.toLowerCase();
        return found('code-value-concept', `${escaped(c)}$${escaped(d)}`, of) === same;
      }),
    );
  });
  it('missing is either true or false, and :not is what the plain one is not', () => {
    const coding = fc.record({
      system: fc.option(word, { nil: undefined }),
      code: fc.option(word, { nil: undefined }),
    });
    const hostile = fc.constantFrom(
      null,
      undefined,
      {},
      { coding: [] },
      { coding: [null] },
      { coding: null },
      [],
      [null],
    );
    fc.assert(
      fc.property(
        fc.oneof(
          hostile,
          coding.map((each) => ({ coding: [each] })),
        ),
        word,
        (code, asked) => {
          const of = resource('Observation', { code });
          return (
            found('code:missing', 'true', of) !== found('code:missing', 'false', of) &&
            found('code:not', escaped(asked), of) !== found('code', escaped(asked), of)
          );
        },
      ),
    );
  });
});

it('splitting and joining escaped parts gives the parts back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('\\', ',', '$', '|', 'a') }), { minLength: 1 }),
      (parts) => {
        expect(split(parts.map(escaped).join(','), ',').map(unescape)).toEqual(parts);
      },
    ),
  );
});

it('whatever a query says, it is understood or refused with 400', () => {
  const names = fc.constantFrom(
    'name',
    'identifier',
    'birthdate',
    'link',
    'link.name',
    '_has:Observation:patient:code',
    '_tag',
    '_id',
    '_sort',
    '_include',
    'deceased',
    '_lastUpdated',
    '_type',
    '_elements',
  );
  const modifiers = fc.constantFrom(
    '',
    ':exact',
    ':missing',
    ':not',
    ':contains',
    ':Patient',
    ':of-type',
    ':identifier',
    ':in',
    ':below',
    ':text',
    ':__proto__',
  );
  fc.assert(
    fc.property(names, modifiers, fc.string({ unit: 'binary' }), (name, modifier, value) => {
      try {
        parseSearch(['Patient'], [[name + modifier, value]], OPTIONS);
        return true;
      } catch (error) {
        return (error as { status?: number }).status === 400;
      }
    }),
    { numRuns: 2000 },
  );
});
