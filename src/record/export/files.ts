/** Names of files that every system takes, and that open as nothing that runs. */

/** What is opened by its ending, and runs nothing. All else is `.bin`. */
const ENDINGS: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'image/jpeg': 'jpg',
  'image/jpg': 'jpg',
  'image/png': 'png',
  'image/tiff': 'tif',
  'text/plain': 'txt',
  'text/rtf': 'rtf',
  'application/rtf': 'rtf',
  'text/xml': 'xml',
  'application/xml': 'xml',
  'application/dicom': 'dcm',
  'application/fhir+json': 'json',
};

export const typeOf = (contentType: unknown): string =>
  (typeof contentType === 'string' ? contentType : '').split(';', 1)[0]!.trim().toLowerCase();

export const isXml = (contentType: unknown): boolean => /^(text|application)\/xml$/.test(typeOf(contentType));

/** `documents/0012-2024-02-01-compte-rendu.pdf` */
export function fileName(
  number: number,
  { date, title }: { date: string; title: string },
  contentType: unknown,
): string {
  const words = title
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  const day = /^\d{4}(-\d\d(-\d\d)?)?/.exec(date)?.[0];
  const parts = [String(number).padStart(4, '0'), day, words].filter(
    (part) => part !== undefined && part !== '',
  );
  return `documents/${parts.join('-')}.${ENDINGS[typeOf(contentType)] ?? 'bin'}`;
}
