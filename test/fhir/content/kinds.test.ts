/** What content is taken, and what it looks like. Every kind that is known, in and out of what a deployment takes. */
import { contentTypes } from '../../../src/config/values.ts';
import { contentCheck } from '../../../src/fhir/content/check.ts';
import { DOCUMENTS_TAKEN, OF_DOCUMENTS, type Taken, elsewhere } from '../../../src/fhir/content/taken.ts';
import { CT_IMAGE, DEFLATED, IMPLICIT, KEY_OBJECT_SELECTION, type Said, dicom } from '../../support/dicom.ts';

const read = contentTypes(OF_DOCUMENTS);

function faultOf(
  contentType: string,
  content: string | Buffer,
  taken: Taken = DOCUMENTS_TAKEN,
): string | undefined {
  const check = contentCheck(contentType, taken);
  check.take(typeof content === 'string' ? Buffer.from(content, 'latin1') : content);
  return check.end();
}

const zip = (name: string, ...names: string[]): string =>
  `PK\x03\x04${'\0'.repeat(22)}${String.fromCharCode(name.length)}\0\0\0${name}${names.join('PK\x01\x02')}PK\x05\x06`;
const WORD = zip('[Content_Types].xml', 'word/document.xml');
const odt = 'application/vnd.oasis.opendocument.text';

