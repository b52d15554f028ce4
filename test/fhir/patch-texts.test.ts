/** What a patch says, whether or not it stood there before. */
import { patchIn } from '../../src/fhir/patch/index.ts';
import { textsIn } from '../../src/fhir/patch/texts.ts';

const MASK = { coding: [{ code: 'MASK' }] };
const inBundle = (type: string, text: string) => patchIn(type, Buffer.from(text));
const xml = (operation: string) =>
  inBundle('application/xml-patch+xml', `<diff xmlns:f="http://hl7.org/fhir">${operation}</diff>`);
const parameters = (...part: object[]) => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'operation', part }],
});

it.each<[string, unknown, boolean]>([
  ['a JSON Patch that adds it', [{ op: 'add', path: '/securityLabel/-', value: MASK }], true],
  [
    'one that writes the code alone',
    [{ op: 'replace', path: '/securityLabel/0/coding/0/code', value: 'MASK' }],
    true,
  ],
  ['one that only tests it', [{ op: 'test', path: '/securityLabel/0', value: MASK }], false],
  ['one that takes something off', [{ op: 'remove', path: '/securityLabel/0' }], false],
  [
    'one in a Bundle',
    inBundle('application/json-patch+json', JSON.stringify([{ op: 'add', path: '/a', value: MASK }])),
    true,
  ],
  ['a FHIRPath Patch that adds it', parameters({ name: 'value', valueCoding: { code: 'MASK' } }), true],
  [
    'one that finds it',
    parameters({ name: 'path', valueString: "securityLabel.where(coding.code='MASK')" }),
    false,
  ],
  [
    'an XML Patch that writes the code',
    xml('<replace sel="f:D/f:securityLabel/f:coding/f:code/@value"> MASK </replace>'),
    true,
  ],
  [
    'one that adds it',
    xml(
      '<add sel="f:D"><f:securityLabel><f:coding><f:code value="MASK"/></f:coding></f:securityLabel></add>',
    ),
    true,
  ],
  [
    'one that writes it by character references',
    xml('<replace sel="f:D/f:x/@value">&#77;ASK</replace>'),
    true,
  ],
  ['one that finds it', xml(`<remove sel="f:D/f:securityLabel[f:coding/f:code/@value='MASK']"/>`), false],
])('%s', (_, patch, isSaid) => {
  expect(textsIn(patch).has('MASK')).toBe(isSaid);
});
