/** `DocumentReference/[id]/$html`: a CDA as a page to read. docs/interactions/document-html.md */
import type { Stored } from '../enforcement/ports.ts';
import { POLICY, cdaHtml } from '../fhir/cda/html.ts';
import { contentAt } from '../fhir/content/attachment.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { contentAnswer } from '../interaction/content.ts';
import { type Answer, type Exchange, Flow } from '../interaction/exchange.ts';

const XML = /^(text|application)\/([\w.-]+\+)?xml\b/i;
const LONGEST = 24 * 1024 * 1024;

export async function documentHtml(exchange: Exchange): Promise<Answer> {
  const { store, params, base } = exchange;
  const document = await store.read('DocumentReference', params.id!);
  if (document === undefined) throw new FhirError('not-found', 'not found');
  if (document.method === 'DELETE') throw new FhirError('deleted', 'deleted');
  const { content = [] } = JSON.parse(document.body.toString()) as Resource & {
    content?: { attachment?: Json }[];
  };
  const attachment = content
    .map((each) => each.attachment ?? {})
    .find(({ contentType }) => XML.test(String(contentType)));
  if (attachment === undefined)
    throw new FhirError('processing', 'the document has no XML: only a CDA becomes a page');
  const html = Buffer.from(cdaHtml(await bytesOf(exchange, attachment, base)));
  const isFhir = /json/.test(exchange.format ?? exchange.header('accept') ?? '');
  if (isFhir)
    return {
      status: 200,
      body: { resourceType: 'Binary', contentType: 'text/html', data: html.toString('base64') },
    };
  return {
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY },
    body: html,
  };
}

/** In the document, or in a Binary that the caller may read. @throws FhirError not-found as of an absent one */
async function bytesOf(exchange: Exchange, { data, url }: Json, base: string): Promise<Buffer> {
  if (typeof data === 'string') return Buffer.from(data, 'base64');
  const [type, id] = contentAt(url, base)?.split('/') ?? [];
  if (type !== 'Binary' || id === undefined)
    throw new FhirError('processing', 'the content of the document does not lie here');
  const binary = await exchange.store.read('Binary', id, { byDocument: true });
  if (binary === undefined || binary.method === 'DELETE') throw new FhirError('not-found', 'not found');
  return contentOf(exchange, binary);
}

async function contentOf(exchange: Exchange, binary: Stored): Promise<Buffer> {
  const asContent: Exchange = { ...exchange, format: undefined, header: () => undefined };
  const { body } = (await contentAnswer(asContent, binary)) ?? {};
  if (Buffer.isBuffer(body)) return body;
  if (!(body instanceof Flow)) throw new FhirError('processing', 'the document has no content');
  if (body.size > LONGEST)
    throw new FhirError('too-costly', `the document is longer than ${LONGEST} bytes: read it as it is`);
  const pieces: Buffer[] = [];
  for await (const piece of body.read()) pieces.push(piece);
  return Buffer.concat(pieces);
}
