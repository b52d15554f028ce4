/** The bytes of a Binary: https://hl7.org/fhir/R4/binary.html#rest */
import type { Content, Stored } from '../enforcement/ports.ts';
import { neverMore, notYet } from '../enforcement/screening.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import { type Range, isFhir, rangesOf, wantedOf } from './accept.ts';
import { type Answer, type Exchange, Flow } from './exchange.ts';
import { rangeOf } from './range.ts';

/** What may stand in a header. */
const MEDIA_TYPE = /^[\w.+-]{1,100}\/[\w.+-]{1,100}( *;[\x20-\x7e]{0,200})?$/;

/** Bytes of content that are put into a resource: what a JSON body may hold in base64. */
const INLINE = 24 * 1024 * 1024;

/** What a browser shows without running anything. */
const SHOWN = new Map([
  ['application/pdf', 'pdf'],
  ['image/jpeg', 'jpg'],
  ['image/png', 'png'],
  ['text/plain', 'txt'],
]);

/** The content itself, unless FHIR was asked for; the resource with its content then. */
export async function contentAnswer(exchange: Exchange, stored: Stored): Promise<Answer | undefined> {
  if (stored.held === true) throw stored.malware === undefined ? notYet() : neverMore(stored.malware);
  const { bare = stored.body, data: bytesApart } = stored.parts ?? {};
  const ranges = rangesIn(exchange);
  // most ask for nothing else, and are given it as it lies here
  if (stored.content === undefined && ranges.every(isFhir)) return undefined;
  const resource = JSON.parse(bare.toString()) as Resource;
  const wanted = wantedOf(ranges, String(resource.contentType));
  if (wanted === 'fhir' && stored.content === undefined) return undefined;
  const apart = stored.content === undefined ? undefined : await apartFrom(exchange, stored);
  if (wanted === 'fhir') return { status: 200, body: { ...resource, data: await whole(apart!) } };
  const { contentType, data } = resource;
  const bytes = bytesApart ?? (typeof data === 'string' ? Buffer.from(data, 'base64') : undefined);
  if (typeof contentType !== 'string' || (apart ?? bytes) === undefined) return undefined;
  if (wanted === undefined) throw otherThan(contentType);
  const size = apart?.size ?? bytes!.length;
  const range = rangeOf(exchange, stored, size);
  const { from, to } = range ?? { from: 0, to: size };
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      'content-type': MEDIA_TYPE.test(contentType) ? contentType : 'application/octet-stream',
      'content-disposition': disposition(contentType, stored.id),
      'accept-ranges': 'bytes',
      ...(range === undefined ? {} : { 'content-range': `bytes ${from}-${to - 1}/${size}` }),
    },
    body: apart === undefined ? bytes!.subarray(from, to) : new Flow(to - from, () => apart.read(from, to)),
  };
}

function rangesIn({ format, header }: Exchange): Range[] {
  if (format === undefined) return rangesOf(header('accept') ?? '*/*');
  return rangesOf(/json|fhir|^xml$/.test(format) ? 'application/fhir+json' : '*/*');
}

const otherThan = (contentType: string): FhirError =>
  new FhirError(
    'not-supported',
    `the content is \`${contentType.slice(0, 100)}\`; allowed: that, \`*/*\` and FHIR`,
    {
      status: 406,
    },
  );

/** @throws FhirError not-found: it is gone */
async function apartFrom({ store }: Exchange, stored: Stored): Promise<Content> {
  const content = await store.content(stored);
  if (content === undefined) throw new FhirError('not-found', 'not found');
  return content;
}

async function whole({ size, read }: Content): Promise<string> {
  if (size > INLINE) {
    const text = `content of ${size} bytes is given as it is: ask for \`Accept: */*\``;
    throw new FhirError('not-supported', text, { status: 406 });
  }
  const pieces: Buffer[] = [];
  for await (const piece of read()) pieces.push(piece);
  return Buffer.concat(pieces, size).toString('base64');
}

/** INVARIANT: what a browser could run is saved, never shown. */
function disposition(contentType: string, id: string): string {
  const type = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  const ending = SHOWN.get(type);
  return ending === undefined ? `attachment; filename="${id}"` : `inline; filename="${id}.${ending}"`;
}
