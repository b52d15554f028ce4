/**
 * A request's way: authenticate → parse → check scope → open the scoped store → interaction → audit → render.
 * https://hl7.org/fhir/R4/http.html
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import type { Subject } from '../consent/subject.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Answer } from '../interaction/exchange.ts';
import type { Readiness } from '../ops/health.ts';
import type { Log } from '../ops/log.ts';
import { splitAddress } from './address.ts';
import { createMatcher, notFound } from './match.ts';
import { chooseEncoding } from './negotiation.ts';
import { untilTick } from './pace.ts';
import { headerOf, negotiate, parse } from './parse.ts';
import { createPipeline, type PipelineOptions, type Progress } from './pipeline.ts';
import { parseQuery } from './query.ts';
import { errorAnswer, isNotFound, render, toFhirError, type Rendered, type View } from './render.ts';
import { ROUTES } from './routes.ts';
import { send } from './send.ts';

export interface AppOptions extends PipelineOptions {
  /** Absolute, without a slash at the end. */
  base: string;
  maxBodyBytes: number;
  /** Types that are served, and all that exist. */
  types: ReadonlySet<string>;
  knownTypes: ReadonlySet<string>;
  /** The CapabilityStatement as JSON. */
  capabilities: Buffer;
  /** Throws 401. */
  authenticate(authorization: string | undefined): Promise<Subject>;
  ready(): Promise<Readiness>;
  log: Log;
}

interface Call extends Progress {
  request: IncomingMessage;
  requestId: string;
  start: number;
  view: View;
  interaction?: string;
}

export function createApp(options: AppOptions): express.Express {
  const match = createMatcher(ROUTES, options.types, options.knownTypes);
  const interact = createPipeline(options, match);
  const parseOptions = { base: options.base, maxBodyBytes: options.maxBodyBytes, match };
  const basePath = new URL(options.base).pathname.replace(/\/$/, '');

  async function respond(call: Call): Promise<Answer> {
    const { request, requestId, view } = call;
    const address = splitAddress(request.url ?? '', basePath);
    if (isRead(request) && address.path === 'metadata') return capabilities(call, address.query);
    if (isRead(request) && request.url?.startsWith('/health/')) return health(request.url);
    // all that were sent: of two, a proxy may have looked at the other
    const subject = await options.authenticate(request.headersDistinct.authorization?.join(', '));
    const asked = await parse(request, address, { subject, requestId }, view, parseOptions);
    call.interaction = asked.route.interaction;
    return interact(asked, call);
  }

  /** https://hl7.org/fhir/R4/http.html#capabilities */
  function capabilities(call: Call, queryText: string): Answer {
    call.interaction = 'capabilities';
    const query = parseQuery(queryText);
    negotiate(call.request, query, call.view, { any: false });
    if (query.some(([name, value]) => name === 'mode' && value === 'terminology')) {
      throw new FhirError('not-supported', 'mode `terminology` is not supported; allowed: full, normative');
    }
    return { status: 200, body: options.capabilities };
  }

  async function health(url: string): Promise<Answer> {
    const headers = { 'content-type': 'application/json' };
    if (url === '/health/live') return { status: 200, headers, body: Buffer.from('{"live":true}') };
    if (url !== '/health/ready') throw notFound();
    const readiness = await options.ready();
    return { status: readiness.ready ? 200 : 503, headers, body: Buffer.from(JSON.stringify(readiness)) };
  }

  async function answer(call: Call): Promise<Rendered> {
    try {
      return await render(await respond(call), call.view);
    } catch (error) {
      const fault = toFhirError(error);
      if (fault.status >= 500)
        options.log.error({ requestId: call.requestId, err: fault.cause ?? fault }, 'failed');
      call.paced ||= isNotFound(fault);
      return render(errorAnswer(fault), call.view);
    }
  }

  async function handle(call: Call, response: ServerResponse): Promise<void> {
    const rendered = await answer(call);
    if (call.paced) await untilTick(call.start);
    send(call.request, response, rendered);
    const { requestId, interaction, request, start } = call;
    const ms = Math.round((performance.now() - start) * 10) / 10;
    options.log.info(
      { requestId, method: request.method, interaction, status: rendered.status, ms },
      'answered',
    );
  }

  /** The answer itself could not be sent, such as for a header that HTTP does not allow. */
  async function giveUp(call: Call, response: ServerResponse, err: unknown): Promise<void> {
    options.log.error({ requestId: call.requestId, err }, 'answer lost');
    if (response.headersSent) response.destroy();
    else send(call.request, response, await render(errorAnswer(err), call.view));
  }

  const app = express();
  for (const setting of ['x-powered-by', 'etag', 'query parser', 'trust proxy']) app.set(setting, false);
  app.use((request, response) => {
    const call = begin(request);
    response.on('error', () => {});
    handle(call, response)
      .catch((err: unknown) => giveUp(call, response, err))
      .catch(() => response.destroy());
  });
  return app;
}

function begin(request: IncomingMessage): Call {
  const requestId = requestIdOf(request);
  const encoding = chooseEncoding(headerOf(request, 'accept-encoding'));
  return {
    request,
    requestId,
    start: performance.now(),
    view: { pretty: false, encoding, requestId },
    paced: false,
  };
}

const isRead = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

/** Echoed when it is safe to repeat, else made. */
function requestIdOf(request: IncomingMessage): string {
  const sent = headerOf(request, 'x-request-id');
  return sent !== undefined && /^[\x21-\x7e]{1,128}$/.test(sent) ? sent : randomUUID();
}
