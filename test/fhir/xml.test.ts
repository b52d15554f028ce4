/** XML to JSON and back: nothing is lost, and nothing comes in that is no resource. */
import { readdirSync, readFileSync } from 'node:fs';
import { parseJson, stringifyJson } from '../../src/fhir/json.ts';
import { FhirError } from '../../src/fhir/outcome.ts';
import type { Json } from '../../src/fhir/resource.ts';
import { readConformance } from '../../src/fhir/conformance/files.ts';
import { jsonOf } from '../../src/fhir/xml/read.ts';
import { xmlOf } from '../../src/fhir/xml/write.ts';
import { parseElements } from '../../src/fhir/xml/elements.ts';

const XMLNS = 'xmlns="http://hl7.org/fhir"';
const toXml = (json: string): string => xmlOf(Buffer.from(json)).toString();
const toJson = (xml: string): string => jsonOf(Buffer.from(xml)).toString();
/** Members in one order; decimals as they are written. */
const canonical = (bytes: Buffer): string => {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== 'object' || value === null) return value;
    const text = parseJson(Buffer.from(stringifyJson({ value }))).value as Json;
    return Object.fromEntries(
      Object.keys(text)
        .sort()
        .map((key) => [key, sorted(text[key])]),
    );
  };
  const decimals = (bytes.toString().match(/:\s*-?\d[\d.eE+-]*/g) ?? []).map((each) =>
    each.replace(/\s/g, ''),
  );
  return JSON.stringify([sorted(parseJson(bytes)), decimals.sort()]);
};

const EXAMPLES = new URL('../../../shared/examples/hl7-r4/', import.meta.url);
function examples(): [string, Buffer][] {
  const own = (['StructureDefinition', 'ValueSet', 'CodeSystem', 'ConceptMap'] as const)
    .flatMap((type) => readConformance(type))
    .map((each): [string, Buffer] => [`${each.resourceType}/${each.id}`, Buffer.from(JSON.stringify(each))]);
  try {
    const files = readdirSync(EXAMPLES).filter((name) => name.endsWith('.json'));
    return [...own, ...files.map((name): [string, Buffer] => [name, readFileSync(new URL(name, EXAMPLES))])];
  } catch {
    return own;
  }
}

it.each(examples())('%s comes back as it was', (_, bytes) => {
  expect(canonical(jsonOf(xmlOf(bytes)))).toBe(canonical(bytes));
});

const DIV =
  '<div xmlns="http://www.w3.org/1999/xhtml"><p>a &amp; b  &lt; c<br/> <b>x</b> tail</p><!-- c --></div>';
it.each<[string, string]>([
  [
    'decimals as they are written',
    '{"resourceType":"Observation","valueQuantity":{"value":1.00},"component":[{"valueQuantity":{"value":1e-10}},{"valueQuantity":{"value":0.10}}]}',
  ],
  [
    'a primitive with an extension and an id',
    '{"resourceType":"Patient","birthDate":"2000","_birthDate":{"id":"b","extension":[{"url":"http://x","valueDateTime":"2000-01-01"}]}}',
  ],
  [
    'a primitive with an extension only',
    '{"resourceType":"Patient","_birthDate":{"extension":[{"url":"http://x","valueDecimal":0.10}]}}',
  ],
  [
    'an array with gaps',
    '{"resourceType":"Patient","name":[{"given":["A",null,"C"],"_given":[null,{"extension":[{"url":"http://x","valueBoolean":false}]},{"id":"c"}]}]}',
  ],
  [
    'contained resources',
    '{"resourceType":"List","id":"l","contained":[{"resourceType":"Patient","id":"p","active":true},{"resourceType":"Group","type":"person","actual":false}],"status":"current","mode":"working"}',
  ],
  [
    'a Bundle in a Bundle',
    '{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Bundle","type":"document","total":0}}]}',
  ],
  ['base64', '{"resourceType":"Binary","contentType":"text/plain","data":"QUJD\\nREVG+/=="}'],
  [
    'blanks, line ends, quotes and signs',
    JSON.stringify({ resourceType: 'Basic', code: { text: '  a\n\tb\r\n "c" <d> & \' é 😀 ' } }),
  ],
  [
    'an id of an element, and Extension.url',
    '{"resourceType":"Patient","id":"p","extension":[{"id":"e","url":"http://x?a&b","extension":[{"url":"y","valueCode":"z"}]}],"name":[{"id":"n","text":"t"}]}',
  ],
  [
    'a narrative as it is',
    JSON.stringify({ resourceType: 'Patient', text: { status: 'generated', div: DIV } }),
  ],
])('keeps %s', (_, json) => {
  expect(canonical(Buffer.from(toJson(toXml(json))))).toBe(canonical(Buffer.from(json)));
});

