/**
 * ITI-106: a CDA or FHIR document, from which the server makes the DocumentReference.
 * https://profiles.ihe.net/ITI/MHD/OperationDefinition/generate-metadata
 */
import { randomUUID } from 'node:crypto';
import { items } from '../fhir/items.ts';
import { isNational } from '../fhir/identity.ts';
import { parseJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { referenceTo } from '../interaction/references.ts';
import { type Described, readCda } from './cda-header.ts';
import { attachmentsOf } from './codes.ts';
import { readDocumentBundle } from './composition-header.ts';
import { provide } from './provide.ts';
import { classOf } from './types.ts';

const XML = /^(text|application)\/([\w.+-]+\+)?xml( *;|$)/;

/** Answers where the document is. */
export async function generateMetadata(context: Context, exchange: Exchange): Promise<Answer> {
  const content = documentIn(exchange);
  const { patient, document } = read(content);
  const subject = await subjectOf(context, exchange, patient);
  const [described, held] = [`urn:uuid:${randomUUID()}`, `urn:uuid:${randomUUID()}`];
  const category = document.category ?? classOf(document.type, exchange.store.rules);
  const whole: Resource = { ...document, subject, ...(category === undefined ? {} : { category }) };
  attachmentsOf(whole)[0]!.url = held;
  const { id: _, ...kept } = content;
  const entry = [
    { fullUrl: described, resource: whole, request: { method: 'POST', url: 'DocumentReference' } },
    { fullUrl: held, resource: kept, request: { method: 'POST', url: content.resourceType } },
  ];
  const value: Resource = { resourceType: 'Bundle', type: 'transaction', entry };
  const body = { kind: 'json' as const, contentType: 'application/fhir+json', value, bytes: Buffer.alloc(0) };
  const answer = await provide(context, { ...exchange, body });
  const [made] = items((parseJson(answer.body as Buffer) as Resource).entry);
  const { location } = made!.response as { location: string };
  const reference = /DocumentReference\/[A-Za-z0-9\-.]{1,64}/.exec(location)![0];
  return {
    status: 200,
    body: {
      resourceType: 'Parameters',
      parameter: [{ name: 'DocumentReference', valueReference: { reference } }],
    },
  };
}

function read(content: Resource): Described {
  if (content.resourceType === 'Bundle') return readDocumentBundle(content);
  const { contentType, data } = content;
  if (typeof contentType !== 'string' || !XML.test(contentType) || typeof data !== 'string') {
    throw new FhirError(
      'not-supported',
      'metadata is made of a CDA document (a Binary of `text/xml`) or of a FHIR document',
      {
        expression: 'Parameters.parameter[0].resource',
      },
    );
  }
  const described = readCda(Buffer.from(data, 'base64'));
  attachmentsOf(described.document)[0]!.contentType = contentType;
  return described;
}

/** The one parameter, or it alone as R4 lets an operation of one resource be called. */
function documentIn({ body }: Exchange): Resource {
  if (body?.kind !== 'json') throw new FhirError('required', 'a Parameters resource is required as body');
  const sent = body.value as Resource;
  const found =
    sent.resourceType === 'Parameters'
      ? items(sent.parameter)
          .filter(({ name }) => name === 'document')
          .map(({ resource }) => resource as Json)
      : [sent];
  const [only, ...more] = found as (Resource | undefined)[];
  if (more.length > 0 || (only?.resourceType !== 'Binary' && only?.resourceType !== 'Bundle')) {
    throw new FhirError('required', 'one parameter `document` is required: a Binary or a Bundle');
  }
  return only;
}

/** By the national number that the document itself names, as any deposit may name its patient. */
async function subjectOf(
  context: Context,
  exchange: Exchange,
  identifiers: readonly string[],
): Promise<Json> {
  const number = identifiers.find((name) => isNational(name.slice(0, name.lastIndexOf('|'))));
  const query =
    number === undefined ? undefined : `Patient?${new URLSearchParams({ identifier: number }).toString()}`;
  const reference = query === undefined ? undefined : await referenceTo(context, exchange, query, []);
  if (reference !== undefined) return { reference };
  const text = 'no patient is found by the national identifier that the document names';
  throw new FhirError('business-rule', text, { expression: 'DocumentReference.subject' });
}
