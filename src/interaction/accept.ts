/** What a caller would rather be given of a content: https://www.rfc-editor.org/rfc/rfc9110#field.accept */

/** `content`: the bytes as they are; `fhir`: the resource that holds them. */
export type Wanted = 'content' | 'fhir' | undefined;

const FHIR = new Set(['application/fhir+json', 'application/json', 'application/fhir+xml']);
/** One form under several names. */
const XML = /^(text|application)\/([\w.-]+\+)?xml$/;

export interface Range {
  type: string;
  weight: number;
}

export const rangesOf = (accept: string): Range[] => accept.split(',').map(rangeOf);

export const isFhir = ({ type }: Range): boolean => FHIR.has(type);

/**
 * FHIR is only given to who names it; of both wanted alike, FHIR. Undefined where neither will do: MHD answers that
 * with 406, https://profiles.ihe.net/ITI/MHD/ITI-68.html
 */
export function wantedOf(ranges: readonly Range[], contentType: string): Wanted {
  const type = bare(contentType);
  const named = heaviest(ranges.filter(isFhir));
  const own = heaviest(ranges.filter((range) => covers(range.type, type)));
  if (named > 0 && named >= own) return 'fhir';
  return own > 0 ? 'content' : undefined;
}

const heaviest = (ranges: readonly Range[]): number => Math.max(0, ...ranges.map(({ weight }) => weight));

const bare = (type: string): string => type.split(';', 1)[0]!.trim().toLowerCase();

function rangeOf(text: string): Range {
  const q = /;\s*q\s*=\s*([01](?:\.\d{0,3})?)/i.exec(text)?.[1];
  return { type: bare(text), weight: q === undefined ? 1 : Number(q) };
}

function covers(range: string, type: string): boolean {
  if (range === '*/*' || range === '' || range === type || range === 'application/octet-stream') return true;
  if (range.endsWith('/*')) return type.startsWith(range.slice(0, -1));
  return XML.test(range) && XML.test(type);
}
