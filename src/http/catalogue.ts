/**
 * The catalogue of apps, public, and the registry by which stewards steer what may connect: beside the FHIR base, in
 * JSON. docs/catalogue.md
 */
import type { IncomingMessage } from 'node:http';
import type { Desk, Doing } from '../catalogue/desk.ts';
import { stewardOf } from '../catalogue/duty.ts';
import { CRITERIA, STATES, VERDICTS, descriptionIn } from '../catalogue/listing.ts';
import { dayIn, fieldsOf, oneOf, textIn } from '../catalogue/reading.ts';
import { found, shown } from '../catalogue/shown.ts';
import type { Subject } from '../consent/subject.ts';
import { parseJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Answer } from '../interaction/exchange.ts';
import { languageAmong } from './languages.ts';
import { parseQuery } from './query.ts';

export interface CatalogueOptions {
  desk: Desk;
  /** Resource types that are served. */
  types: ReadonlySet<string>;
  /** Counts what an address sends without a token. @throws FhirError 429 */
  pace(address: string): Promise<void>;
}

export interface Called {
  request: IncomingMessage;
  address: string;
  requestId: string;
  /** @throws FhirError 401 */
  authenticate(): Promise<Subject>;
}

interface Asked extends Called {
  options: CatalogueOptions;
  /** What stands for `[id]`. */
  id: string;
  query: [string, string][];
  body: unknown;
}

interface Route {
  method: 'GET' | 'POST' | 'PUT';
  path: string;
  /** Needs no token. */
  open?: true;
  answer(asked: Asked): Promise<Answer>;
}

const MOST_BYTES = 64 * 1024;

// prettier-ignore
const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/catalogue', open: true, answer: search },
  { method: 'GET', path: '/catalogue/[id]', open: true, answer: one },
  { method: 'POST', path: '/catalogue/[id]/reports', open: true, answer: report },

  { method: 'GET', path: '/registry/listings', answer: stewards(({ options }) => options.desk.listings()) },
  { method: 'POST', path: '/registry/listings', answer: stewards(enter, 201) },
  { method: 'PUT', path: '/registry/listings/[id]', answer: stewards(describe) },
  { method: 'POST', path: '/registry/listings/[id]/reviews', answer: stewards(review) },
  { method: 'POST', path: '/registry/listings/[id]/state', answer: stewards(move) },
  { method: 'POST', path: '/registry/clients', answer: stewards(({ options, body }, doing) => options.desk.registerSystem(doing, body), 202) },
  { method: 'POST', path: '/registry/clients/[id]/suspend', answer: stewards(({ options, id }, doing) => options.desk.suspendClient(doing, id)) },
  { method: 'POST', path: '/registry/issuers', answer: stewards(({ options, body }, doing) => options.desk.trustIssuer(doing, body), 202) },
  { method: 'POST', path: '/registry/issuers/distrust', answer: stewards(distrust) },
  { method: 'GET', path: '/registry/proposals', answer: stewards(({ options }) => options.desk.proposals()) },
  { method: 'POST', path: '/registry/proposals/[id]/confirm', answer: stewards(({ options, id }, doing) => options.desk.confirm(doing, id)) },
  { method: 'POST', path: '/registry/proposals/[id]/refuse', answer: stewards(({ options, id, body }, doing) => options.desk.refuse(doing, id, reasonIn(body))) },
  { method: 'GET', path: '/registry/reports', answer: stewards(({ options }) => options.desk.reports()) },
];

export const isOfCatalogue = (url: string): boolean => /^\/(catalogue|registry)(?=[/?]|$)/.test(url);

export async function answerOfCatalogue(called: Called, options: CatalogueOptions): Promise<Answer> {
  const { request } = called;
  const [path = '', queryText = ''] = (request.url ?? '').split('?', 2);
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  const there = ROUTES.flatMap((route) => {
    const id = idIn(path, route.path);
    return id === undefined ? [] : [{ route, id }];
  });
  const fit = there.find(({ route }) => route.method === method);
  if (fit === undefined) {
    if (there.length === 0) throw new FhirError('not-found', 'not found');
    const allow = [...new Set(there.map(({ route }) => route.method))].join(', ');
    throw new FhirError('not-supported', `allowed here: ${allow}`, { status: 405, headers: { allow } });
  }
  const body = method === 'GET' ? undefined : await bodyOf(request);
  return fit.route.answer({ ...called, options, id: fit.id, query: parseQuery(queryText), body });
}

