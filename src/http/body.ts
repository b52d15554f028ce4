/** The body of a request, read within bounds: https://hl7.org/fhir/R4/http.html#mime-type */
import type { IncomingMessage } from 'node:http';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Transform } from 'node:stream';
import { parseJson } from '../fhir/json.ts';
import { JSON_PATCH, patchIn, XML_PATCH } from '../fhir/patch/index.ts';
import { jsonOf } from '../fhir/xml/read.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Body } from '../interaction/exchange.ts';
import { isR4, mediaParameters, mediaType, XML_TYPES } from './negotiation.ts';
import { parseQuery } from './query.ts';
import type { BodyKind } from './routes.ts';
import { arriving, readStart } from './streamed-body.ts';

const FHIR_JSON = 'application/fhir+json';
const FHIR_XML = 'application/fhir+xml';
const JSON_TYPES = ['application/fhir+json', 'application/json', 'text/json'];
const FORM = 'application/x-www-form-urlencoded';
const MAX_FORM_BYTES = 64 * 1024;
/** Content of a Binary beyond this is read as it is written. */
const STREAM_FROM = 1024 * 1024;
/** How long a body that is held may take to arrive. Milliseconds. */
const ARRIVES_WITHIN = 120_000;

const ACCEPTED: Record<BodyKind, readonly string[]> = {
  resource: [...JSON_TYPES, ...XML_TYPES],
  patch: [JSON_PATCH, XML_PATCH, ...JSON_TYPES, ...XML_TYPES],
  form: [FORM],
  parameters: [...JSON_TYPES, ...XML_TYPES],
};

const REQUIRED: Record<BodyKind, boolean> = { resource: true, patch: true, form: false, parameters: false };

const DECODERS: Record<string, () => Transform> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

export interface ReadBody {
  body?: Body;
  /** Fields of a `_search` form. */
  fields: [string, string][];
}

/** `content`: bytes of any other type are taken as they are (Binary), many of them as a stream when `streams`. */
export async function readBody(
  request: IncomingMessage,
  kind: BodyKind,
  options: { maxBytes: number; content: boolean; streams?: boolean },
): Promise<ReadBody> {
  const header = request.headers['content-type'];
  const contentType = header === undefined ? '' : mediaType(header);
  // XML that isn't said to be FHIR is content
  const isContent = options.content && XML_TYPES.includes(contentType) && contentType !== FHIR_XML;
  const isFhir = ACCEPTED[kind].includes(contentType) && !isContent;
  if (isEmpty(request)) {
    if (REQUIRED[kind]) throw new FhirError('required', 'a body is required');
    return { fields: [] };
  }
  if (isFhir) requireUtf8(header!);
  else if (!options.content || contentType === '') {
    throw unsupportedType(contentType, kind);
  }
  if (!isFhir && options.streams === true) return { body: await contentOf(request, header!), fields: [] };
  const bytes = await readBytes(request, kind === 'form' ? MAX_FORM_BYTES : options.maxBytes);
  if (!isFhir) return { body: { kind: 'raw', contentType: header!, bytes }, fields: [] };
  if (kind === 'form') return { fields: parseQuery(requireText(bytes)) };
  if (bytes.length === 0) {
    if (REQUIRED[kind]) throw new FhirError('required', 'a body is required');
    return { fields: [] };
  }
  if (contentType === XML_PATCH) {
    const value = patchIn(contentType, bytes);
    return { body: { kind: 'json', contentType, value, bytes }, fields: [] };
  }
  if (XML_TYPES.includes(contentType)) {
    const json = jsonOf(bytes);
    return {
      body: { kind: 'json', contentType: FHIR_JSON, value: parseJson(json), bytes: json },
      fields: [],
    };
  }
  return {
    body: { kind: 'json', contentType, value: parseJson(bytes, { array: kind === 'patch' }), bytes },
    fields: [],
  };
}

const isEmpty = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;

function requireUtf8(header: string): void {
  const parameters = mediaParameters(header);
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) {
    throw new FhirError('not-supported', 'only the character set `utf-8` is allowed', { status: 415 });
  }
  if (!isR4(parameters)) {
    throw new FhirError('not-supported', 'only `fhirVersion=4.0` is allowed', { status: 415 });
  }
}

function unsupportedType(contentType: string, kind: BodyKind): FhirError {
  const allowed = `allowed: ${ACCEPTED[kind].join(', ')}`;
  const why =
    contentType === ''
      ? 'a content type is required'
      : `content type \`${contentType.slice(0, 64)}\` is not supported here`;
  return new FhirError('not-supported', `${why}; ${allowed}`, { status: 415 });
}

function requireText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FhirError('invalid', 'the form is not valid UTF-8');
  }
}

async function contentOf(request: IncomingMessage, contentType: string): Promise<Body> {
  const { bytes, rest } = await readStart(arriving(request, decoderOf(request)), STREAM_FROM);
  if (rest === undefined) return { kind: 'raw', contentType, bytes };
  const isAsSent = (request.headers['content-encoding'] ?? 'identity') === 'identity';
  const expected = isAsSent ? Number(request.headers['content-length'] ?? NaN) : NaN;
  return {
    kind: 'stream',
    contentType,
    bytes: rest,
    ...(Number.isFinite(expected) ? { expected } : {}),
  };
}

/** The decoded bytes; stops at the limit, be it reached by what is sent or by what it inflates to. */
export function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const { encoding, decoder } = decoderOf(request);
  const tooLong = () => new FhirError('too-long', `the body is longer than ${maxBytes} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLong();

  return new Promise((resolve, reject) => {
    const inflater = decoder?.();
    const source = inflater ?? request;
    const chunks: Buffer[] = [];
    let length = 0;
    const late = setTimeout(() => {
      request.pause();
      stop(new FhirError('timeout', 'the request took too long to arrive', { status: 408 }));
    }, ARRIVES_WITHIN);
    late.unref();
    const stop = (error: FhirError) => {
      clearTimeout(late);
      source.removeListener('data', take);
      if (inflater) {
        request.unpipe(inflater);
        inflater.destroy();
      }
      reject(error);
    };
    const take = (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) stop(tooLong());
      else chunks.push(chunk);
    };
    source.on('data', take);
    source.once('end', () => {
      clearTimeout(late);
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length));
    });
    inflater?.on('error', () => stop(new FhirError('invalid', `the body is not valid ${encoding}`)));
    request.once('close', () => {
      if (!request.complete) stop(new FhirError('invalid', 'the body was cut off'));
    });
    request.once('error', () => stop(new FhirError('invalid', 'the body was cut off')));
    if (inflater) request.pipe(inflater);
  });
}

/** @throws FhirError 415 */
function decoderOf({ headers }: IncomingMessage): { encoding: string; decoder?: () => Transform } {
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const decoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  if (encoding === 'identity' || decoder !== undefined) return { encoding, decoder };
  const allowed = Object.keys(DECODERS).join(', ');
  throw new FhirError('not-supported', `this content encoding is not supported; allowed: ${allowed}`, {
    status: 415,
  });
}
