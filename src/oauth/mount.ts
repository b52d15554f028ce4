/** The authorization server's way in, beside the FHIR base: headers, screens, then oidc-provider. */
import { type JsonWebKey, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from 'helmet';
import type { Provider } from 'oidc-provider';
import type { Artifacts } from '../auth/grants.ts';
import { readForm } from './form.ts';
import { languageOf } from './language.ts';
import { errorPage } from './pages/error.ts';
import type { Pace } from './pace.ts';
import { policy } from './policy.ts';
import { STYLE } from './pages/style.ts';
import type { Apps } from './apps.ts';
import type { Shown } from './asked.ts';
import { nameClient } from './unnamed.ts';
import { beginLaunch, type LaunchOptions } from './launches.ts';
import type { Screens } from './screens.ts';
import { left } from './upstream/leaving.ts';
import type { Elsewhere } from './upstream/parties.ts';
import { BEGUN } from './upstream/steps.ts';

export interface MountOptions {
  issuer: string;
  /** The provider as it is now: its keys rotate. */
  provider: () => Provider;
  screens: Screens;
  /** The list of one's applications. */
  apps: Apps;
  pace: Pace;
  /** Who sent a request. */
  address(request: IncomingMessage): string;
  /** Of an application that runs in a browser. */
  isOrigin(origin: string): boolean;
  artifacts: Artifacts;
  launches: LaunchOptions;
  /** Where people log in who are led there to log out too. */
  elsewhere: Pick<Elsewhere, 'party'>;
  /** Our public keys towards OpenID providers. */
  upstreamKeys(): { keys: JsonWebKey[] };
  failed(error: unknown): void;
}

export interface Mounted {
  /** Below which it answers, without a slash at the end. */
  path: string;
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** Seconds in which a posted request is fetched again by the browser that posted it. */
const POSTED = 60;

/** Not `no-referrer`: a browser would then not say of our own forms from where they come, see isForeign. */
const strict = helmet({
  contentSecurityPolicy: false,
  crossOriginResourcePolicy: false,
  referrerPolicy: { policy: 'same-origin' },
  xFrameOptions: { action: 'deny' },
});

export function mount(options: MountOptions): Mounted {
  const { issuer, screens, artifacts } = options;
  const { pathname: path, protocol, host } = new URL(issuer);

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    strict(request, response, () => {});
    response.setHeader('content-security-policy', policy());
    // its address is the configured one, whatever a caller says
    const scheme = protocol.slice(0, -1);
    Object.assign(request.headers, { host, 'x-forwarded-host': host, 'x-forwarded-proto': scheme });
    const [at = ''] = request.url!.slice(path.length).split('?', 1);
    const [, first = '', uid, step = ''] = at.split('/');
    const wait = isPublished(at) ? 0 : await options.pace.wait('address', options.address(request));
    if (wait > 0) {
      throttle(request, response, wait);
      return;
    }
    if (first === 'interaction' && uid !== undefined) {
      const shown = isForeign(request, issuer)
        ? fault(request, 403)
        : await screens(options.provider(), request, response, step);
      if (shown !== undefined) show(response, shown);
      return;
    }
    if (at === '/apps' && (request.method === 'GET' || request.method === 'POST')) {
      const isOwn = !isForeign(request, issuer);
      show(response, isOwn ? await options.apps(options.provider(), request, response) : fault(request, 403));
      return;
    }
    if (first === 'back' && uid !== undefined && request.method === 'GET')
      return cameBack(request, response, uid);
    if (first === 'left' && uid !== undefined && request.method === 'GET') {
      const shown = await left(options, uid, request);
      if (shown?.cookie !== undefined) response.setHeader('set-cookie', shown.cookie);
      show(response, shown ?? fault(request, 400));
      return;
    }
    if (at === '/upstream-jwks' && request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/jwk-set+json', 'cache-control': 'max-age=300' });
      response.end(JSON.stringify(options.upstreamKeys()));
      return;
    }
    const fixed = request.method === 'GET' && Object.hasOwn(FIXED, at) ? FIXED[at] : undefined;
    if (fixed !== undefined) {
      response.writeHead(200, {
        'content-type': fixed.type,
        'cache-control': 'public, max-age=3600',
        ...OPEN,
      });
      response.end(fixed.text);
      return;
    }
    if (at === '/launch' && request.method === 'POST') {
      const { status, body } = await beginLaunch(request, options.launches);
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(JSON.stringify(body));
      return;
    }
    if (at === '/authorize' && request.method === 'POST') return keep(request, response);
    if (at === '/authorize' && request.method === 'GET') await resumePosted(request);
    if (at === '/token' && request.method === 'POST') await nameClient(request, options.launches);
    Object.assign(request, { originalUrl: request.url, url: request.url!.slice(path.length) });
    await options.provider().callback()(request, response);
  }

  /** One address for each provider, which it compares exactly; the interaction's cookie is known only below that. */
  async function cameBack(
    request: IncomingMessage,
    response: ServerResponse,
    upstream: string,
  ): Promise<void> {
    const query = new URL(request.url!, issuer).searchParams;
    const { interaction } = (await artifacts.find(BEGUN, query.get('state') ?? '')) ?? {};
    if (typeof interaction !== 'string') {
      show(response, fault(request, 400));
      return;
    }
    query.set('upstream', upstream);
    const location = `${path}/interaction/${interaction}/back?${query.toString()}`;
    response.writeHead(303, { location, 'cache-control': 'no-store' });
    response.end();
  }

  function throttle(request: IncomingMessage, response: ServerResponse, seconds: number): void {
    if (request.headers.accept?.includes('text/html') === true) {
      show(response, { ...fault(request, 429), retryAfter: seconds });
      return;
    }
    const { origin } = request.headers;
    response.writeHead(429, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'retry-after': String(seconds),
      ...(origin !== undefined && options.isOrigin(origin)
        ? { 'access-control-allow-origin': origin, 'access-control-expose-headers': 'Retry-After' }
        : {}),
    });
    const text = `too many requests from one address: try again in ${seconds} seconds`;
    response.end(JSON.stringify({ error: 'temporarily_unavailable', error_description: text }));
  }

  function fault(request: IncomingMessage, status: number): Shown {
    const error =
      status >= 500 ? 'server_error' : status === 429 ? 'temporarily_unavailable' : 'invalid_request';
    return { status, html: errorPage({ error }, languageOf({ req: request }), path) };
  }

  /** Stored, then fetched: a cookie that is `SameSite=Lax` doesn't come with a form of another site. */
  async function keep(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = await readForm(request);
    if (form === undefined) {
      show(response, fault(request, 400));
      return;
    }
    const id = randomBytes(32).toString('base64url');
    await artifacts.put('Posted', id, { query: form.toString() }, POSTED);
    response.writeHead(303, { location: `${issuer}/authorize?posted=${id}`, 'cache-control': 'no-store' });
    response.end();
  }

  async function resumePosted(request: IncomingMessage): Promise<void> {
    const query = new URL(request.url!, issuer).searchParams;
    const posted = query.get('posted');
    const kept = posted === null ? undefined : await artifacts.take('Posted', posted);
    const params = kept === undefined ? query : new URLSearchParams(kept.query as string);
    request.url = `${path}/authorize?${withConsent(params).toString()}`;
  }

  return {
    path,
    async handle(request, response) {
      try {
        await handle(request, response);
      } catch (error) {
        options.failed(error);
        if (response.headersSent) response.destroy();
        else show(response, fault(request, 500));
      }
    },
  };
}

