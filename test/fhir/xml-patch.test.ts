/** https://www.rfc-editor.org/rfc/rfc5261 */
import { FhirError } from '../../src/fhir/outcome.ts';
import { parseJson, stringifyJson } from '../../src/fhir/json.ts';
import { applyPatch, patchIn, xmlPatch } from '../../src/fhir/patch/index.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { processorTime } from '../support/processor.ts';

const patient = (): Resource => ({
  resourceType: 'Patient',
  id: 'p1',
  meta: { versionId: '3', lastUpdated: '2026-01-01T00:00:00Z' },
  text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">caf&eacute;</div>' },
  contained: [{ resourceType: 'Organization', id: 'o', name: 'N' }],
  extension: [
    { url: 'urn:a', valueString: '1' },
    { url: 'urn:b', valueString: '2' },
  ],
  active: true,
  name: [
    { use: 'official', family: 'Martin', given: ['Anne', 'Marie'], _given: [null, { id: 'm' }] },
    { use: 'usual', family: 'Petit' },
  ],
  telecom: [{ system: 'phone', value: '1' }],
  birthDate: '1980-01-01',
  _birthDate: { extension: [{ url: 'urn:t', valueTime: '08:00:00' }] },
});

const diff = (operations: string): Buffer =>
  Buffer.from(
    `<diff xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml">${operations}</diff>`,
  );
const run = (operations: string, resource = patient()): Resource => xmlPatch(resource, diff(operations));

/** What a patch is refused with. */
function refusal(attempt: () => unknown): { status: number; code: string; text: string } {
  try {
    attempt();
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return { status: error.status, code: error.issues[0]!.code, text: error.issues[0]!.text };
  }
  throw new Error('was not refused');
}

type Look = (patched: Resource) => unknown;
const names: Look = ({ name }) => (name as Json[]).map(({ use }) => use);
const given: Look = ({ name }) => [(name as Json[])[0]!.given, (name as Json[])[0]!._given];

