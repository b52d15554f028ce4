/**
 * Another implementation reads our XML as what was written, and we read its. It writes decimals as text and changes
 * blanks in narratives (docs/decisions/0037-xml.md): of these the value is compared, and the words.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { Fhir } from 'fhir/fhir.js';
import type { Json } from '../../src/fhir/resource.ts';
import { jsonOf } from '../../src/fhir/xml/read.ts';
import { xmlOf } from '../../src/fhir/xml/write.ts';

const EXAMPLES = new URL('../../../shared/examples/hl7-r4/', import.meta.url);
const files = readdirSync(EXAMPLES).filter((name) => name.endsWith('.json'));
const other = new Fhir();

/** Members in one order, what both mean by a value in one form. */
function meant(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => meant(each, name));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, each]) => [key, meant(each, key)] as const)
        .sort(([one], [two]) => (one < two ? -1 : 1)),
    );
  if (name === 'div') return words(String(value));
  const text = String(value);
  return /^-?\d+\.\d+$/.test(text) ? Number(text) : text;
}

/** Without tags, references to characters and blanks. */
const words = (html: string): string => html.replaceAll(/<[^>]*>|&[#\w]+;|[\s\u00A0'"&<>]/g, '');

it('there are examples to try', () => {
  expect(files.length).toBeGreaterThan(100);
});

it.each(files)('%s is read as it was written, there and here', (name) => {
  const bytes = readFileSync(new URL(name, EXAMPLES));
  const resource = JSON.parse(bytes.toString()) as Json;
  expect(meant(other.xmlToObj(xmlOf(bytes).toString()))).toEqual(meant(resource));
  const theirs = Buffer.from(other.objToXml(resource as never));
  expect(meant(JSON.parse(jsonOf(theirs).toString()))).toEqual(meant(resource));
});