/** The same for everybody, and asked for with each page. */
function isPublished(at: string): boolean {
  return (
    Object.hasOwn(FIXED, at) || at === '/jwks' || at === '/upstream-jwks' || at.startsWith('/.well-known/')
  );
}

const OPEN = { 'access-control-allow-origin': '*' };

/** https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#styling */
const SMART_STYLE = {
  color_background: '#ffffff',
  color_error: '#7a2e0e',
  color_highlight: '#0b4a6f',
  color_modal_backdrop: '#111827',
  color_success: '#14532d',
  color_text: '#111827',
  dim_border_radius: '6px',
  dim_font_size: '17px',
  dim_spacing_size: '20px',
  font_family_body: 'system-ui, sans-serif',
  font_family_heading: 'system-ui, sans-serif',
};

const FIXED: Record<string, { type: string; text: string }> = {
  '/style.css': { type: 'text/css; charset=utf-8', text: STYLE },
  '/smart-style.json': { type: 'application/json', text: JSON.stringify(SMART_STYLE) },
};

function show(response: ServerResponse, { status, html, leadsTo, to, retryAfter }: Shown): void {
  response.writeHead(status, {
    ...(to === undefined ? {} : { location: to }),
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': policy(...(typeof leadsTo === 'string' ? [leadsTo] : (leadsTo ?? []))),
  });
  response.end(html);
}

/** A form of another site: its cookies don't come either, but nothing hangs on that alone. */
function isForeign({ method, headers }: IncomingMessage, issuer: string): boolean {
  return method === 'POST' && headers.origin !== undefined && headers.origin !== new URL(issuer).origin;
}

/** The library wants `prompt=consent` with `offline_access`; SMART's clients don't send it, and are asked anyway. */
function withConsent(params: URLSearchParams): URLSearchParams {
  const prompts = (params.get('prompt') ?? '').split(' ').filter(Boolean);
  const isOffline = (params.get('scope') ?? '').split(' ').includes('offline_access');
  if (isOffline && !prompts.includes('consent') && !prompts.includes('none'))
    params.set('prompt', [...prompts, 'consent'].join(' '));
  return params;
}
