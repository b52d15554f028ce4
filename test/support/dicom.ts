/** DICOM files, made up: https://dicom.nema.org/medical/dicom/current/output/html/part10.html#sect_7.1 */

export const KEY_OBJECT_SELECTION = '1.2.840.10008.5.1.4.1.1.88.59';
export const CT_IMAGE = '1.2.840.10008.5.1.4.1.1.2';
export const IMPLICIT = '1.2.840.10008.1.2';
export const EXPLICIT = '1.2.840.10008.1.2.1';
export const DEFLATED = '1.2.840.10008.1.2.1.99';

export interface Said {
  /** SOP class in the file's meta information. */
  meta?: string;
  /** And in the data set; as in the meta information unless given. */
  data?: string;
  syntax?: string;
  /** Elements before the SOP class: tag, value representation, value. */
  before?: [group: number, element: number, vr: string, value: Buffer][];
}

export function dicom({
  meta = KEY_OBJECT_SELECTION,
  data = meta,
  syntax = EXPLICIT,
  before = [],
}: Said = {}): Buffer {
  const explicit = syntax !== IMPLICIT;
  const information = Buffer.concat([
    element(2, 1, 'OB', Buffer.from([0, 1])),
    element(2, 2, 'UI', uid(meta)),
    element(2, 3, 'UI', uid('1.2.3.4')),
    element(2, 0x10, 'UI', uid(syntax)),
    element(2, 0x12, 'UI', uid('1.2.3')),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(information.length);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(2, 0, 'UL', length),
    information,
    ...before.map(([group, id, vr, value]) => element(group, id, vr, value, explicit)),
    element(8, 5, 'CS', Buffer.from('ISO_IR 192'), explicit),
    element(8, 0x16, 'UI', uid(data), explicit),
    element(8, 0x18, 'UI', uid('1.2.3.4'), explicit),
    element(0x40, 0xa730, 'SQ', Buffer.alloc(0), explicit),
  ]);
}

/** Of an even length. */
const uid = (value: string): Buffer => Buffer.from(value.length % 2 === 0 ? value : `${value}\0`);

function element(group: number, id: number, vr: string, value: Buffer, explicit = true): Buffer {
  const isLong = /^(OB|OW|SQ|UN)$/.test(vr);
  const head = Buffer.alloc(!explicit || !isLong ? 8 : 12);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(id, 2);
  if (!explicit) head.writeUInt32LE(value.length, 4);
  else {
    head.write(vr, 4, 'latin1');
    if (isLong) head.writeUInt32LE(value.length, 8);
    else head.writeUInt16LE(value.length, 6);
  }
  return Buffer.concat([head, value]);
}