const accepted: [string, string, Look, unknown][] = [
  [
    'replaces a value',
    '<replace sel="f:Patient/f:birthDate/@value">1981-02-03</replace>',
    ({ birthDate, _birthDate }) => [birthDate, _birthDate],
    ['1981-02-03', { extension: [{ url: 'urn:t', valueTime: '08:00:00' }] }],
  ],
  [
    'takes a path from the root on',
    '<replace sel="/f:Patient/f:active/@value">false</replace>',
    (p) => p.active,
    false,
  ],
  ['takes `*` for a name', '<replace sel="*/f:active/@value">false</replace>', (p) => p.active, false],
  [
    'takes names without a namespace for FHIR’s',
    '<add sel="Patient"><gender value="female"/></add>',
    (p) => p.gender,
    'female',
  ],
  [
    'knows its operations by any namespace',
    '<p:remove xmlns:p="urn:ietf:rfc:7351" sel="f:Patient/f:active"/>',
    (p) => 'active' in p,
    false,
  ],
  [
    'takes the default namespace where one is declared',
    '<remove xmlns="http://hl7.org/fhir" sel="Patient/active"/>',
    (p) => 'active' in p,
    false,
  ],
  ['adds an element', '<add sel="f:Patient"><f:gender value="female"/></add>', (p) => p.gender, 'female'],
  [
    'adds several, in their order, where R4 has them',
    '<add sel="f:Patient"><f:name><f:use value="old"/></f:name><f:gender value="male"/><f:name><f:use value="temp"/></f:name></add>',
    (p) => [names(p), p.gender],
    [['official', 'usual', 'old', 'temp'], 'male'],
  ],
  [
    'adds in front',
    '<add sel="f:Patient" pos="prepend"><f:name><f:use value="old"/></f:name><f:name><f:use value="temp"/></f:name></add>',
    names,
    ['old', 'temp', 'official', 'usual'],
  ],
  [
    'adds before one of the same name',
    '<add sel="f:Patient/f:name[2]" pos="before"><f:name><f:use value="old"/></f:name></add>',
    names,
    ['official', 'old', 'usual'],
  ],
  [
    'adds after one of the same name',
    '<add sel="f:Patient/f:name[1]" pos="after"><f:name><f:use value="old"/></f:name></add>',
    names,
    ['official', 'old', 'usual'],
  ],
  [
    'adds beside one of another name',
    '<add sel="f:Patient/f:active" pos="after"><f:name><f:use value="old"/></f:name></add><add sel="f:Patient/f:telecom" pos="before"><f:name><f:use value="temp"/></f:name></add>',
    names,
    ['old', 'official', 'usual', 'temp'],
  ],
  [
    'adds an extension to a value',
    '<add sel="f:Patient/f:active"><f:extension url="urn:x"><f:valueCode value="y"/></f:extension></add>',
    (p) => [p.active, p._active],
    [true, { extension: [{ url: 'urn:x', valueCode: 'y' }] }],
  ],
  [
    'adds to a list of values, beside what they carry',
    '<add sel="f:Patient/f:name[1]/f:given[1]" pos="before"><f:given value="Zoé" id="z"/></add>',
    given,
    [
      ['Zoé', 'Anne', 'Marie'],
      [{ id: 'z' }, null, { id: 'm' }],
    ],
  ],
  [
    'adds an attribute',
    '<add sel="f:Patient/f:name[1]/f:given[1]" type="@id">a</add>',
    given,
    [
      ['Anne', 'Marie'],
      [{ id: 'a' }, { id: 'm' }],
    ],
  ],
  [
    'replaces an element',
    '<replace sel="f:Patient/f:telecom[1]"><f:telecom><f:value value="2"/></f:telecom></replace>',
    (p) => p.telecom,
    [{ value: '2' }],
  ],
  [
    'replaces a value of a choice by one of another type',
    '<replace sel="f:Patient/f:extension[@url=\'urn:b\']/f:valueString"><f:valueBoolean value="false"/></replace>',
    (p) => (p.extension as Json[])[1],
    { url: 'urn:b', valueBoolean: false },
  ],
  [
    'replaces the address of an extension',
    '<replace sel="f:Patient/f:extension[1]/@url">urn:c</replace>',
    (p) => (p.extension as Json[])[0]!.url,
    'urn:c',
  ],
  [
    'replaces a narrative',
    '<replace sel="f:Patient/f:text/h:div"><div xmlns="http://www.w3.org/1999/xhtml">thé</div></replace>',
    (p) => p.text,
    { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">thé</div>' },
  ],
  [
    'goes into what is contained',
    '<replace sel="f:Patient/f:contained/f:Organization/f:name/@value">M</replace>',
    (p) => p.contained,
    [{ resourceType: 'Organization', id: 'o', name: 'M' }],
  ],
  [
    'replaces what is contained',
    '<replace sel="f:Patient/f:contained/f:Organization"><f:Organization><f:id value="o"/><f:name value="M"/></f:Organization></replace>',
    (p) => p.contained,
    [{ resourceType: 'Organization', id: 'o', name: 'M' }],
  ],
  ['removes an element', '<remove sel="f:Patient/f:telecom" ws="both"/>', (p) => 'telecom' in p, false],
  [
    'removes a value and keeps what it carries',
    '<remove sel="f:Patient/f:birthDate/@value"/>',
    (p) => ['birthDate' in p, p._birthDate],
    [false, { extension: [{ url: 'urn:t', valueTime: '08:00:00' }] }],
  ],
  [
    'removes what conditions find',
    `<remove sel="f:Patient/f:name[ f:use/@value = 'usual' ]"/>`,
    names,
    ['official'],
  ],
  [
    'knows conditions within conditions',
    `<remove sel="f:Patient[f:name[f:use/@value='usual']/f:family/@value=&quot;Petit&quot;]/f:active"/>`,
    (p) => 'active' in p,
    false,
  ],
  [
    'carries out operations in their order',
    '<remove sel="f:Patient/f:name[1]"/><replace sel="f:Patient/f:name[1]/f:family/@value">Grand</replace>',
    (p) => p.name,
    [{ use: 'usual', family: 'Grand' }],
  ],
];

it.each(accepted)('%s', (_sentence, operations, look, wanted) => {
  const original = patient();
  expect(look(run(operations, original))).toEqual(wanted);
  expect(original).toEqual(patient());
});

it('changes nothing that it does not name, to the digit', () => {
  const text =
    '{"resourceType":"Observation","id":"o","text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"> &nbsp;x </div>"},"valueQuantity":{"value":1.50},"note":[{"text":"a\\u0007"}],"status":"final"}';
  const before = parseJson(Buffer.from(text)) as Resource;
  const after = xmlPatch(before, diff('<replace sel="f:Observation/f:status/@value">amended</replace>'));
  expect(stringifyJson(after)).toBe(text.replace('final', 'amended'));
  const other = xmlPatch(
    before,
    diff('<replace sel="f:Observation/f:valueQuantity/f:value/@value">2.00</replace>'),
  );
  expect(stringifyJson(other)).toBe(text.replace('1.50', '2.00'));
  const found = `<remove sel="f:Observation/f:valueQuantity[f:value/@value='1.50']"/>`;
  expect(xmlPatch(before, diff(found))).not.toHaveProperty('valueQuantity');
});

it('leaves version and time to the server', () => {
  const patched = run('<remove sel="f:Patient/f:meta"/>');
  expect(patched.meta).toEqual(patient().meta);
});

const nested = `${'<f:extension url="u">'.repeat(110)}${'</f:extension>'.repeat(110)}`;
const refused: [string, string, number, string][] = [
  ['an operation of another name', '<merge sel="f:Patient"/>', 400, 'value'],
  ['a name of Object’s', '<constructor sel="f:Patient"/>', 400, 'value'],
  ['a missing selector', '<remove/>', 400, 'required'],
  ['an empty selector', '<remove sel=""/>', 400, 'invalid'],
  ['any depth', '<remove sel="f:Patient//f:family"/>', 400, 'invalid'],
  ['an axis', '<remove sel="f:Patient/child::f:name"/>', 400, 'invalid'],
  ['a way up', '<remove sel="f:Patient/f:name/.."/>', 400, 'invalid'],
  ['a function', '<remove sel="f:Patient/f:name[last()]"/>', 400, 'invalid'],
  ['id()', `<remove sel="id('p1')"/>`, 400, 'invalid'],
  ['text()', '<remove sel="f:Patient/f:text/h:div/text()"/>', 400, 'invalid'],
  ['a variable', '<remove sel="f:Patient/f:name[$x=1]"/>', 400, 'invalid'],
  ['the text of an element', `<remove sel="f:Patient/f:name[f:use='usual']"/>`, 400, 'invalid'],
  ['conditions nested too deep', `<remove sel="f:Patient${'[f:name'.repeat(9)}"/>`, 400, 'invalid'],
  ['an undeclared prefix', '<remove sel="g:Patient/g:active"/>', 400, 'invalid'],
  ['an overlong selector', `<remove sel="f:Patient${'/f:name'.repeat(200)}"/>`, 400, 'too-long'],
  ['a path of another namespace', '<remove xmlns:g="urn:g" sel="g:Patient/g:active"/>', 422, 'processing'],
  ['a path of another type', '<remove sel="f:Observation/f:status"/>', 422, 'processing'],
  ['a path to nothing', '<remove sel="f:Patient/f:gender"/>', 422, 'processing'],
  ['a path to an attribute that is not there', '<remove sel="f:Patient/f:active/@id"/>', 422, 'processing'],
  ['a path to several', '<remove sel="f:Patient/f:name"/>', 422, 'processing'],
  ['a path into a narrative', '<remove sel="f:Patient/f:text/h:div/h:p"/>', 422, 'processing'],
  ['__proto__ in a path', '<remove sel="f:Patient/f:__proto__"/>', 422, 'processing'],
  ['an element that R4 has not', '<add sel="f:Patient"><f:shoe value="1"/></add>', 422, 'processing'],
  [
    'an attribute as an element',
    '<add sel="f:Patient/f:extension[1]"><f:url value="u"/></add>',
    422,
    'processing',
  ],
  ['an attribute that R4 has not', '<add sel="f:Patient/f:name[1]" type="@value">x</add>', 422, 'processing'],
  [
    'an attribute that is there',
    '<add sel="f:Patient/f:active" type="@value">false</add>',
    422,
    'processing',
  ],
  ['a namespace', '<add sel="f:Patient" type="namespace::x">urn:x</add>', 400, 'value'],
  ['an unknown place', '<add sel="f:Patient" pos="inside"><f:gender value="male"/></add>', 400, 'value'],
  ['text among elements', '<add sel="f:Patient">x<f:gender value="male"/></add>', 422, 'processing'],
  ['an add of nothing', '<add sel="f:Patient"/>', 400, 'required'],
  ['an add of what is there', '<add sel="f:Patient"><f:active value="true"/></add>', 422, 'processing'],
  ['an add beside the resource', '<add sel="f:Patient" pos="after"><f:name/></add>', 422, 'business-rule'],
  [
    'a second resource in one place',
    '<add sel="f:Patient/f:contained"><f:Patient/></add>',
    422,
    'processing',
  ],
  ['a replacement of the whole', '<replace sel="f:Patient"><f:Patient/></replace>', 422, 'business-rule'],
  [
    'a replacement by two',
    '<replace sel="f:Patient/f:active"><f:active value="true"/><f:active value="true"/></replace>',
    422,
    'processing',
  ],
  [
    'an element in an attribute’s place',
    '<replace sel="f:Patient/f:active/@value"><f:active/></replace>',
    422,
    'processing',
  ],
  ['an empty attribute', '<replace sel="f:Patient/f:active/@value"/>', 400, 'value'],
  [
    'an element of another namespace',
    '<add sel="f:Patient"><x:gender xmlns:x="urn:x" value="male"/></add>',
    400,
    'structure',
  ],
  [
    'text in an element',
    '<add sel="f:Patient"><f:name><f:family>M</f:family></f:name></add>',
    400,
    'structure',
  ],
  ['a removal of the whole', '<remove sel="f:Patient"/>', 422, 'business-rule'],
  [
    'a removal of a contained resource alone',
    '<remove sel="f:Patient/f:contained/f:Organization"/>',
    422,
    'processing',
  ],
  ['a removal of the only value', '<remove sel="f:Patient/f:active/@value"/>', 422, 'processing'],
  ['a removal that holds something', '<remove sel="f:Patient/f:active">x</remove>', 400, 'invalid'],
  ['blanks of another kind', '<remove sel="f:Patient/f:active" ws="all"/>', 400, 'value'],
  ['another id', '<replace sel="f:Patient/f:id/@value">p2</replace>', 422, 'business-rule'],
  ['what is nested too deep', `<add sel="f:Patient">${nested}</add>`, 400, 'structure'],
  ['more than 1,000 operations', '<remove sel="f:Patient/f:gender"/>'.repeat(1001), 413, 'too-long'],
  ['more than 1 MiB', `<!--${' '.repeat(1024 * 1024)}-->`, 413, 'too-long'],
];
it.each(refused)('refuses %s', (_sentence, operations, status, code) => {
  expect(refusal(() => run(operations))).toMatchObject({ status, code });
});

it.each([
  ['what is no XML', '{"op":"remove"}'],
  ['entities', '<!DOCTYPE diff [<!ENTITY x "y">]><diff><remove sel="&x;"/></diff>'],
  ['a resource', '<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>'],
])('refuses %s as a patch', (_what, text) => {
  expect(refusal(() => xmlPatch(patient(), Buffer.from(text)))).toMatchObject({
    status: 400,
    code: 'structure',
  });
});

it('names the operation that was refused', () => {
  const operations = '<remove sel="f:Patient/f:active"/><remove sel="f:Patient/f:active"/>';
  expect(refusal(() => run(operations)).text).toMatch(/^operation 1: .*finds 0 nodes/);
});

it('adds to a list of values of which each is said to be absent', () => {
  const absent = { extension: [{ url: 'urn:absent', valueCode: 'unknown' }] };
  const resource = { resourceType: 'Patient', id: 'p', name: [{ _given: [absent] }] };
  const added = xmlPatch(resource, diff('<add sel="f:Patient/f:name"><f:given value="Zoé"/></add>'));
  expect(added.name).toEqual([{ given: [null, 'Zoé'], _given: [absent, null] }]);
});

it('stays within its time with hostile selectors on a large resource', () => {
  const large = {
    ...patient(),
    name: Array.from({ length: 20_000 }, (_, i) => ({ family: `f${i}`, given: ['a', 'b'] })),
  };
  const condition = `[f:given/@value='x']`;
  for (const operation of [
    `<remove sel="f:Patient/f:name[f:family/@value='none']"/>`,
    `<remove sel="f:Patient/f:name${condition.repeat(30)}"/>`,
    `<remove sel="f:Patient[*[*/@value='x']/*/@value='y']/f:active"/>`,
    `<remove sel="*/*/*[999999]"/>`,
    `<replace sel="f:Patient/f:name[f:family/@value='f5']/f:given[1]/@value">x</replace>`,
    `<add sel="f:Patient/f:name[5]" pos="before"><f:name/></add>`,
  ]) {
    const start = processorTime();
    const { code } = refusal(() =>
      run(`<add sel="f:Patient"><f:gender value="male"/></add>${operation.repeat(900)}`, large),
    );
    expect(['too-costly', 'processing']).toContain(code);
    expect(processorTime() - start).toBeLessThan(2_000);
  }
});

it('adds as many elements as fit', () => {
  const start = processorTime();
  const added = run(
    `<add sel="f:Patient/f:name[1]" pos="prepend">${'<f:given value="a" id="b"/>'.repeat(30_000)}</add>`,
  );
  expect(given(added)).toEqual([
    [...Array<string>(30_000).fill('a'), 'Anne', 'Marie'],
    [...Array<Json>(30_000).fill({ id: 'b' }), null, { id: 'm' }],
  ]);
  expect(processorTime() - start).toBeLessThan(2_000);
  expect((run(`<add sel="f:Patient">${'<f:name/>'.repeat(100_000)}</add>`).name as Json[]).length).toBe(
    100_002,
  );
});

it('travels as the content of a Binary', () => {
  const bytes = diff('<remove sel="f:Patient/f:active"/>');
  expect(applyPatch(patient(), patchIn('application/xml-patch+xml', bytes))).not.toHaveProperty('active');
});
