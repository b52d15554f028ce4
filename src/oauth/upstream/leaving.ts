/**
 * Who logs out here is out in every browser, and is led to each provider that they logged in at in this one, to log out there
 * too, and comes back:
 * https://openid.net/specs/openid-connect-rpinitiated-1_0.html
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Artifacts, CameFrom } from '../../auth/grants.ts';
import type { Language } from '../../consent/reasons.ts';
import type { Shown } from '../asked.ts';
import { languageOf } from '../language.ts';
import { leavingPage } from '../pages/logout.ts';
import { policy } from '../policy.ts';
import type { Elsewhere } from './parties.ts';

/** Kinds of what is kept: until the session begins, and until the browser comes back. */
const ARRIVING = 'UpstreamArriving';
const LEAVING = 'UpstreamLeaving';
/** Seconds. */
const ARRIVES_WITHIN = 1800;
const BACK_WITHIN = 600;
/** Only the browser that was sent has it. */
const COOKIE = 'carnet_leaving';
const IN_COOKIES = new RegExp(`(?:^|; *)${COOKIE}=([\\w-]+)(?:;|$)`);

export interface Leaving {
  issuer: string;
  artifacts: Artifacts;
  elsewhere: Pick<Elsewhere, 'party'>;
  /** Told of what failed: the person is logged out here all the same. */
  failed(error: unknown): void;
}

/** Until the session that begins by it is known. @param interaction by which they log in */
export function keepArriving(artifacts: Artifacts, interaction: string, from: CameFrom): Promise<void> {
  return artifacts.put(ARRIVING, interaction, { ...from }, ARRIVES_WITHIN);
}

/** INVARIANT: the session here has ended before anybody is sent anywhere. */
export function followLogouts(provider: Provider, options: Leaving): void {
  const { issuer, artifacts } = options;
  const { Session } = provider;
  const ended = new WeakMap<object, CameFrom[]>();
  const destroy = Session.prototype.destroy;
  Session.prototype.destroy = async function end(this: InstanceType<typeof Session>) {
    ended.set(this, await artifacts.cameFrom(this.uid));
    await destroy.call(this);
  };
  provider.use(async (ctx, next) => {
    await next();
    const { oidc } = ctx as unknown as KoaContextWithOIDC;
    if (oidc?.session === undefined) return;
    if (oidc.route === 'resume' && oidc.result?.login !== undefined) {
      const interaction = ctx.path.slice(ctx.path.lastIndexOf('/') + 1);
      const from = await artifacts.take(ARRIVING, interaction);
      if (from !== undefined) await artifacts.keepCameFrom(oidc.session.uid, from as unknown as CameFrom);
    }
    const from = oidc.route === 'end_session_confirm' ? ended.get(oidc.session) : undefined;
    const to = ctx.response.get('location');
    // another person logs in where somebody still is: they have just come from a provider
    if (from === undefined || to === '' || to.startsWith(`${issuer}/authorize/`)) return;
    const { accountId } = oidc.session;
    if (accountId !== undefined) await artifacts.endSessions(accountId);
    const onward = await onwardFrom(options, from, to);
    if (onward === undefined) return;
    ctx.response.remove('location');
    ctx.set('content-security-policy', policy());
    ctx.append('set-cookie', onward.cookie);
    ctx.status = 200;
    ctx.type = 'html';
    ctx.body = onwardPage(onward, issuer, languageOf(ctx));
  });
}

/** To the next provider at which the browser logs out. */
interface Onward {
  url: string;
  /** The provider's. */
  name: string;
  /** A line of `Set-Cookie`. */
  cookie: string;
}

/** Undefined: there is no more, or none that can be reached. @param to where the browser is in the end */
async function onwardFrom(
  { issuer, artifacts, elsewhere, failed }: Leaving,
  [next, ...rest]: readonly CameFrom[],
  to: string,
): Promise<Onward | undefined> {
  if (next === undefined) return undefined;
  const party = elsewhere.party(next.upstream);
  const [state, proof] = [randomBytes(32), randomBytes(32)].map((each) => each.toString('base64url')) as [
    string,
    string,
  ];
  const url = await party?.leave(next.idToken, state).catch((error: unknown) => failed(error));
  if (party === undefined || typeof url !== 'string')
    return onwardFrom({ issuer, artifacts, elsewhere, failed }, rest, to);
  await artifacts.put(LEAVING, state, { upstream: next.upstream, proof, to, rest }, BACK_WITHIN);
  const secure = issuer.startsWith('https:') ? '; secure' : '';
  const path = `${new URL(issuer).pathname}/left`;
  return {
    url,
    name: party.upstream.name,
    cookie: `${COOKIE}=${proof}; path=${path}; max-age=${BACK_WITHIN}; httponly; samesite=lax${secure}`,
  };
}

/** Not by a redirect: browsers hold those after a form to `form-action`, the provider's own too. */
function onwardPage({ url, name }: Onward, issuer: string, language: Language): string {
  return leavingPage({ to: url, name }, language, new URL(issuer).pathname);
}

/**
 * Where the client wants the browser, which comes back from a provider, or the page that leads to the next; undefined:
 * nobody was sent there who comes back so.
 */
export async function left(
  options: Leaving,
  upstream: string,
  request: IncomingMessage,
): Promise<(Shown & { cookie?: string }) | undefined> {
  const { issuer, artifacts } = options;
  const state = new URL(request.url!, issuer).searchParams.get('state');
  const [, proof] = IN_COOKIES.exec(request.headers.cookie ?? '') ?? [];
  if (state === null || proof === undefined) return undefined;
  const kept = await artifacts.find(LEAVING, state);
  if (kept?.upstream !== upstream || kept.proof !== proof) return undefined;
  await artifacts.end(LEAVING, state);
  const to = kept.to as string;
  const onward = await onwardFrom(options, (kept.rest ?? []) as CameFrom[], to);
  if (onward === undefined) return { status: 303, html: '', to };
  const html = onwardPage(onward, issuer, languageOf({ req: request }));
  return { status: 200, html, cookie: onward.cookie };
}
