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

interface Kind {
  /** As people call it. */
  name: string;
  types: readonly string[];
  fits(ends: Ends): boolean;
}

const starts = ({ head }: Ends, ...bytes: number[]): boolean =>
  bytes.every((byte, index) => head[index] === byte);
const text = (bytes: Buffer): string => bytes.toString('latin1');

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

const KINDS: readonly Kind[] = [
  {
    // ISO 32000-1, 7.5.2; readers mend a file without an end, so its end tells nothing of its kind
    name: 'PDF',
    types: ['application/pdf'],
    fits: ({ head }) => text(head).slice(0, 1024).includes('%PDF-'),
  },
  {
    // ISO/IEC 10918-1, B.1
    name: 'JPEG',
    types: ['image/jpeg', 'image/jpg'],
    fits: (ends) => starts(ends, 0xff, 0xd8, 0xff) && ends.tail.includes(Buffer.from([0xff, 0xd9])),
  },
  {
    // https://www.w3.org/TR/png/#structure
    name: 'PNG',
    types: ['image/png'],
    fits: (ends) =>
      starts(ends, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a) &&
      text(ends.head).slice(12, 16) === 'IHDR' &&
      text(ends.tail).includes('IEND'),
  },
  {
    // TIFF 6.0, section 2
    name: 'TIFF',
    types: ['image/tiff', 'image/tif'],
    fits: (ends) =>
      (starts(ends, 0x49, 0x49, 0x2a, 0) || starts(ends, 0x4d, 0x4d, 0, 0x2a)) && ends.size > 16,
  },
  {
    // Rich Text Format 1.9.1
    name: 'RTF',
    types: ['text/rtf', 'application/rtf'],
    fits: ({ head, tail }) => text(head).startsWith('{\\rtf1') && text(tail).trimEnd().endsWith('}'),
  },
  {
    // DICOM PS3.10, 7.1
    name: 'DICOM',
    types: ['application/dicom'],
    fits: ({ head }) => text(head).slice(128, 132) === 'DICM',
  },
  {
    name: 'text',
    types: ['text/plain'],
    fits: ({ head, tail }) =>
      starts({ head } as Ends, 0xff, 0xfe) ||
      starts({ head } as Ends, 0xfe, 0xff) ||
      !(head.includes(0) || tail.includes(0)),
  },
  {
    name: 'XML',
    types: ['text/xml', 'application/xml', 'application/hl7-cda+xml', 'application/hl7-v3+xml'],
    fits: isXml,
  },
];

const BY_TYPE: ReadonlyMap<string, Kind> = new Map(
  KINDS.flatMap((kind) => kind.types.map((type) => [type, kind] as const)),
);

/** Undefined: nothing is known of content of this type. @param contentType with its parameters */
export const kindOf = (contentType: string): Kind | undefined =>
  BY_TYPE.get((contentType.split(';', 1)[0] ?? '').trim().toLowerCase());