/** What stands at `[id]`, or an empty text where there is none; undefined: another path. */
function idIn(path: string, pattern: string): string | undefined {
  const [segments, parts] = [path.split('/'), pattern.split('/')];
  if (segments.length !== parts.length) return undefined;
  let id = '';
  for (const [index, part] of parts.entries()) {
    if (part === '[id]' && /^[A-Za-z0-9-]{1,64}$/.test(segments[index]!)) id = segments[index]!;
    else if (part !== segments[index]) return undefined;
  }
  return id;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new FhirError('too-long', `a body has up to ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  if (bytes === 0) return {};
  if (type !== 'application/json') {
    throw new FhirError('not-supported', 'the body is `application/json`', { status: 415 });
  }
  return parseJson(Buffer.concat(chunks));
}

function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  const body = Buffer.from(JSON.stringify(value));
  return { status, headers: { 'content-type': 'application/json', ...headers }, body };
}

const OPEN = { 'access-control-allow-origin': '*', vary: 'accept, accept-encoding, accept-language' };

async function search({ options, query, request }: Asked): Promise<Answer> {
  const language = languageAmong(query, request);
  const named = Object.fromEntries(query.filter(([name]) => name !== 'lang'));
  const { q = '', audience, ...others } = named as Record<string, string>;
  const [unknown] = Object.keys(others);
  if (
    unknown !== undefined ||
    (audience !== undefined && audience !== 'patients' && audience !== 'professionals')
  ) {
    throw new FhirError(
      'not-supported',
      'allowed: `q`, `audience` (patients, professionals), `lang` (fr, en)',
    );
  }
  const listed = await options.desk.listings(['listed']);
  const entries = found(listed, { text: q, audience }).map((listing) => shown(listing, language));
  return json(200, { total: entries.length, entries }, { ...OPEN, 'content-language': language });
}

async function one({ options, id, query, request }: Asked): Promise<Answer> {
  const language = languageAmong(query, request);
  return json(200, shown(await options.desk.shown(id), language), { ...OPEN, 'content-language': language });
}

/** By anybody, with an account or without. */
async function report({ options, id, body, address }: Asked): Promise<Answer> {
  const text = textIn(fieldsOf(body, 'report', ['text']), 'text', 4000);
  await options.pace(address);
  await options.desk.report(id, text);
  return json(202, { received: true }, OPEN);
}

function stewards(work: (asked: Asked, doing: Doing) => Promise<unknown>, status = 200): Route['answer'] {
  return async (asked) => {
    const steward = stewardOf(await asked.authenticate());
    const { address, requestId } = asked;
    return json(status, (await work(asked, { steward, address, requestId })) ?? { done: true });
  };
}

function enter({ options, body }: Asked, doing: Doing): Promise<unknown> {
  return options.desk.enter(doing, descriptionIn(body, options.types));
}

function describe({ options, id, body }: Asked, doing: Doing): Promise<unknown> {
  const description = descriptionIn(body, options.types);
  if (description.id !== id)
    throw new FhirError('value', '`id` is that of the address', { expression: 'id' });
  return options.desk.describe(doing, description);
}

function review({ options, id, body }: Asked, doing: Doing): Promise<unknown> {
  const fields = fieldsOf(body, 'review', ['criterion', 'verdict', 'note', 'reviewedUntil']);
  const until = fields['reviewedUntil'] === undefined ? undefined : dayIn(fields, 'reviewedUntil');
  const judged = {
    criterion: oneOf(fields, 'criterion', CRITERIA),
    verdict: oneOf(fields, 'verdict', VERDICTS),
    note: textIn(fields, 'note', 4000),
    ...(until === undefined ? {} : { until }),
  };
  return options.desk.review(doing, id, judged);
}

function move({ options, id, body }: Asked, doing: Doing): Promise<unknown> {
  const fields = fieldsOf(body, 'state', ['state', 'reason']);
  return options.desk.move(doing, id, oneOf(fields, 'state', STATES), reasonIn({ reason: fields['reason'] }));
}

function distrust({ options, body }: Asked, doing: Doing): Promise<unknown> {
  return options.desk.distrustIssuer(doing, textIn(fieldsOf(body, 'issuer', ['issuer']), 'issuer', 500));
}

function reasonIn(body: unknown): string | undefined {
  const fields = fieldsOf(body, 'reason', ['reason']);
  return fields['reason'] === undefined ? undefined : textIn(fields, 'reason', 1000);
}
