/**
 * A request's way: authenticate → parse → check scope → open the scoped store → interaction → audit → render.
 * https://hl7.org/fhir/R4/http.html
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import type { Presented } from '../auth/bound.ts';
import type { Ahead } from '../auth/grants.ts';
import type { Subject } from '../consent/subject.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Answer } from '../interaction/exchange.ts';
import type { Readiness } from '../ops/health.ts';
import type { Log } from '../ops/log.ts';
import { splitAddress } from './address.ts';
import { aheadOf } from './ahead.ts';
import { answerOfCatalogue, type CatalogueOptions, isOfCatalogue } from './catalogue.ts';
import { clientThumbprint, type Passing } from './client-certificate.ts';
import { createMatcher, notFound } from './match.ts';
import { chooseEncoding, formOf } from './negotiation.ts';
import { carries, traceIdOf, type Follow, type Told } from './observing.ts';
import { Clocks } from './pace.ts';
import { headerOf, negotiate, parse } from './parse.ts';
import { corsOf, isPreflight, OPEN_PREFLIGHT, PREFLIGHT } from './cors.ts';
import { remoteAddress } from './remote.ts';
import { createPipeline, type PipelineOptions, type Progress } from './pipeline.ts';
import { parseQuery } from './query.ts';
import { errorAnswer, isNotFound, render, toFhirError, type Rendered, type View } from './render.ts';
import { ROUTES } from './routes.ts';
import { send } from './send.ts';

export interface AppOptions extends PipelineOptions {
  /** Absolute, without a slash at the end. */
  base: string;
  maxBodyBytes: number;
  /** In front of the server, whose `X-Forwarded-For` is believed: none unless given. */
  proxies?: number;
  /** Types that are served, and all that exist. */
  types: ReadonlySet<string>;
  knownTypes: ReadonlySet<string>;
  /** The CapabilityStatement as JSON. */
  capabilities: Buffer;
  /** Our own authorization server, and what clients read of it below the base. */
  authorization?: {
    path: string;
    smart: Buffer;
    handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  };
  /** A browser's app of this origin may call; none may unless given. */
  isOrigin?: (origin: string) => boolean;
  /** Absent: there is none here. */
  catalogue?: CatalogueOptions;
  /** How proxies pass clients' TLS certificates; absent: they don't. */
  passing?: Passing;
  /** Throws 401, 403. */
  authenticate(
    authorization: string | undefined,
    purposes: readonly string[] | undefined,
    presented: Presented,
    ahead?: Ahead,
  ): Promise<Subject>;
  ready(): Promise<Readiness>;
  /** Absent: there is no such page here. */
  metrics?: { token: string; contentType: string; text(): Promise<string> };
  /** Told of each answer. */
  answered?: (told: Told) => void;
  /** Absent: nobody follows requests from system to system. */
  follow?: Follow;
  log: Log;
}

interface Call extends Progress {
  request: IncomingMessage;
  requestId: string;
  /** https://www.w3.org/TR/trace-context/#trace-id */
  traceId?: string;
  start: number;
  view: View;
  interaction?: string;
}

