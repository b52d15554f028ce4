/** DICOM files, as far as their first bytes tell: https://dicom.nema.org/medical/dicom/current/output/html/part10.html#sect_7.1 */
import { type Ends, type Kind, has } from './ends.ts';

/** Key Object Selection Document Storage: a list of references to images, none of which it holds. */
const KEY_OBJECT_SELECTION = '1.2.840.10008.5.1.4.1.1.88.59';

/** Transfer syntaxes of what has no pixels and lies as it is: PS3.5, annex A. */
const IMPLICIT = '1.2.840.10008.1.2';
const EXPLICIT = '1.2.840.10008.1.2.1';

const MEDIA_STORAGE_CLASS = 0x0002_0002;
const TRANSFER_SYNTAX = 0x0002_0010;
const SOP_CLASS = 0x0008_0016;

/** Value representations whose length has four bytes, behind two that are reserved: PS3.5, 7.1.2. */
const LONG = /^(O[BDFLVW]|S[QV]|U[CNRTV])$/;

const isDicom = (ends: Ends): boolean => has(ends, 128, 'DICM');

/** What the file says that it is, and what it is: PS3.10 wants both to be the same. */
function isKeyObjectSelection(ends: Ends): boolean {
  if (!isDicom(ends)) return false;
  const { values: meta, at } = read(ends.head, 132, { explicit: true, upTo: 0x0002_ffff });
  const syntax = meta.get(TRANSFER_SYNTAX);
  if (meta.get(MEDIA_STORAGE_CLASS) !== KEY_OBJECT_SELECTION) return false;
  if (syntax !== IMPLICIT && syntax !== EXPLICIT) return false;
  const { values } = read(ends.head, at, { explicit: syntax === EXPLICIT, upTo: SOP_CLASS });
  return values.get(SOP_CLASS) === KEY_OBJECT_SELECTION;
}

/**
 * Elements up to a tag, in little endian, by tag. Ends where the bytes do, and at what has no length.
 * @returns at of what stands behind them
 */
function read(
  bytes: Buffer,
  from: number,
  { explicit, upTo }: { explicit: boolean; upTo: number },
): { values: Map<number, string>; at: number } {
  const values = new Map<number, string>();
  let at = from;
  let last = 0;
  while (at + 12 <= bytes.length) {
    const tag = bytes.readUInt16LE(at) * 0x1_0000 + bytes.readUInt16LE(at + 2);
    // they come in order, so that nothing is said twice
    if (tag > upTo || tag <= last) break;
    const isLong = !explicit || LONG.test(bytes.toString('latin1', at + 4, at + 6));
    const start = at + (explicit && isLong ? 12 : 8);
    const length = !explicit
      ? bytes.readUInt32LE(at + 4)
      : isLong
        ? bytes.readUInt32LE(at + 8)
        : bytes.readUInt16LE(at + 6);
    if (start + length > bytes.length) break;
    values.set(tag, bytes.toString('latin1', start, start + length).replace(/[\0 ]+$/, ''));
    last = tag;
    at = start + length;
  }
  return { values, at };
}

/** The first where any DICOM object is taken. */
export const DICOM: readonly Kind[] = [
  {
    name: 'DICOM',
    group: 'dicom',
    types: ['application/dicom'],
    fits: isDicom,
    shows: isDicom,
  },
  {
    name: 'DICOM Key Object Selection',
    group: 'kos',
    types: ['application/dicom'],
    fits: isKeyObjectSelection,
  },
];
