/** What an Attachment says of its content, held against the content: https://hl7.org/fhir/R4/datatypes.html#Attachment */
import { createHash } from 'node:crypto';
import type { Json } from '../resource.ts';
import { contentCheck } from './check.ts';
import { kindOf } from './kinds.ts';

/** What is known of content. */
export interface Known {
  contentType?: string;
  size: number;
  /** Base64. */
  sha1: () => string;
}

/** Of content in base64. */
export function knownOf(data: string, contentType: unknown): Known {
  let bytes: Buffer | undefined;
  const decoded = (): Buffer => (bytes ??= Buffer.from(data, 'base64'));
  const padding = data.endsWith('==') ? 2 : Number(data.endsWith('='));
  return {
    ...(typeof contentType === 'string' ? { contentType } : {}),
    size: /\s/.test(data) ? decoded().length : (data.length / 4) * 3 - padding,
    sha1: () => createHash('sha1').update(decoded()).digest('base64'),
  };
}

/** Characters of base64 that say what content is: its start, and its end. Whole groups of four. */
const START = 5_464;
const END = 2_732;

/** Undefined when content in base64 is what its type says. */
export function typeFault(data: string, contentType: unknown): string | undefined {
  if (typeof contentType !== 'string' || kindOf(contentType) === undefined) return undefined;
  const check = contentCheck(contentType);
  if (data.length <= START + END || /\s/.test(data)) check.take(Buffer.from(data, 'base64'));
  else for (const part of [data.slice(0, START), data.slice(-END)]) check.take(Buffer.from(part, 'base64'));
  return check.end();
}

/** What an attachment says that its content isn't. */
export function attachmentFault({ size, hash, contentType }: Json, known: Known): string | undefined {
  if (typeof size === 'number' && size !== known.size)
    return `the size is \`${size}\`, the content has ${known.size} bytes`;
  if (typeof hash === 'string' && hash !== known.sha1())
    return 'the hash is not the SHA-1 of the content, 20 bytes in base64';
  if (
    typeof contentType === 'string' &&
    known.contentType !== undefined &&
    !sameType(contentType, known.contentType)
  )
    return `the content type is \`${contentType.slice(0, 64)}\`, that of the content \`${known.contentType.slice(0, 64)}\``;
  return undefined;
}

const sameType = (one: string, other: string): boolean => bare(one) === bare(other);
const bare = (type: string): string => (type.split(';', 1)[0] ?? '').trim().toLowerCase();
