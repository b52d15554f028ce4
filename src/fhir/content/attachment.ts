/** What an Attachment says of its content, held against the content: https://hl7.org/fhir/R4/datatypes.html#Attachment */
import { createHash } from 'node:crypto';
import type { Json, Resource } from '../resource.ts';
import { contentCheck } from './check.ts';
import type { Taken } from './taken.ts';

/** What is known of content. */
export interface Known {
  contentType?: string;
  size: number;
  /** Base64. */
  sha1: () => string;
}

/** And what it is. */
export interface Measured extends Known {
  bytes: Buffer;
}

/** Of content in base64. Decoding it is a third of what looking for white space in it takes. */
export function knownOf(data: string, contentType: unknown): Measured {
  const bytes = Buffer.from(data, 'base64');
  let hash: string | undefined;
  return {
    ...(typeof contentType === 'string' ? { contentType } : {}),
    size: bytes.length,
    sha1: () => (hash ??= createHash('sha1').update(bytes).digest('base64')),
    bytes,
  };
}

/** Undefined when content is taken, and is what its type says. */
export function typeFault({ bytes, contentType }: Measured, taken: Taken): string | undefined {
  if (contentType === undefined) return undefined;
  const check = contentCheck(contentType, taken);
  check.take(bytes);
  return check.end();
}

/** What an attachment says that its content isn't. */
export function attachmentFault({ size, hash, contentType }: Json, known: Known): string | undefined {
  if (typeof size === 'number' && size !== known.size)
    return `the size is \`${size}\`, the content has ${known.size} bytes`;
  if (typeof hash === 'string' && !isHash(hash, known.sha1()))
    return 'the hash is not the SHA-1 of the content, 20 bytes in base64';
  if (
    typeof contentType === 'string' &&
    known.contentType !== undefined &&
    !sameType(contentType, known.contentType)
  )
    return `the content type is \`${contentType.slice(0, 64)}\`, that of the content \`${known.contentType.slice(0, 64)}\``;
  return undefined;
}

/** MHD's own examples have the digits of SHA-1 in base64, not its bytes. */
const isHash = (sent: string, sha1: string): boolean =>
  sent === sha1 ||
  (sent.length === 56 &&
    Buffer.from(sent, 'base64').toString('latin1').toLowerCase() ===
      Buffer.from(sha1, 'base64').toString('hex'));

const sameType = (one: string, other: string): boolean => bare(one) === bare(other);
const bare = (type: string): string => (type.split(';', 1)[0] ?? '').trim().toLowerCase();

const VERSION = /^[A-Za-z0-9\-.]{1,64}$/;
const CONTENT = /^(Binary|Bundle)\/[A-Za-z0-9\-.]{1,64}$/;

export type ContentType = 'Binary' | 'Bundle';

export const isContentType = (type: string): type is ContentType => type === 'Binary' || type === 'Bundle';

/** Whether a `Type/id` may be a document's content. */
export const isContent = (name: string): boolean => CONTENT.test(name);

/** What a DocumentReference is found by that names this `Type/id` as its content. */
export const locationOf = (name: string): string => `location=${name}`;

/** `Type/id` of content that lies here, also where a version of it is named. @param base of this server */
export function contentAt(url: unknown, base: string): string | undefined {
  if (typeof url !== 'string') return undefined;
  const local = url.startsWith(`${base}/`) ? url.slice(base.length + 1) : url;
  const [name = '', version, ...more] = local.split('/_history/');
  const isNamed = more.length === 0 && (version === undefined || VERSION.test(version));
  return isNamed && isContent(name) ? name : undefined;
}

/** The same of all that a DocumentReference names. */
export function contentIn({ content }: Resource, base: string): string[] {
  return (Array.isArray(content) ? (content as { attachment?: Json }[]) : []).flatMap(
    ({ attachment }) => contentAt(attachment?.url, base) ?? [],
  );
}
