/**
 * Who logs out here is led to the provider that they logged in at, to log out there too, and comes back:
 * https://openid.net/specs/openid-connect-rpinitiated-1_0.html
 */
import { randomBytes } from 'node:crypto';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Artifacts, CameFrom } from '../../auth/grants.ts';
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
  const ended = new WeakMap<object, CameFrom>();
  const destroy = Session.prototype.destroy;
  Session.prototype.destroy = async function end(this: InstanceType<typeof Session>) {
    const from = await artifacts.cameFrom(this.uid);
    if (from !== undefined) ended.set(this, from);
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
    await leave(ctx as unknown as KoaContextWithOIDC, from, to);
  });

  async function leave(ctx: KoaContextWithOIDC, { upstream, idToken }: CameFrom, to: string): Promise<void> {
    const party = options.elsewhere.party(upstream);
    const [state, proof] = [randomBytes(32), randomBytes(32)].map((each) => each.toString('base64url')) as [
      string,
      string,
    ];
    const url = await party?.leave(idToken, state).catch((error: unknown) => options.failed(error));
    if (party === undefined || typeof url !== 'string') return;
    await artifacts.put(LEAVING, state, { upstream, proof, to }, BACK_WITHIN);
    const root = new URL(issuer).pathname;
    ctx.cookies.set(COOKIE, proof, {
      httpOnly: true,
      sameSite: 'lax',
      secure: issuer.startsWith('https:'),
      signed: false,
      path: `${root}/left`,
      maxAge: BACK_WITHIN * 1000,
    });
    // not by a redirect: browsers hold those after a form to `form-action`, the provider's own too
    ctx.response.remove('location');
    ctx.set('content-security-policy', policy());
    ctx.status = 200;
    ctx.type = 'html';
    ctx.body = leavingPage({ to: url, name: party.upstream.name }, languageOf(ctx), root);
  }
}

/**
 * Where the client wants the browser, which comes back from a provider; undefined: nobody was sent there who comes back so.
 * @param cookies as they were sent
 */
export async function left(
  artifacts: Artifacts,
  upstream: string,
  query: URLSearchParams,
  cookies: string | undefined,
): Promise<string | undefined> {
  const state = query.get('state');
  const [, proof] = IN_COOKIES.exec(cookies ?? '') ?? [];
  if (state === null || proof === undefined) return undefined;
  const kept = await artifacts.find(LEAVING, state);
  if (kept?.upstream !== upstream || kept.proof !== proof) return undefined;
  await artifacts.end(LEAVING, state);
  return kept.to as string;
}
