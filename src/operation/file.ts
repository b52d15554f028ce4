/** What leaves as a file: as it is, or in a Binary where FHIR is asked for. https://hl7.org/fhir/R4/binary.html#rest */
import type { Language } from '../consent/reasons.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';

export interface FileName {
  language: Language;
  /** Letters of ASCII, digits, `-` and `.` alone. */
  name: string;
}

/** @param type a media type, perhaps with parameters */
export function fileAnswer(
  exchange: Pick<Exchange, 'format' | 'header'>,
  type: string,
  content: Buffer,
  { language, name }: FileName,
): Answer {
  const vary = 'accept, accept-encoding, accept-language';
  const wanted = exchange.format ?? exchange.header('accept') ?? '';
  if (/json|fhir/.test(wanted)) {
    const contentType = type.split(';', 1)[0]!;
    const body = { resourceType: 'Binary', contentType, data: content.toString('base64') };
    return { status: 200, headers: { vary }, body };
  }
  const headers = {
    'content-type': type,
    'content-language': language,
    vary,
    'content-disposition': `attachment; filename="${name}"`,
  };
  return { status: 200, headers, body: content };
}
