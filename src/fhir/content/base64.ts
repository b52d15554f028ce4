/** Base64 as it is usually sent, without blanks: https://www.rfc-editor.org/rfc/rfc4648#section-4 */

/**
 * Its bytes; undefined when it is written in another way, or is no base64. Decoding passes over what is none, takes `-`, `_` and,
 * of characters beyond Latin-1, the low byte: where none of these is there, and as many bytes come as so many characters
 * hold, each of them was base64. It takes a fraction of what looking at each does.
 */
export function packedBytes(text: string): Buffer | undefined {
  if (text.length % 4 !== 0 || text.includes('-') || text.includes('_')) return undefined;
  if (Buffer.byteLength(text) !== text.length) return undefined;
  const padding = text.endsWith('==') ? 2 : Number(text.endsWith('='));
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === (text.length / 4) * 3 - padding ? bytes : undefined;
}

/** The same, where writing them gives the same text: the bits that stand for nothing at its end are zeros. */
export function canonicalBytes(text: string): Buffer | undefined {
  const bytes = packedBytes(text);
  if (bytes === undefined || bytes.length === 0) return bytes;
  const end = bytes.subarray(-(bytes.length % 3 || 3));
  return text.endsWith(end.toString('base64')) ? bytes : undefined;
}
