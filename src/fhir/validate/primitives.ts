/** What the primitive types allow: https://hl7.org/fhir/R4/datatypes.html#primitive */
import { packedBytes } from '../content/base64.ts';
import { dateRange } from '../dates.ts';
import { ID } from '../resource.ts';

export interface Primitive {
  test(value: never): boolean;
  allowed: string;
}

/** The standard's 1 MiB, counted in UTF-16 units. */
export const MAX_STRING = 1024 * 1024;
const MAX_INTEGER = 2 ** 31 - 1;

/** Control characters, which XML can't carry, and halves of surrogate pairs, which UTF-8 can't. */
// oxlint-disable-next-line no-control-regex
const UNFIT = /[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]/u;
const isString = (value: string): boolean =>
  value.length > 0 && value.length <= MAX_STRING && !UNFIT.test(value);

const ZONE = '(?:Z|[+-](?:(?:0\\d|1[0-3]):[0-5]\\d|14:00))';
const CLOCK = '(?:[01]\\d|2[0-3]):[0-5]\\d:(?:[0-5]\\d|60)(?:\\.\\d{1,9})?';
const DATE = /^\d{4}(?:-\d\d(?:-\d\d)?)?$/;
const DATE_TIME = new RegExp(`^\\d{4}(?:-\\d\\d(?:-\\d\\d(?:T${CLOCK}${ZONE})?)?)?$`);
const INSTANT = new RegExp(`^\\d{4}-\\d\\d-\\d\\dT${CLOCK}${ZONE}$`);
const TIME = new RegExp(`^${CLOCK}$`);
const exists = (value: string): boolean => !value.startsWith('0000') && dateRange(value) !== undefined;

const isUri = (value: string): boolean => isString(value) && !/\s/.test(value);
const integer = (min: number, allowed: string): Primitive => ({
  test: (value: number) => Number.isInteger(value) && value >= min && value <= MAX_INTEGER,
  allowed,
});
const text: Primitive = {
  test: isString,
  allowed: '1 to 1048576 characters, none of them a control character',
};
const uri: Primitive = { test: isUri, allowed: 'a URI, without spaces' };

export const PRIMITIVES: ReadonlyMap<string, Primitive> = new Map<string, Primitive>([
  ['string', text],
  ['markdown', text],
  ['xhtml', text],
  [
    'code',
    {
      test: (value: string) => isString(value) && !/^\s|\s$|\s\s|[^\S ]/.test(value),
      allowed: 'a code: words parted by single spaces',
    },
  ],
  ['uri', uri],
  ['url', uri],
  ['canonical', uri],
  ['id', { test: (value: string) => ID.test(value), allowed: '1 to 64 letters, digits, `-` and `.`' }],
  [
    'oid',
    {
      test: (value: string) =>
        value.length <= MAX_STRING && /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/.test(value),
      allowed: '`urn:oid:` and an OID',
    },
  ],
  [
    'uuid',
    {
      test: (value: string) => /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value),
      allowed: '`urn:uuid:` and a UUID',
    },
  ],
  [
    'date',
    {
      test: (value: string) => DATE.test(value) && exists(value),
      allowed: 'YYYY, YYYY-MM or YYYY-MM-DD, a date that exists',
    },
  ],
  [
    'dateTime',
    {
      test: (value: string) => DATE_TIME.test(value) && exists(value),
      allowed: 'YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a zone, a date that exists',
    },
  ],
  [
    'instant',
    {
      test: (value: string) => INSTANT.test(value) && exists(value),
      allowed: 'YYYY-MM-DDThh:mm:ss with a zone, a date that exists',
    },
  ],
  ['time', { test: (value: string) => TIME.test(value), allowed: 'hh:mm:ss' }],
  ['base64Binary', { test: isBase64, allowed: 'base64' }],
  ['decimal', { test: (value: number) => Number.isFinite(value), allowed: 'a number' }],
  ['integer', integer(-MAX_INTEGER - 1, 'a whole number of 32 bits')],
  ['unsignedInt', integer(0, 'a whole number from 0 to 2147483647')],
  ['positiveInt', integer(1, 'a whole number from 1 to 2147483647')],
]);

const LONG = 1_000;

/** Not bound to 1 MiB: attachments are as long as bodies may be. */
function isBase64(value: string): boolean {
  if (value.length > LONG && packedBytes(value) !== undefined) return true;
  if (value.length === 0 || /[^A-Za-z0-9+/=\s]/.test(value)) return false;
  const packed = /\s/.test(value) ? value.replace(/\s/g, '') : value;
  const padding = packed.indexOf('=');
  return (
    packed.length > 0 &&
    packed.length % 4 === 0 &&
    (padding < 0 || padding === packed.length - 1 || (padding === packed.length - 2 && packed.endsWith('==')))
  );
}
