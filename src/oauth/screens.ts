/** The screens of an authorization, by step. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import type { Language } from '../consent/reasons.ts';
import { type Asked, type ScreenOptions, type Shown, askedBy } from './asked.ts';
import { authorize, showAuthorize } from './authorize.ts';
import { readForm } from './form.ts';
import { languageOf } from './language.ts';
import { login, showLogin } from './login.ts';
import { activate, back, goElsewhere, join, otherWay, showActivate, showFailed } from './upstream/steps.ts';
import { errorPage } from './pages/error.ts';

export type Screens = (
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  step: string,
) => Promise<Shown | undefined>;

/** Answers undefined where the browser has been sent on. */
export function screens(options: ScreenOptions): Screens {
  const step = stepsOf(options);
  return async (provider, request, response, name) => {
    try {
      return await step(provider, request, response, name);
    } catch (error) {
      // a form that was sent twice: it was finished by the other meanwhile
      if (!isFinished(error)) throw error;
      return unknown(languageOf({ req: request }), new URL(options.issuer).pathname);
    }
  };
}

function stepsOf(options: ScreenOptions): Screens {
  return async (provider, request, response, step) => {
    const asked = await askedBy(options, provider, request, response);
    const lost = (): Shown => unknown(languageOf({ req: request }), new URL(options.issuer).pathname);
    if (asked === undefined) return lost();
    const { prompt } = asked.interaction;
    const query = new URL(request.url!, options.issuer).searchParams;
    const upstream = query.get('upstream') ?? '';
    if (request.method === 'GET') {
      switch (step) {
        case '':
          return (
            (await showActivate(asked)) ??
            (prompt.name === 'login' ? showLogin(asked) : ((await showAuthorize(asked)) ?? lost()))
          );
        case 'with':
          return prompt.name === 'login' ? goElsewhere(asked, upstream) : join(asked, upstream);
        case 'back':
          return back(asked, query);
        case 'other':
          return otherWay(asked);
        case 'failed':
          return prompt.name === 'login' ? showFailed(asked) : ((await showAuthorize(asked)) ?? lost());
        default:
          return lost();
      }
    }
    const form = request.method === 'POST' ? await readForm(request) : undefined;
    if (form === undefined) return lost();
    if (step === 'leave') return refuse(asked);
    if (step === 'login' && prompt.name === 'login') return login(asked, form);
    if (step === 'activate') return activate(asked, form);
    if (step === 'authorize' && prompt.name === 'consent') return authorize(asked, form);
    return lost();
  };
}

function refuse({ finish }: Asked): Promise<undefined> {
  return finish({ error: 'access_denied', error_description: 'the person refused' });
}

/** As the library says it: the errors of its own that are no class of ours. */
function isFinished(error: unknown): boolean {
  return error instanceof Error && error.name === 'SessionNotFound';
}

function unknown(language: Language, root: string): Shown {
  const out = {
    error: 'invalid_request',
    error_description: 'the authorization request is not known here, or has expired',
  };
  return { status: 400, html: errorPage(out, language, root) };
}
