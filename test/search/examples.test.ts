/** HL7's own examples: all are indexed, and what is selected from them is what the fhirpath library selects. */
import { readdirSync, readFileSync } from 'node:fs';
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4/index.js';
import type { Resource } from '../../src/fhir/resource.ts';
import { definitionsOf } from '../../src/search/definitions.ts';
import { indexResource } from '../../src/search/index.ts';
import { parametersOf } from '../../src/search/parameter.ts';
import { BASE, finds } from './support/search.ts';

const folder = new URL('../../../shared/examples/hl7-r4/', import.meta.url);
const examples = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Resource);

/** The library knows no resolve(), and casts single values only. */
function rewritten(expression: string): string {
  return expression
    .replace(/where\(resolve\(\) is (\w+)\)/g, "where(reference.matches('(^|/)$1/') or type = '$1')")
    .replace(/ as (\w+)/g, '.ofType($1)')
    .replace(/\.as\((\w+)\)/g, '.ofType($1)');
}

describe("HL7's examples", () => {
  it('are 107, and each is indexed', () => {
    expect(examples.length).toBe(107);
    for (const example of examples) {
      const { terms, refs, ids } = indexResource(example, BASE);
      expect(terms.length + refs.length).toBeGreaterThan(0);
      expect(terms).toEqual(expect.arrayContaining(ids));
      expect(new Set(terms).size).toBe(terms.length);
    }
  });

  it('select what the fhirpath library selects', () => {
    const compiled = new Map<string, (resource: Resource) => unknown[]>();
    let selected = 0;
    for (const example of examples) {
      for (const [code, { expression, type }] of definitionsOf(example.resourceType)) {
        const text = rewritten(expression);
        const evaluate =
          compiled.get(text) ?? (fhirpath.compile(text, r4) as (resource: Resource) => unknown[]);
        compiled.set(text, evaluate);
        const expected = JSON.parse(JSON.stringify(evaluate(example))) as unknown[];
        const parameter = parametersOf(example.resourceType).get(code);
        const found = (parameter?.select(example, example) ?? []).map(({ value }) => value);
        // a union of the library drops equal values
        const distinct = [...new Set(found.map((value) => JSON.stringify(value)))];
        const wanted = [...new Set(expected.map((value) => JSON.stringify(value)))];
        if (type === 'composite') continue;
        expect([example.resourceType, example.id, code, distinct.sort()]).toEqual([
          example.resourceType,
          example.id,
          code,
          wanted.sort(),
        ]);
        selected += found.length;
      }
    }
    expect(selected).toBeGreaterThan(1000);
  });

  it.each([
    [
      'Patient',
      'example',
      'identifier=urn:oid:1.2.36.146.595.217.0.1|12345&family=chal&birthdate=lt1980&gender=male',
    ],
    [
      'Patient',
      'example',
      'address-city=pleasantville&telecom=phone|(03) 5555 6473&organization=1&deceased=false',
    ],
    ['Encounter', 'f001', 'class=AMB&subject:Patient=f001&length=140||min'],
    [
      'Immunization',
      'example',
      'vaccine-code=urn:oid:1.2.36.1.2001.1005.17|FLUVAX&lot-number=aaj&date=2013-01-10',
    ],
    [
      'AllergyIntolerance',
      'example',
      'code=227493005&onset=2012-06&criticality=high&patient=Patient/example',
    ],
    [
      'DocumentReference',
      'example',
      'relationship=DocumentReference/example$appends&period=2004-12&contenttype=application/hl7-v3%2Bxml',
    ],
    ['Location', '1', 'name=south&address-postalcode=9105&partof:missing=true'],
  ])('%s/%s is found by %s', (type, id, query) => {
    const example = examples.find((each) => each.resourceType === type && each.id === id);
    expect(example && finds(query, example)).toBe(true);
  });
});