export function createApp(options: AppOptions): express.Express {
  const clocks = new Clocks();
  const match = createMatcher(ROUTES, options.types, options.knownTypes);
  const interact = createPipeline(options, match);
  const parseOptions = { base: options.base, maxBodyBytes: options.maxBodyBytes, match };
  const basePath = new URL(options.base).pathname.replace(/\/$/, '');

  /** Read by anybody: what tells of the server, and the catalogue. */
  function isPublic(url: string): boolean {
    const { path } = splitAddress(url, basePath);
    return path === 'metadata' || path === SMART || isOfCatalogue(url);
  }

  async function respond(call: Call): Promise<Answer> {
    const { request, requestId, traceId, view } = call;
    const address = splitAddress(request.url ?? '', basePath);
    if (isRead(request) && address.path === 'metadata') return capabilities(call, address.query);
    if (isRead(request) && address.path === SMART && options.authorization !== undefined)
      return {
        status: 200,
        headers: { 'content-type': 'application/json', ...OPEN },
        body: options.authorization.smart,
      };
    if (isRead(request) && request.url?.startsWith('/health/')) return health(request.url);
    if (options.catalogue !== undefined && isOfCatalogue(request.url ?? ''))
      return catalogue(call, options.catalogue);
    // to all others it doesn't exist: they go on, and are answered as at any address where nothing is served
    if (isRead(request) && request.url === '/metrics' && carries(request, options.metrics?.token))
      return metrics();
    // all that were sent: of two, a proxy may have looked at the other
    const { authorization, 'x-purpose-of-use': purposes } = request.headersDistinct;
    const isPlain = isRead(request) && purposes === undefined;
    const ahead = isPlain ? aheadOf(address, request.headers.accept) : undefined;
    const subject = await options.authenticate(
      authorization?.join(', '),
      purposes,
      presentedBy(request),
      ahead,
    );
    const from = remoteAddress(request, options.proxies ?? 0);
    const asked = await parse(
      request,
      address,
      { subject, ahead, requestId, traceId, address: from },
      view,
      parseOptions,
    );
    call.interaction = asked.route.interaction;
    return interact(asked, call);
  }

  const presentedBy =
    (request: IncomingMessage): Presented =>
    () =>
      clientThumbprint(request, options.passing);

  function catalogue({ request, requestId }: Call, of: CatalogueOptions): Promise<Answer> {
    const { authorization } = request.headersDistinct;
    return answerOfCatalogue(
      {
        request,
        requestId,
        address: remoteAddress(request, options.proxies ?? 0),
        authenticate: () => options.authenticate(authorization?.join(', '), undefined, presentedBy(request)),
      },
      of,
    );
  }

  /** https://hl7.org/fhir/R4/http.html#capabilities */
  function capabilities(call: Call, queryText: string): Answer {
    call.interaction = 'capabilities';
    const query = parseQuery(queryText);
    negotiate(call.request, query, call.view, { any: false });
    if (query.some(([name, value]) => name === 'mode' && value === 'terminology')) {
      throw new FhirError('not-supported', 'mode `terminology` is not supported; allowed: full, normative');
    }
    return { status: 200, headers: OPEN, body: options.capabilities };
  }

  async function health(url: string): Promise<Answer> {
    const headers = { 'content-type': 'application/json' };
    if (url === '/health/live') return { status: 200, headers, body: Buffer.from('{"live":true}') };
    if (url !== '/health/ready') throw notFound();
    const readiness = await options.ready();
    return { status: readiness.ready ? 200 : 503, headers, body: Buffer.from(JSON.stringify(readiness)) };
  }

  async function metrics(): Promise<Answer> {
    const { contentType, text } = options.metrics!;
    return { status: 200, headers: { 'content-type': contentType }, body: Buffer.from(await text()) };
  }

  async function answer(call: Call): Promise<Rendered> {
    try {
      return await render(await respond(call), call.view);
    } catch (error) {
      const fault = toFhirError(error);
      if (fault.status >= 500) {
        const { requestId, traceId } = call;
        options.log.error({ requestId, traceId, err: fault.cause ?? fault }, 'failed');
      }
      // what was read with the token of who asks too often is told nobody
      call.paced ||= isNotFound(fault) || fault.status === 429;
      return render(errorAnswer(fault), call.view);
    }
  }

  async function handle(call: Call, response: ServerResponse): Promise<Told> {
    const rendered = await answer(call);
    if (call.paced) await clocks.untilTick(call.clock ?? call.interaction ?? '', call.start);
    const leaving = send(call.request, response, rendered);
    if (leaving !== undefined) await leaving.catch((err: unknown) => cut(call, response, err));
    const { requestId, traceId, interaction, request, start } = call;
    const ms = Math.round((performance.now() - start) * 10) / 10;
    const told = { method: request.method ?? '', interaction, status: rendered.status, ms };
    options.log.info({ requestId, traceId, ...told }, 'answered');
    options.answered?.(told);
    return told;
  }

  /** Who asked went away, which is theirs to do; or the content can't be read. */
  function cut({ requestId, traceId }: Call, response: ServerResponse, err: unknown): void {
    const isTheirs = (err as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
    options.log[isTheirs ? 'info' : 'error']({ requestId, traceId, err }, 'answer cut off');
    response.destroy();
  }

  function followed(call: Call, response: ServerResponse): Promise<unknown> {
    if (options.follow === undefined) return handle(call, response);
    return options.follow(call.request.headers, (traceId) => {
      call.traceId = traceId;
      return handle(call, response);
    });
  }

  /** The answer itself could not be sent, such as for a header that HTTP does not allow. */
  async function giveUp(call: Call, response: ServerResponse, err: unknown): Promise<void> {
    options.log.error({ requestId: call.requestId, traceId: call.traceId, err }, 'answer lost');
    if (response.headersSent) response.destroy();
    else void send(call.request, response, await render(errorAnswer(err), call.view));
  }

  const app = express();
  for (const setting of ['x-powered-by', 'etag', 'query parser', 'trust proxy']) app.set(setting, false);
  app.use((request, response) => {
    const { path: issuer } = options.authorization ?? {};
    if (issuer !== undefined && request.url === `${METADATA}${issuer}`) request.url = `${issuer}${METADATA}`;
    if (options.authorization !== undefined && isBelow(request.url, options.authorization.path)) {
      void options.authorization.handle(request, response);
      return;
    }
    const cors = corsOf(request, options.isOrigin ?? (() => false));
    for (const [name, value] of Object.entries(cors ?? {})) response.setHeader(name, value);
    if (cors !== undefined && isPreflight(request)) {
      response.writeHead(204, PREFLIGHT).end();
      return;
    }
    if (isPreflight(request) && isPublic(request.url ?? '')) {
      response.writeHead(204, OPEN_PREFLIGHT).end();
      return;
    }
    const call = begin(request);
    response.on('error', () => {});
    followed(call, response)
      .catch((err: unknown) => giveUp(call, response, err))
      .catch(() => response.destroy());
  });
  return app;
}

/** https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#using-well-known */
const SMART = '.well-known/smart-configuration';
/** Read by anybody, from anywhere. */
const OPEN = { 'access-control-allow-origin': '*' };

/** Of an issuer with a path, it stands before the path: https://datatracker.ietf.org/doc/html/rfc8414#section-3.1 */
const METADATA = '/.well-known/oauth-authorization-server';

const isBelow = (url: string, path: string): boolean => url.startsWith(`${path}/`);

function begin(request: IncomingMessage): Call {
  const requestId = requestIdOf(request);
  const encoding = chooseEncoding(headerOf(request, 'accept-encoding'));
  return {
    request,
    requestId,
    traceId: traceIdOf(request),
    start: performance.now(),
    view: { pretty: false, xml: wantsXml(request), encoding, requestId },
    paced: false,
  };
}

/** For what is answered before the rest of the request is read. */
function wantsXml(request: IncomingMessage): boolean {
  const accept = headerOf(request, 'accept');
  const url = request.url ?? '';
  if (accept?.includes('xml') !== true && !url.includes('_format=')) return false;
  try {
    return formOf(accept, parseQuery(url.split('?', 2)[1] ?? '')) === 'xml';
  } catch {
    return false;
  }
}

const isRead = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

/** Echoed when it is safe to repeat, else made. */
function requestIdOf(request: IncomingMessage): string {
  const sent = headerOf(request, 'x-request-id');
  return sent !== undefined && /^[\x21-\x7e]{1,128}$/.test(sent) ? sent : randomUUID();
}
