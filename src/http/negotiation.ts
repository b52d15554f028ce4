/** What the caller wants back: https://hl7.org/fhir/R4/http.html#mime-type and https://hl7.org/fhir/R4/http.html#ops */
import { FhirError } from '../fhir/outcome.ts';
import type { Prefer } from '../interaction/exchange.ts';

export const FHIR_JSON = 'application/fhir+json; charset=utf-8';
export const FHIR_XML = 'application/fhir+xml; charset=utf-8';

const JSON_TYPES = ['application/fhir+json', 'application/json', 'text/json'];
export const XML_TYPES: readonly string[] = ['application/fhir+xml', 'application/xml', 'text/xml'];
/** `application/fhir json` is what an unescaped `+` in a query becomes. */
const JSON_FORMATS = new Set([...JSON_TYPES, 'json', 'application/fhir json']);
const XML_FORMATS = new Set([...XML_TYPES, 'xml', 'application/fhir xml']);
const JSON_RANGES = new Set([...JSON_TYPES, 'application/*', 'text/*', '*/*']);

export type Form = 'json' | 'xml';

export type Encoding = 'br' | 'gzip';

interface Weighted {
  value: string;
  parameters: string[];
  q: number;
}

/** Undefined when neither will do. `_format` wins over Accept; of what is wanted alike, JSON. */
export function formOf(accept: string | undefined, query: readonly [string, string][]): Form | undefined {
  const asked = query.filter(([name]) => name === '_format').map(([, value]) => value);
  if (asked.length > 0) {
    if (!asked.every((format) => isR4(mediaParameters(format)))) return undefined;
    const formats = asked.map(mediaType);
    if (formats.every((format) => JSON_FORMATS.has(format))) return 'json';
    return formats.every((format) => XML_FORMATS.has(format)) ? 'xml' : undefined;
  }
  if (accept === undefined || accept === '*/*' || JSON_TYPES.includes(accept)) return 'json';
  const wanted = weigh(accept);
  if (wanted.length === 0) return 'json';
  const best = (suits: (value: string) => boolean): number =>
    Math.max(
      0,
      ...wanted.filter(({ value, parameters }) => suits(value) && isR4(parameters)).map(({ q }) => q),
    );
  const [json, xml] = [best((value) => JSON_RANGES.has(value)), best((value) => XML_TYPES.includes(value))];
  if (json === 0 && xml === 0) return undefined;
  // a browser names XML among what it shows
  const isBrowser = wanted.some(({ value }) => value === 'text/html');
  return xml > json && !(isBrowser && json > 0) ? 'xml' : 'json';
}

/** Throws 406 when neither JSON nor XML will do. */
export function requireForm(accept: string | undefined, query: readonly [string, string][]): Form {
  const form = formOf(accept, query);
  if (form === undefined) throw notAcceptable();
  return form;
}

/** What the route answers in beside FHIR is asked for: by `_format`, else first of all by Accept. */
export function wants(
  forms: readonly string[] | undefined,
  accept: string | undefined,
  query: readonly [string, string][],
): boolean {
  if (forms === undefined) return false;
  const formats = query.filter(([name]) => name === '_format').map(([, value]) => value);
  const asked = formats.length > 0 ? formats : [(accept ?? '').split(',', 1)[0]!];
  return asked.every((each) => forms.includes(mediaType(each)));
}

const notAcceptable = (): FhirError =>
  new FhirError(
    'not-supported',
    `only JSON and XML are served; allowed: ${[...JSON_TYPES, ...XML_TYPES].join(', ')}`,
    { status: 406 },
  );

/** `application/fhir+json; fhirVersion=4.0` */
export const isR4 = (parameters: string[]): boolean =>
  parameters.every(
    (parameter) => !parameter.startsWith('fhirversion=') || /^fhirversion="?4\.0(\.1)?"?$/.test(parameter),
  );

/** The better of brotli and gzip that the caller takes. */
export function chooseEncoding(acceptEncoding: string | undefined): Encoding | undefined {
  if (acceptEncoding === undefined || acceptEncoding === 'identity') return undefined;
  const wanted = weigh(acceptEncoding);
  const quality = (name: string) =>
    (wanted.find(({ value }) => value === name) ?? wanted.find(({ value }) => value === '*'))?.q ?? 0;
  const br = quality('br');
  const gzip = quality('gzip');
  if (br === 0 && gzip === 0) return undefined;
  return br >= gzip ? 'br' : 'gzip';
}

/** RFC 7240; unknown preferences are ignored, as it says. `handling` is strict unless asked otherwise. */
export function parsePrefer(header: string | undefined): Prefer {
  const prefer: Prefer = { handling: 'strict' };
  if (header === undefined) return prefer;
  for (const preference of header.split(/[,;]/, 32)) {
    const [name, value] = preference.split('=', 2).map((part) => part.trim());
    const text = value?.replaceAll('"', '');
    if (
      name === 'return' &&
      (text === 'minimal' || text === 'representation' || text === 'OperationOutcome')
    ) {
      prefer.return ??= text;
    } else if (name === 'handling' && text === 'lenient') prefer.handling = 'lenient';
  }
  return prefer;
}

export const mediaType = (header: string): string => (header.split(';', 1)[0] ?? '').trim().toLowerCase();

/** Parameters of a media type, lower case, without blanks. */
export const mediaParameters = (header: string): string[] =>
  header
    .split(';', 16)
    .slice(1)
    .map((parameter) => parameter.trim().toLowerCase().replaceAll(' ', ''));

/** `a;q=0.5, b` */
function weigh(header: string): Weighted[] {
  return header
    .split(',', 64)
    .filter((item) => item.trim() !== '')
    .map((item) => {
      const parameters = mediaParameters(item);
      const q = parameters.find((parameter) => parameter.startsWith('q='));
      const weight = q === undefined ? 1 : Number(q.slice(2));
      return { value: mediaType(item), parameters, q: weight >= 0 && weight <= 1 ? weight : 0 };
    });
}
