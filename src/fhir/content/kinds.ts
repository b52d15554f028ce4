/** What content of a type looks like, as far as its first and last bytes tell. */

/** Of a content: what stands at its start, at its end, and how long it is. */
export interface Ends {
  head: Buffer;
  tail: Buffer;
  size: number;
}

/** Bytes that are kept of the start, and of the end. */
export const HEAD = 4096;
export const TAIL = 2048;

export interface Kind {
  /** As people call it. */
  name: string;
  /** Types, or what they end or begin with: `+xml`, `text/`. */
  types: readonly string[];
  fits(ends: Ends): boolean;
  /** Whether it can be nothing else, whatever its type says; absent: one never knows. */
  shows?(ends: Ends): boolean;
}

const starts = ({ head }: Ends, ...bytes: number[]): boolean =>
  bytes.every((byte, index) => head[index] === byte);
const text = (bytes: Buffer): string => bytes.toString('latin1');
const begins = ({ head }: Ends, pattern: RegExp): boolean => pattern.test(text(head.subarray(0, 256)));

/** https://www.w3.org/TR/xml/#sec-prolog-dtd: no document type, so that nothing is defined and nothing fetched. */
const isXml = ({ head }: Ends): boolean => {
  const read = readable(head).trimStart();
  return /^<(\?xml[\s?]|!--|[A-Za-z_])/.test(read) && !/<!DOCTYPE/i.test(read);
};

/** Whatever the encoding, what an ASCII character would be. */
const readable = (head: Buffer): string => {
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
const isDicom = ({ head }: Ends): boolean => text(head).slice(128, 132) === 'DICM';

/** The first that a type is of counts. */
const KINDS: readonly Kind[] = [
  {
    // ISO 32000-1, 7.5.2; readers mend a file without an end, so its end tells nothing of its kind
    name: 'PDF',
    types: ['application/pdf'],
    fits: ({ head }) => text(head).slice(0, 1024).includes('%PDF-'),
    shows: (ends) => begins(ends, /^%PDF-\d/),
  },
  {
    // ISO/IEC 10918-1, B.1
    name: 'JPEG',
    types: ['image/jpeg', 'image/jpg'],
    fits: (ends) => isJpeg(ends) && ends.tail.includes(Buffer.from([0xff, 0xd9])),
    shows: isJpeg,
  },
  {
    // https://www.w3.org/TR/png/#structure
    name: 'PNG',
    types: ['image/png'],
    fits: (ends) =>
      isPng(ends) && text(ends.head).slice(12, 16) === 'IHDR' && text(ends.tail).includes('IEND'),
    shows: isPng,
  },
  {
    // https://www.w3.org/Graphics/GIF/spec-gif89a.txt, 17
    name: 'GIF',
    types: ['image/gif'],
    fits: isGif,
    shows: isGif,
  },
  {
    // TIFF 6.0, section 2
    name: 'TIFF',
    types: ['image/tiff', 'image/tif'],
    fits: isTiff,
    shows: isTiff,
  },
  {
    // Rich Text Format 1.9.1
    name: 'RTF',
    types: ['text/rtf', 'application/rtf'],
    fits: ({ head, tail }) => text(head).startsWith('{\\rtf1') && text(tail).trimEnd().endsWith('}'),
    shows: (ends) => begins(ends, /^\{\\rtf1/),
  },
  {
    // DICOM PS3.10, 7.1
    name: 'DICOM',
    types: ['application/dicom'],
    fits: isDicom,
    shows: isDicom,
  },
  {
    name: 'XML',
    types: ['text/xml', 'application/xml', '+xml'],
    fits: isXml,
    // a page may be XML too
    shows: ({ head }) =>
      /^\s*<\?xml\s/.test(readable(head)) && !/<!DOCTYPE\s+html|<html/i.test(readable(head)),
  },
  {
    // https://www.rfc-editor.org/rfc/rfc8259#section-2
    name: 'JSON',
    types: ['application/json', '+json'],
    fits: (ends) => begins(ends, /^(\xef\xbb\xbf)?\s*[[{"\-\dtfn]/) && !ends.head.includes(0),
  },
  {
    name: 'text',
    types: ['text/'],
    fits: ({ head, tail }) =>
      starts({ head } as Ends, 0xff, 0xfe) ||
      starts({ head } as Ends, 0xfe, 0xff) ||
      !(head.includes(0) || tail.includes(0)),
  },
];

/** Says nothing of its content. https://www.rfc-editor.org/rfc/rfc2046#section-4.5.1 */
const ANYTHING = 'application/octet-stream';

/** Undefined: nothing is known of content of this type. @param contentType with its parameters */
export function kindOf(contentType: string): Kind | undefined {
  const type = bare(contentType);
  return KINDS.find(({ types }) => types.some((each) => type === each || isFamily(each, type)));
}

const isFamily = (family: string, type: string): boolean =>
  (family.startsWith('+') && type.endsWith(family)) || (family.endsWith('/') && type.startsWith(family));

/** What content plainly is, and isn't said to be. */
export function otherKind(contentType: string, ends: Ends): Kind | undefined {
  if (bare(contentType) === ANYTHING) return undefined;
  const shown = KINDS.find(({ shows }) => shows?.(ends) === true);
  return shown === kindOf(contentType) ? undefined : shown;
}

const bare = (contentType: string): string => (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
