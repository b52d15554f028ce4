/** The start and the end of content, and what may stand there. */

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
  group: Group;
  /** Types, or what they end or begin with: `+xml`, `text/`. */
  types: readonly string[];
  fits(ends: Ends): boolean;
  /** Whether it can be nothing else, whatever its type says; absent: one never knows. */
  shows?(ends: Ends): boolean;
}

/** As deployments name what their documents hold. */
export type Group = (typeof GROUPS)[number];
export const GROUPS = [
  'pdf',
  'image',
  'rtf',
  'text',
  'xml',
  'json',
  'kos',
  'dicom',
  'office',
  'audio',
  'video',
  'zip',
] as const;

export const starts = ({ head }: Ends, ...bytes: number[]): boolean =>
  bytes.every((byte, index) => head[index] === byte);
export const text = (bytes: Buffer): string => bytes.toString('latin1');
export const begins = ({ head }: Ends, pattern: RegExp): boolean => pattern.test(text(head.subarray(0, 256)));
/** @param at of the first byte */
export const has = ({ head }: Ends, at: number, letters: string): boolean =>
  text(head.subarray(at, at + letters.length)) === letters;
/** Near the start or the end. */
export const names = ({ head, tail }: Ends, letters: string): boolean =>
  head.includes(letters, 0, 'latin1') || tail.includes(letters, 0, 'latin1');
