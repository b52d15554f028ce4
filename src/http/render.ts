/** From an answer or an error to status, headers and bytes: https://hl7.org/fhir/R4/http.html#return */
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { xmlOf } from '../fhir/xml/write.ts';
import { stringifyJson } from '../fhir/json.ts';
import { FhirError, outcome } from '../fhir/outcome.ts';
import { type Answer, type Body, Flow, type Prefer } from '../interaction/exchange.ts';
import { preferred } from '../interaction/preferred.ts';
import { FHIR_JSON, FHIR_XML, type Encoding } from './negotiation.ts';
import { prettyPrint } from './pretty.ts';

const COMPRESS_FROM = 1_024;

const compressors = {
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes, { level: 4 }),
};

/** On every answer. The last three keep a browser from running what a caller stored. */
const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'x-frame-options': 'DENY',
};

export interface Rendered {
  status: number;
  headers: Record<string, string | number>;
  body?: Buffer | Flow;
}

export interface View {
  /** Resources are told in XML. */
  xml: boolean;
  pretty: boolean;
  encoding?: Encoding;
  requestId: string;
}

export async function render(answer: Answer, view: View): Promise<Rendered> {
  const headers: Rendered['headers'] = {
    ...SECURITY_HEADERS,
    vary: 'accept, accept-encoding',
    'x-request-id': view.requestId,
    ...answer.headers,
  };
  if (answer.status === 204 || answer.status === 304) return { status: answer.status, headers };
  if (answer.body === undefined)
    return { status: answer.status, headers: { ...headers, 'content-length': 0 } };

  if (answer.body instanceof Flow) {
    return {
      status: answer.status,
      headers: { ...headers, 'content-length': answer.body.size },
      body: answer.body,
    };
  }
  let body = Buffer.isBuffer(answer.body) ? answer.body : Buffer.from(stringifyJson(answer.body));
  if (view.xml && headers['content-type'] === undefined) {
    body = xmlOf(body);
    headers['content-type'] = FHIR_XML;
  }
  const contentType = String((headers['content-type'] ??= FHIR_JSON));
  const isText = /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml))/.test(contentType);
  if (view.pretty && contentType === FHIR_JSON) body = prettyPrint(body);
  if (view.encoding && isText && answer.status !== 206 && body.length >= COMPRESS_FROM) {
    body = await compressors[view.encoding](body);
    headers['content-encoding'] = view.encoding;
  }
  headers['content-length'] = body.length;
  return { status: answer.status, headers, body };
}

/** Any error as the answer that tells of it; what isn't a FhirError stays inside. */
export function errorAnswer(error: unknown): Answer {
  const fault = toFhirError(error);
  const headers = { ...fault.headers };
  if (fault.status === 401) headers['www-authenticate'] ??= 'Bearer';
  if (fault.status === 503) headers['retry-after'] ??= '1';
  // INVARIANT: hidden, absent and impossible are told in the same bytes, whatever the interaction said.
  if (isNotFound(fault)) return { status: 404, headers: {}, body: NOT_FOUND };
  return { status: fault.status, headers, body: outcome(fault.issues) };
}

const NOT_FOUND = outcome([{ severity: 'error', code: 'not-found', text: 'not found' }]);

export const isNotFound = (error: FhirError): boolean =>
  error.status === 404 && error.issues[0]?.code === 'not-found';

export const toFhirError = (error: unknown): FhirError =>
  error instanceof FhirError ? error : new FhirError('exception', 'internal error', { cause: error });

const WRITES = new Set(['create', 'update', 'patch']);

/** What the caller prefers to be told of what was written. */
export function applyPrefer(answer: Answer, code: string, prefer: Prefer, sent: Body | undefined): Answer {
  const applies = WRITES.has(code) && (answer.status === 200 || answer.status === 201);
  // of a patch the body says what changes, and not what it came to
  return applies ? preferred(answer, prefer, code === 'patch' ? undefined : sent) : answer;
}