const BEYOND: [group: string, type: string, content: string | Buffer][] = [
  ['office', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', WORD],
  [
    'office',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    zip('_rels/.rels', 'xl/workbook.xml', '[Content_Types].xml'),
  ],
  ['office', odt, zip('mimetype').replace('mimetypePK', `mimetype${odt}PK`)],
  ['office', 'application/msword', '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'],
  ['audio', 'audio/mpeg', 'ID3\x04'],
  ['audio', 'audio/mpeg', '\xff\xfb\x90'],
  ['audio', 'audio/wav', 'RIFF\0\0\0\0WAVEfmt '],
  ['audio', 'audio/ogg', 'OggS\0'],
  ['audio', 'audio/mp4', '\0\0\0\x20ftypM4A '],
  ['audio', 'audio/flac', 'fLaC'],
  ['audio', 'audio/webm', '\x1a\x45\xdf\xa3\x42\x82\x84webm'],
  ['video', 'video/mp4', '\0\0\0\x20ftypisom'],
  ['video', 'video/webm', '\x1a\x45\xdf\xa3\x42\x82\x84webm'],
  ['zip', 'application/zip', zip('a.txt')],
  ['dicom', 'application/dicom', dicom({ meta: CT_IMAGE })],
];

describe('what a deployment may take besides', () => {
  it.each(BEYOND)(
    '%s: %s is refused, taken once it is said, and held to what it says',
    (group, type, content) => {
      expect(faultOf(type, content)).toMatch(
        group === 'dicom' ? /no DICOM Key Object Selection/ : /is not taken; allowed: application\/pdf, /,
      );
      for (const taken of [read(`+${group}`), read(group), elsewhere(DOCUMENTS_TAKEN)]) {
        expect(faultOf(type, content, taken)).toBeUndefined();
        for (const other of ['Bonjour', '%PDF-1.4', '', 'PK\x03\x04', '\xff\xd8\xff\xd9'])
          if (!(group === 'zip' && other.startsWith('PK')))
            expect(faultOf(type, other, taken)).toMatch(/the content is no /);
      }
    },
  );

  it('each kind under the types of the others is refused', () => {
    const taken = elsewhere(DOCUMENTS_TAKEN);
    const alike = (one: string, other: string): boolean =>
      [one, other].every((each) => each.endsWith('/mp4') || false) ||
      [one, other].every((each) => each.endsWith('/webm'));
    for (const [, type, content] of BEYOND)
      for (const [, other] of BEYOND)
        if (type !== other && !alike(type, other) && other !== 'application/zip')
          expect([type, other, faultOf(other, content, taken) !== undefined]).toEqual([type, other, true]);
  });

  it('a type of which nothing is known is taken unseen where it is named, but for what it plainly isn’t', () => {
    const taken = read('+application/x-spirometry,+application/octet-stream');
    expect(faultOf('application/x-spirometry', '\x01\x02', taken)).toBeUndefined();
    expect(faultOf('application/X-Spirometry; version=1', '\x01\x02', taken)).toBeUndefined();
    expect(faultOf('application/x-spirometry', '%PDF-1.4', taken)).toMatch(/the content is PDF/);
    expect(faultOf('application/octet-stream', '%PDF-1.4', taken)).toBeUndefined();
    expect(faultOf('application/x-other', '\x01', taken)).toMatch(/x-other/);
    expect(faultOf('image/png', '\x01', read('pdf'))).toMatch(/allowed: application\/pdf$/);
    expect(faultOf('text/plain', 'a', read('-text'))).toMatch(/is not taken/);
  });

  it.each([
    'application/octet-stream',
    '',
    'text',
    '😀',
    'constructor',
    'application/pdf2',
    'x/+xml/',
    '*/*',
  ])('the type %j is not taken', (type) => expect(faultOf(type, 'Bonjour')).toMatch(/is not taken/));
});

describe('DICOM is a Key Object Selection', () => {
  it.each<[string, Said]>([
    ['in explicit value representations', {}],
    ['in implicit ones', { syntax: IMPLICIT }],
    [
      'with elements of four bytes of length before',
      {
        before: [
          [4, 0x1220, 'SQ', Buffer.alloc(0)],
          [4, 0x1230, 'UN', Buffer.alloc(9)],
        ],
      },
    ],
  ])('%s', (_, said) => {
    expect(faultOf('application/dicom', dicom(said))).toBeUndefined();
  });

  const good = dicom();
  it.each<[string, Buffer]>([
    ['an image', dicom({ meta: CT_IMAGE })],
    ['an image whose meta information says that it is none', dicom({ data: CT_IMAGE })],
    [
      'one whose meta information says that it is an image',
      dicom({ meta: CT_IMAGE, data: KEY_OBJECT_SELECTION }),
    ],
    ['one whose class only begins so', dicom({ meta: `${KEY_OBJECT_SELECTION}1` })],
    ['one that is deflated, so that nothing is seen of it', dicom({ syntax: DEFLATED })],
    ['one of a syntax that has pixels', dicom({ syntax: '1.2.840.10008.1.2.4.50' })],
    [
      'one whose class comes past the bytes that are looked at',
      dicom({ before: [[4, 1, 'UN', Buffer.alloc(5000)]] }),
    ],
    ['one that is cut off', good.subarray(0, good.length - 60)],
    [
      'one with a length beyond its end',
      Buffer.concat([good.subarray(0, 140), Buffer.from([0xff, 0xff, 0xff, 0xff])]),
    ],
    ['the four letters alone', Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')])],
    ['one without its preamble', good.subarray(128)],
    ['nothing', Buffer.alloc(0)],
    ['text that has the class in it', Buffer.from(`${' '.repeat(128)}DICM ${KEY_OBJECT_SELECTION}`)],
  ])('%s is none', (_, bytes) => {
    expect(faultOf('application/dicom', bytes)).toMatch(/no DICOM Key Object Selection/);
  });
});

it.each<[string, string, boolean]>([
  ['application/fhir+json', '{"resourceType":"Bundle","type":"document"}', true],
  ['application/fhir+json', '{"a":1}', false],
  ['application/fhir+xml', '<Bundle xmlns="http://hl7.org/fhir"/>', true],
  ['application/fhir+xml', '<ClinicalDocument xmlns="urn:hl7-org:v3"/>', false],
  ['application/hl7-v3+xml', '<ClinicalDocument xmlns="urn:hl7-org:v3"/>', true],
])('%s with %s', (type, content, fits) => {
  expect(faultOf(type, content) === undefined).toBe(fits);
});