it('writes elements in their order, values as attributes', () => {
  const json = '{"active":true,"resourceType":"Patient","name":[{"given":["B"],"family":"A"}],"id":"p"}';
  expect(toXml(json)).toBe(
    `<?xml version="1.0" encoding="UTF-8"?><Patient ${XMLNS}><id value="p"/><active value="true"/><name><family value="A"/><given value="B"/></name></Patient>`,
  );
});

it('gives characters that XML can not hold up, and names of HTML their numbers', () => {
  const div = '<div xmlns="http://www.w3.org/1999/xhtml">a&nbsp;&eacute;&strange;&amp;</div>';
  const xml = toXml(
    JSON.stringify({
      resourceType: 'Patient',
      text: { status: 'generated', div },
      name: [{ text: 'a\u0001b\ud800c' }],
    }),
  );
  expect(xml).toContain('a&#160;&#233;&amp;strange;&amp;</div>');
  expect(xml).toContain('value="a\ufffdb\ufffdc"');
  expect(() => parseElements(Buffer.from(xml))).not.toThrow();
});

it('reads prefixes, schema locations, comments and CDATA of blanks', () => {
  const xml = `<?xml version="1.0"?><!-- hello --><f:Patient xmlns:f="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b"><f:active value="true"/><?go on?>
  <!-- more --></f:Patient>`;
  expect(toJson(xml)).toBe('{"resourceType":"Patient","active":true}');
});

it('leaves what is no boolean or number as text, for the validation to tell', () => {
  expect(toJson(`<Patient ${XMLNS}><active value="yes"/><multipleBirthInteger value="01"/></Patient>`)).toBe(
    '{"resourceType":"Patient","active":"yes","multipleBirthInteger":"01"}',
  );
});

const patient = (content: string) => `<Patient ${XMLNS}>${content}</Patient>`;
const deep = (depth: number) => '<extension url="x">'.repeat(depth) + '</extension>'.repeat(depth);
const laughs = `<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]>${patient('<id value="&b;"/>')}`;
it.each<[string, string | Buffer, RegExp]>([
  ['a document type', laughs, /document type/],
  [
    'an external entity',
    `<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]>${patient('<id value="&x;"/>')}`,
    /document type/,
  ],
  ['an entity that is not defined', patient('<id value="&x;"/>'), /not well formed/],
  ['what is not well formed', patient('<id value="a">'), /not well formed/],
  ['an attribute twice', patient('<id value="a" value="b"/>'), /not well formed/],
  ['two roots', `${patient('')}${patient('')}`, /not well formed/],
  ['nothing', '', /not well formed|no element/],
  ['another namespace', '<Patient xmlns="http://else.example"/>', /no resource/],
  ['no namespace', '<Patient/>', /no resource/],
  ['no resource', `<HumanName ${XMLNS}/>`, /no resource/],
  [
    'an element of another namespace',
    patient('<active xmlns="http://else.example" value="true"/>'),
    /namespace/,
  ],
  ['an unknown element', patient('<nope value="1"/>'), /`nope` is unknown/],
  ['an unknown attribute', patient('<active value="true" nope="1"/>'), /attribute `nope`/],
  ['text in an element', patient('<active>true</active>'), /text is not allowed/],
  ['an element twice that there is once', patient('<active value="true"/><active value="false"/>'), /twice/],
  ['an element without anything', patient('<active/>'), /neither a value/],
  ['two resources in one place', patient(`<contained><Patient/><Patient/></contained>`), /one resource/],
  [
    'a prefixed narrative',
    patient('<text><status value="empty"/><h:div xmlns:h="http://www.w3.org/1999/xhtml"/></text>'),
    /narrative/,
  ],
  ['a child named like a property of objects', patient('<__proto__ value="1"/>'), /unknown/],
  ['an attribute named like one', patient('<active value="true" __proto__="1"/>'), /attribute/],
  ['what is nested too deep', patient(deep(200)), /nested deeper/],
  [
    'a narrative that is nested too deep',
    patient(
      `<text><status value="empty"/><div xmlns="http://www.w3.org/1999/xhtml">${'<p>'.repeat(200)}${'</p>'.repeat(200)}</div></text>`,
    ),
    /nested deeper/,
  ],
  ['another encoding', `<?xml version="1.0" encoding="UTF-16"?>${patient('')}`, /encoding/],
  ['bytes that are no UTF-8', Buffer.from([0x3c, 0xff, 0xfe]), /UTF-8/],
])('refuses %s', (_, xml, says) => {
  const read = () => jsonOf(Buffer.isBuffer(xml) ? xml : Buffer.from(xml));
  expect(read).toThrow(FhirError);
  expect(read).toThrow(says);
});
