import fc from 'fast-check';
import { copyJson, parseJson, stringifyJson } from '../../src/fhir/json.ts';
import { FhirError } from '../../src/fhir/outcome.ts';
import { processorTime } from '../support/processor.ts';

const parse = (text: string | Buffer, options?: { array?: boolean }) =>
  parseJson(typeof text === 'string' ? Buffer.from(text) : text, options);

function refusal(text: string | Buffer): { code: string; text: string } {
  try {
    parse(text);
  } catch (error) {
    expect(error).toBeInstanceOf(FhirError);
    const [issue] = (error as FhirError).issues;
    return { code: issue!.code, text: issue!.text };
  }
  throw new Error(`accepted: ${String(text).slice(0, 80)}`);
}

describe('reading JSON', () => {
  it('reads an object, with or without a byte order mark', () => {
    expect(parse('{"resourceType":"Patient"}')).toEqual({ resourceType: 'Patient' });
    expect(parse('\ufeff{"a":"é"}')).toEqual({ a: 'é' });
  });

  it('reads an array only where one is asked for', () => {
    expect(parse('[{"op":"test"}]', { array: true })).toEqual([{ op: 'test' }]);
    expect(refusal('[]')).toEqual({ code: 'structure', text: 'the body must be an object in JSON' });
  });

  it.each([
    ['a string at the root', '"x"', 'the body must be an object in JSON'],
    ['null at the root', 'null', 'the body must be an object in JSON'],
    ['nothing', '', 'the body is not valid JSON: it ends too soon (line 1, column 1)'],
    ['an open object', '{"a":1', 'the body is not valid JSON: it ends too soon (line 1, column 7)'],
    ['an open string', '{"a":"x', 'the body is not valid JSON: it ends too soon (line 1, column 8)'],
    ['a missing colon', '{"a" 1}', 'the body is not valid JSON: unexpected `1` (line 1, column 6)'],
    ['a trailing comma', '{"a":[1,]}', 'the body is not valid JSON: unexpected `]` (line 1, column 9)'],
    [
      'a fault on the second line',
      '{"a":1,\n  b:2}',
      'the body is not valid JSON: unexpected `b` (line 2, column 3)',
    ],
    ['a bad escape', '{"a":"\\x"}', 'the body is not valid JSON: unexpected `x` (line 1, column 8)'],
    [
      'a bad unicode escape',
      '{"a":"\\u12G4"}',
      'the body is not valid JSON: unexpected `u` (line 1, column 8)',
    ],
    [
      'a control character in a string',
      '{"a":"\t"}',
      'the body is not valid JSON: unexpected `\t` (line 1, column 7)',
    ],
    ['a leading zero', '{"a":01}', 'the body is not valid JSON: unexpected `0` (line 1, column 6)'],
    ['a point without digits', '{"a":1.}', 'the body is not valid JSON: unexpected `1` (line 1, column 6)'],
    ['a word', '{"a":undefined}', 'the body is not valid JSON: unexpected `u` (line 1, column 6)'],
    ['something after the end', '{}{}', 'the body is not valid JSON: unexpected `{` (line 1, column 3)'],
    ['crossed brackets', '{"a":[1}', 'the body is not valid JSON: unexpected `}` (line 1, column 8)'],
    ['a duplicate key', '{"a":1,"b":{"c":1,"c":2}}', 'key `c` is there twice (line 1, column 19)'],
    ['a duplicate key written otherwise', '{"a":1,"\\u0061":2}', 'key `a` is there twice (line 1, column 8)'],
    ['a prototype', '{"a":{"__proto__":{"x":1}}}', 'key `__proto__` is not allowed'],
    [
      'nesting',
      `{"a":${'['.repeat(110)}${']'.repeat(110)}}`,
      'the JSON is nested deeper than 99 levels (line 1, column 104)',
    ],
    [
      'nesting that is never closed',
      '['.repeat(1_000_000),
      'the JSON is nested deeper than 99 levels (line 1, column 100)',
    ],
  ])('refuses %s', (_, text, told) => {
    expect(refusal(text)).toEqual({ code: 'structure', text: told });
  });

  it('refuses numbers out of range or endless', () => {
    expect(refusal('{"a":1e999}')).toEqual({
      code: 'value',
      text: 'number `1e999` is out of range (line 1, column 6); allowed: up to 1.7e308',
    });
    expect(refusal(`{"a":${'1'.repeat(1000)}}`).text).toBe(
      'a number is longer than 64 characters (line 1, column 6)',
    );
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(refusal(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))).toEqual({
      code: 'structure',
      text: 'the body is not valid UTF-8',
    });
  });

  it('takes nesting of exactly 50, and brackets and colons inside strings for what they are', () => {
    expect(() => parse(`{"a":${'['.repeat(49)}${']'.repeat(49)}}`)).not.toThrow();
    expect(parse(`{"a":"${'[{:'.repeat(200)}\\"\\\\"}`)).toEqual({ a: `${'[{:'.repeat(200)}"\\` });
  });

  it('never tells what JSON.parse says, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            '{',
            '}',
            '[',
            ']',
            '"',
            ':',
            ',',
            '\\',
            '1',
            '.',
            'e',
            '-',
            't',
            'a',
            ' ',
            '\n',
          ),
        }),
        (text) => {
          try {
            parse(text, { array: true });
            JSON.parse(text);
          } catch (error) {
            expect(error).toBeInstanceOf(FhirError);
            expect((error as Error).message).not.toMatch(
              /JSON at position|Unexpected token|is not valid JSON$/,
            );
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('refuses exactly what JSON.parse refuses, but for its own rules', () => {
    const nearly = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', ',', '}', ']', '0', '\\', ':'))
      .map(([json, at, noise]) => {
        const place = at % (json.length + 1);
        return `{"x":${json.slice(0, place)}${noise}${json.slice(place + (at % 2))}}`;
      });
    fc.assert(
      fc.property(nearly, (text) => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        let told: string | undefined;
        try {
          parse(text);
        } catch (error) {
          told = (error as Error).message;
        }
        if (valid) expect(told ?? 'there twice').toMatch(/there twice|__proto__|out of range|nested/);
        else expect(told).toMatch(/not valid JSON: |there twice|out of range|nested|longer/);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('decimals', () => {
  it.each([
    '1.00',
    '0.10',
    '1e-10',
    '1E5',
    '1.50e+3',
    '-0',
    '-0.0',
    '12345678901234567890',
    '0.123456789012345678',
    '100000000000000000000000',
  ])('keeps %s as it was sent', (literal) => {
    const text = `{"value":${literal},"list":[1,${literal},{"x":${literal}}]}`;
    const value = parse(text);
    expect(value.value).toBe(Number(literal));
    expect(stringifyJson(value)).toBe(text);
  });

  it('are numbers like others until they are written', () => {
    const value = parse('{"value":1.00}');
    expect(Object.entries(value)).toEqual([['value', 1]]);
    value.value = 2;
    expect(stringifyJson(value)).toBe('{"value":2}');
  });

  it('survive being moved into another resource, and a deep copy', () => {
    const quantity = parse('{"quantity":{"value":6.30}}').quantity;
    expect(stringifyJson({ entry: [{ quantity }] })).toBe('{"entry":[{"quantity":{"value":6.30}}]}');
    const copy = copyJson({ quantity });
    (quantity as { value: number }).value = 9;
    expect(stringifyJson(copy)).toBe('{"quantity":{"value":6.30}}');
  });

  it('are not mixed up by keys that look like indexes', () => {
    const text = '{"b":1.0,"1":2.0,"0":3.0}';
    expect(JSON.parse(stringifyJson(parse(text)))).toEqual({ 0: 3, 1: 2, b: 1 });
    expect(stringifyJson(parse(text))).toBe('{"0":3.0,"1":2.0,"b":1.0}');
  });

  it('can not be forged by a string', () => {
    const text = '{"a":1.0,"b":"1.0","c":":1.0","d":"AAAAAAAAAAAAAAAAAAAAAAAA:1.0"}';
    expect(stringifyJson(parse(text))).toBe(text);
  });

  it('come back whatever their digits', () => {
    const digits = fc.stringMatching(/^\d{1,18}$/);
    const decimal = fc
      .tuple(
        fc.boolean(),
        digits,
        fc.option(digits),
        fc.option(fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.nat(99))),
      )
      .map(([negative, whole, fraction, exponent]) => {
        const integer = whole.replace(/^0+(?=\d)/, '');
        return `${negative ? '-' : ''}${integer}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : exponent.join('')}`;
      });
    fc.assert(
      fc.property(fc.array(decimal), (literals) => {
        const text = `{"a":[${literals.join(',')}],"b":{${literals.map((literal, i) => `"k${i}":${literal}`).join(',')}}}`;
        expect(stringifyJson(parse(text))).toBe(text);
      }),
    );
  });
});

describe('writing JSON', () => {
  it('gives back what was read', () => {
    const json = fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      fc.jsonValue({ maxDepth: 6, noUnicodeString: false }),
    );
    fc.assert(
      fc.property(json, (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes('"__proto__"'));
        expect(stringifyJson(parse(text))).toBe(text);
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });
});

describe('speed', () => {
  it('refuses hostile text in linear time', () => {
    for (const text of [
      `{"a":"${'\\"'.repeat(4_000_000)}`,
      `{"a":${' '.repeat(8_000_000)}x}`,
      `{${'"a":1,'.repeat(1_000_000)}"b":1}`,
      `[${'-'.repeat(60)}`,
    ]) {
      const start = processorTime();
      refusal(text);
      expect(processorTime() - start).toBeLessThan(1500);
    }
  });
});

describe('a Consent', () => {
  const nested = (levels: number): string => {
    const coding = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' }];
    let provision: object = {
      type: 'deny',
      actor: [{ role: { coding }, reference: { reference: 'Device/a' } }],
    };
    for (let at = 1; at < levels; at += 1) provision = { type: 'permit', provision: [provision] };
    return JSON.stringify({ resourceType: 'Consent', provision });
  };

  it('has 47 provisions inside each other at most; a deeper one is refused as a whole', () => {
    expect(parse(nested(47))).toEqual(JSON.parse(nested(47)));
    expect(refusal(nested(48)).text).toMatch(/^the JSON is nested deeper than 99 levels/);
  });
});
