/** What documents hold where a deployment takes more than the national list: office files, sound, films, archives. */
import { type Ends, type Kind, has, names, starts } from './ends.ts';

/** https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.7 */
const isZip = (ends: Ends): boolean => starts(ends, 0x50, 0x4b, 0x03, 0x04);

/** ECMA-376-2, 10: the package lists its content types. @param folder of the main part */
const openXml = (name: string, type: string, folder: string): Kind => ({
  name,
  group: 'office',
  types: [`application/vnd.openxmlformats-officedocument.${type}`],
  fits: (ends) => isZip(ends) && names(ends, '[Content_Types].xml') && names(ends, folder),
});

/** OpenDocument 1.3, part 2, 3.3: the first file of the package says its type, uncompressed. */
const openDocument = (name: string, kind: string): Kind => {
  const type = `application/vnd.oasis.opendocument.${kind}`;
  return {
    name,
    group: 'office',
    types: [type],
    fits: (ends) => isZip(ends) && has(ends, 30, `mimetype${type}PK`),
  };
};

/** [MS-CFB], 2.2 */
const isCompound = (ends: Ends): boolean => starts(ends, 0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1);

/** ISO/IEC 11172-3, 2.4.2.3; or the tags that stand before it. */
const isMp3 = (ends: Ends): boolean =>
  has(ends, 0, 'ID3') || (ends.head[0] === 0xff && ((ends.head[1] ?? 0) & 0xe6) === 0xe2);
/** ISO/IEC 14496-12, 4.3 */
const isMp4 = (ends: Ends): boolean => has(ends, 4, 'ftyp');
/** https://www.rfc-editor.org/rfc/rfc3533#section-6 */
const isOgg = (ends: Ends): boolean => has(ends, 0, 'OggS');
/** https://www.rfc-editor.org/rfc/rfc9559 */
const isWebm = (ends: Ends): boolean => starts(ends, 0x1a, 0x45, 0xdf, 0xa3) && names(ends, 'webm');
const isWave = (ends: Ends): boolean => has(ends, 0, 'RIFF') && has(ends, 8, 'WAVE');

const media = (name: string, types: readonly string[], fits: Kind['fits']): Kind => ({
  name,
  group: types[0]!.startsWith('video/') ? 'video' : 'audio',
  types,
  fits,
});

export const BEYOND: readonly Kind[] = [
  openXml('Word document', 'wordprocessingml.document', 'word/'),
  openXml('Excel workbook', 'spreadsheetml.sheet', 'xl/'),
  openXml('PowerPoint presentation', 'presentationml.presentation', 'ppt/'),
  openDocument('OpenDocument text', 'text'),
  openDocument('OpenDocument spreadsheet', 'spreadsheet'),
  openDocument('OpenDocument presentation', 'presentation'),
  {
    name: 'compound file of older Office',
    group: 'office',
    types: ['application/msword', 'application/vnd.ms-excel', 'application/vnd.ms-powerpoint'],
    fits: isCompound,
  },
  media('MP3', ['audio/mpeg', 'audio/mp3'], isMp3),
  media('WAVE', ['audio/wav', 'audio/x-wav', 'audio/wave', 'audio/vnd.wave'], isWave),
  media('Ogg', ['audio/ogg', 'application/ogg'], isOgg),
  media('MP4', ['audio/mp4', 'audio/x-m4a'], isMp4),
  media('FLAC', ['audio/flac'], (ends) => has(ends, 0, 'fLaC')),
  media('WebM', ['audio/webm'], isWebm),
  media('MP4', ['video/mp4', 'video/quicktime'], isMp4),
  media('Ogg', ['video/ogg'], isOgg),
  media('WebM', ['video/webm'], isWebm),
  {
    name: 'ZIP',
    group: 'zip',
    types: ['application/zip'],
    fits: (ends) => isZip(ends) || starts(ends, 0x50, 0x4b, 0x05, 0x06),
  },
];
