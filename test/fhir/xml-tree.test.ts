/** https://www.w3.org/TR/xml-names/ */
import { FhirError } from '../../src/fhir/outcome.ts';
import { child, childrenOf, parseXml, textOf } from '../../src/fhir/xml-tree.ts';

const parse = (text: string) => parseXml(Buffer.from(text));

it('reads elements, attributes and texts, with their namespaces and without prefixes', () => {
  const root = parse('<a:r xmlns:a="urn:a" x="1" a:x="2"><a:b>one <i>two</i></a:b><b/><![CDATA[<3>]]></a:r>');
  expect([root.name, root.namespace, root.attributes.x]).toEqual(['r', 'urn:a', '1']);
  expect(childrenOf(root, 'b').map(({ namespace }) => namespace)).toEqual(['urn:a', '']);
  expect(textOf(child(root, 'b'))).toBe('one two');
  expect(textOf(root)).toBe('one two<3>');
  expect(child(root, 'b', 'none', 'i')).toBeUndefined();
});

it('reads the encoding that is declared', () => {
  const latin = Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><r>é</r>', 'latin1');
  expect(textOf(parseXml(latin))).toBe('é');
  expect(textOf(parseXml(Buffer.from('\ufeff<r>é</r>', 'utf16le')))).toBe('é');
  expect(() => parseXml(Buffer.from('<r>é</r>', 'latin1'))).toThrow('not in its encoding');
});

it.each([
  ['entities that it defines', '<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>', 'document type'],
  ['files that it would fetch', '<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>', 'document type'],
  ['entities that grow', '<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><r>&b;</r>', 'document type'],
  ['entities that nobody defined', '<r>&unknown;</r>', 'not well formed'],
  ['an end that is missing', '<r><b></r>', 'not well formed'],
  ['a second root', '<r/><r/>', 'not well formed'],
  ['a prefix without a namespace', '<a:r/>', 'not well formed'],
  ['nothing', '', 'not well formed'],
  ['depth', '<a>'.repeat(300) + '</a>'.repeat(300), 'deeper'],
])('refuses %s', (_, text, why) => {
  expect(() => parse(text)).toThrow(FhirError);
  expect(() => parse(text)).toThrow(why);
});
