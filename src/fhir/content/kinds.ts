/** What content of a type looks like, as far as its first and last bytes tell. */
import { BEYOND } from './beyond.ts';
import { DICOM } from './dicom.ts';
import { type Ends, type Kind, begins, names, starts, text } from './ends.ts';
import { type Taken, takes } from './taken.ts';

/** https://www.w3.org/TR/xml/#sec-prolog-dtd: no document type, so that nothing is defined and nothing fetched. */
const isXml = ({ head }: Ends): boolean => {
  const read = readable(head).trimStart();
  return /^<(\?xml[\s?]|!--|[A-Za-z_])/.test(read) && !/<!DOCTYPE/i.test(read);
};

/** Whatever the encoding, what an ASCII character would be. */
export const readable = (head: Buffer): string => {
  if (head[0] === 0xff && head[1] === 0xfe) return head.toString('utf16le', 2);
  if (head[0] === 0xfe && head[1] === 0xff)
    return Buffer.from(head.subarray(2, head.length & ~1))
      .swap16()
      .toString('utf16le');
  return text(head[0] === 0xef && head[1] === 0xbb ? head.subarray(3) : head);
};

const isJpeg = (ends: Ends): boolean => starts(ends, 0xff, 0xd8, 0xff);
const isPng = (ends: Ends): boolean => starts(ends, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const isGif = (ends: Ends): boolean => begins(ends, /^GIF8[79]a/);
const isTiff = (ends: Ends): boolean =>
  (starts(ends, 0x49, 0x49, 0x2a, 0) || starts(ends, 0x4d, 0x4d, 0, 0x2a)) && ends.size > 16;
/** https://www.rfc-editor.org/rfc/rfc8259#section-2 */
const isJson = (ends: Ends): boolean =>
  begins(ends, /^(\xef\xbb\xbf)?\s*[[{"\-\dtfn]/) && !ends.head.includes(0);

/** The first that a type is of counts. */
const KINDS: readonly Kind[] = [
  {
    // ISO 32000-1, 7.5.2; readers mend a file without an end, so its end tells nothing of its kind
    name: 'PDF',
    group: 'pdf',
    types: ['application/pdf'],
    fits: ({ head }) => text(head).slice(0, 1024).includes('%PDF-'),
    shows: (ends) => begins(ends, /^%PDF-\d/),
  },
  {
    // ISO/IEC 10918-1, B.1
    name: 'JPEG',
    group: 'image',
    types: ['image/jpeg', 'image/jpg'],
    fits: (ends) => isJpeg(ends) && ends.tail.includes(Buffer.from([0xff, 0xd9])),
    shows: isJpeg,
  },
  {
    // https://www.w3.org/TR/png/#structure
    name: 'PNG',
    group: 'image',
    types: ['image/png'],
    fits: (ends) =>
      isPng(ends) && text(ends.head).slice(12, 16) === 'IHDR' && text(ends.tail).includes('IEND'),
    shows: isPng,
  },
  {
    // https://www.w3.org/Graphics/GIF/spec-gif89a.txt, 17
    name: 'GIF',
    group: 'image',
    types: ['image/gif'],
    fits: isGif,
    shows: isGif,
  },
  {
    // TIFF 6.0, section 2
    name: 'TIFF',
    group: 'image',
    types: ['image/tiff', 'image/tif'],
    fits: isTiff,
    shows: isTiff,
  },
  {
    // Rich Text Format 1.9.1
    name: 'RTF',
    group: 'rtf',
    types: ['text/rtf', 'application/rtf'],
    fits: ({ head, tail }) => text(head).startsWith('{\\rtf1') && text(tail).trimEnd().endsWith('}'),
    shows: (ends) => begins(ends, /^\{\\rtf1/),
  },
  ...DICOM,
  {
    // https://hl7.org/fhir/R4/xml.html
    name: 'FHIR in XML',
    group: 'xml',
    types: ['application/fhir+xml'],
    fits: (ends) => isXml(ends) && readable(ends.head).includes('http://hl7.org/fhir'),
  },
  {
    // https://hl7.org/fhir/R4/json.html
    name: 'FHIR in JSON',
    group: 'json',
    types: ['application/fhir+json'],
    fits: (ends) => isJson(ends) && names(ends, '"resourceType"'),
  },
  {
    name: 'XML',
    group: 'xml',
    types: ['text/xml', 'application/xml', '+xml'],
    fits: isXml,
    // a page may be XML too
    shows: ({ head }) =>
      /^\s*<\?xml\s/.test(readable(head)) && !/<!DOCTYPE\s+html|<html/i.test(readable(head)),
  },
  {
    name: 'JSON',
    group: 'json',
    types: ['application/json', '+json'],
    fits: isJson,
  },
  ...BEYOND,
  {
    name: 'text',
    group: 'text',
    types: ['text/'],
    fits: ({ head, tail }) =>
      starts({ head } as Ends, 0xff, 0xfe) ||
      starts({ head } as Ends, 0xfe, 0xff) ||
      !(head.includes(0) || tail.includes(0)),
  },
];

/** Says nothing of its content. https://www.rfc-editor.org/rfc/rfc2046#section-4.5.1 */
const ANYTHING = 'application/octet-stream';

/** Undefined: content of this type isn't taken, or nothing is known of it. @param type bare */
export function kindOf(type: string, taken: Taken): Kind | undefined {
  return KINDS.find((kind) => takes(taken, kind.group) && isOf(type, kind));
}

/** What content plainly is, and isn't said to be. @param type bare */
export function otherKind(type: string, ends: Ends): Kind | undefined {
  if (type === ANYTHING) return undefined;
  const shown = KINDS.find(({ shows }) => shows?.(ends) === true);
  return shown === undefined || isOf(type, shown) ? undefined : shown;
}

/** For who sent another. */
export const typesTaken = (taken: Taken): string[] => [
  ...new Set([
    ...KINDS.filter(({ group }) => takes(taken, group)).flatMap(({ types }) =>
      types.map((each) => each.replace(/^\+/, '*+').replace(/\/$/, '/*')),
    ),
    ...taken.types,
  ]),
];

const isOf = (type: string, { types }: Kind): boolean =>
  types.some(
    (each) =>
      type === each ||
      (each.startsWith('+') && type.endsWith(each)) ||
      (each.endsWith('/') && type.startsWith(each)),
  );

/** Without its parameters. */
export const bare = (contentType: string): string =>
  (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
