/**
 * What of XML is worth reading. Its reader takes some microseconds for each tag, entity and character of a comment, and
 * nothing else is done meanwhile: what would take it seconds is refused before.
 */
import { FhirError } from '../outcome.ts';

const MIB = 1024 * 1024;
const MAX_LENGTH = 16 * MIB;
/** Opening and closing ones, comments and the like. */
const MAX_TAGS = 200_000;
const MAX_ENTITIES = 200_000;
/** Of all comments and processing instructions together. */
const MAX_ASIDE = 256 * 1024;

type Xml = Buffer | string;

/** @throws FhirError 413 */
export function requireReadable(xml: Xml, maxLength = MAX_LENGTH): void {
  if (xml.length > maxLength) throw tooLong(`is longer than ${maxLength} bytes`);
  if (count(xml, '<', MAX_TAGS) > MAX_TAGS) throw tooLong(`has more than ${MAX_TAGS} tags`);
  if (count(xml, '&', MAX_ENTITIES) > MAX_ENTITIES)
    throw tooLong(`has more than ${MAX_ENTITIES} references to characters`);
  if (lengthOf(xml, '<!--', '-->') + lengthOf(xml, '<?', '?>') > MAX_ASIDE)
    throw tooLong(`has comments and processing instructions of more than ${MAX_ASIDE} bytes`);
}

/** Up to one more than `most`. */
function count(xml: Xml, what: string, most: number): number {
  let found = 0;
  for (let at = xml.indexOf(what); at >= 0 && found <= most; at = xml.indexOf(what, at + 1)) found += 1;
  return found;
}

/** Of what lies between, and of what never ends. */
function lengthOf(xml: Xml, from: string, to: string): number {
  let length = 0;
  for (let at = xml.indexOf(from); at >= 0;) {
    const end = xml.indexOf(to, at + from.length);
    if (end < 0) return length + xml.length - at;
    length += end - at;
    at = xml.indexOf(from, end + to.length);
  }
  return length;
}

const tooLong = (why: string): FhirError => new FhirError('too-long', `the XML ${why}`);

/** Two of one name are looked for among all of a tag: many would take the square of their number. */
export const MAX_ATTRIBUTES = 50;
