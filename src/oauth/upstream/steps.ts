/**
 * Logging in elsewhere, by step: `with` sends the browser to a provider, `back` receives it, `activate` asks once for the
 * code of a space. They lie under one interaction, whose cookie only the browser has that began it.
 */
import type { Tried } from '../../auth/attempts.ts';
import { traitsAlone } from '../../auth/claims/franceconnect.ts';
import { type Asked, accountOf, type Shown, textOf } from '../asked.ts';
import { patientOf, showLogin, whoIs } from '../login.ts';
import { activatePage } from '../pages/activate.ts';
import type { Admitted } from './admit.ts';
import { keepArriving } from './leaving.ts';
import type { Elsewhere } from './parties.ts';
import { type Arrived, type Begun, Refused } from './relying-party.ts';

/** Kinds of what is kept meanwhile. */
export const BEGUN = 'UpstreamBegun';
const ARRIVED = 'UpstreamArrived';
/** Seconds. */
const GOOD_FOR = 1800;

interface UnderWay extends Begun {
  interaction: string;
  upstream: string;
  /** To which the login is added. */
  account?: string;
}

interface Waiting extends Arrived {
  upstream: string;
  account?: string;
}

/** @param account to which the login is added; its own unless given */
export async function goElsewhere(asked: Asked, id: string, account?: string): Promise<Shown | undefined> {
  const { elsewhere, artifacts } = asked.options;
  const party = elsewhere?.party(id);
  if (party === undefined) return failed(asked);
  try {
    const { url, begun } = await party.begin(asked.language);
    const kept = { ...begun, interaction: asked.interaction.uid, upstream: id, account };
    await artifacts.put(BEGUN, begun.state, { ...kept }, GOOD_FOR);
    return asked.send(url);
  } catch (error) {
    return refused(asked, id, error);
  }
}

/** Who has logged in adds another role of theirs. Who doesn't know the interaction can't begin this in their name. */
export async function join(asked: Asked, id: string): Promise<Shown | undefined> {
  const account = await accountOf(asked);
  const offered = account === undefined ? [] : await asked.options.elsewhere?.joinable(account.id);
  if (account === undefined || offered?.every((each) => each.id !== id) !== false) return failed(asked);
  return goElsewhere(asked, id, account.id);
}

/** What comes is believed once, from the browser that was sent, for the provider that it was sent to. */
export async function back(asked: Asked, query: URLSearchParams): Promise<Shown | undefined> {
  const { artifacts, elsewhere } = asked.options;
  const state = query.get('state');
  const kept = state === null ? undefined : await artifacts.take(BEGUN, state);
  const underWay = kept as unknown as UnderWay | undefined;
  const party = underWay === undefined ? undefined : elsewhere?.party(underWay.upstream);
  const isHere =
    underWay?.interaction === asked.interaction.uid && query.get('upstream') === underWay.upstream;
  if (underWay === undefined || party === undefined || elsewhere === undefined || !isHere)
    return failed(asked);
  const { upstream } = party;
  try {
    query.delete('upstream');
    const arrived = await party.complete(query, underWay);
    const account = await sameAccount(asked, underWay.account);
    const outcome = await elsewhere.admit(upstream, arrived, account);
    if (outcome.is === 'refused') throw new Refused(outcome.why);
    if (outcome.is === 'admitted') return await enter(asked, upstream.id, arrived, outcome, account);
    const claims = traitsAlone(arrived.claims);
    const waiting: Waiting = { ...arrived, claims, upstream: upstream.id, account };
    await artifacts.put(ARRIVED, asked.interaction.uid, { ...waiting }, GOOD_FOR);
    return asked.send(asked.action);
  } catch (error) {
    return refused(asked, upstream.id, error);
  }
}

/** The page that asks for the code, where somebody waits for it. */
export async function showActivate(asked: Asked): Promise<Shown | undefined> {
  return (await waitingIn(asked)) === undefined ? undefined : askCode(asked);
}

export async function activate(asked: Asked, form: URLSearchParams): Promise<Shown | undefined> {
  const { attempts, elsewhere } = asked.options;
  const waiting = await waitingIn(asked);
  if (waiting === undefined || elsewhere?.party(waiting.upstream) === undefined) return failed(asked);
  const tried = { account: `activation ${elsewhere.nameOf(waiting)}`, address: asked.from.address };
  return attempts.inTurn(tried, () => tryCode(asked, elsewhere, waiting, tried, textOf(form.get('code'))));
}

async function tryCode(
  asked: Asked,
  elsewhere: Elsewhere,
  waiting: Waiting,
  tried: Tried,
  typed: string,
): Promise<Shown | undefined> {
  const { artifacts, attempts, events } = asked.options;
  const { account } = waiting;
  if (account !== undefined && (await accountOf(asked))?.id !== account)
    return refused(asked, waiting.upstream, new Refused('session'));
  const wait = await attempts.begin(tried);
  if (wait > 0) return askCode(asked, { wait: wait / 1000 });
  const since = performance.now();
  const code = typed.slice(0, 100);
  const { upstream } = elsewhere.party(waiting.upstream)!;
  const admitted = await elsewhere.link(upstream, waiting, code, account);
  if (admitted === undefined) {
    const detail = { method: waiting.upstream, acr: waiting.acr, why: 'activation' };
    await events.record({ what: 'login-failed', client: asked.client.id, ...asked.from, detail });
    await elsewhere.clock.untilTick(since);
    return askCode(asked, 'wrong');
  }
  await attempts.succeeded(tried);
  await artifacts.end(ARRIVED, asked.interaction.uid);
  await events.record({
    what: 'account-created',
    who: { account: admitted.account, ...whoIs(admitted.persons[0]!) },
    ...patientOf(admitted.persons[0]),
    client: asked.client.id,
    ...asked.from,
    detail: { method: waiting.upstream, acr: waiting.acr },
  });
  return enter(asked, waiting.upstream, waiting, admitted, account);
}

/** Another way in than the one that is under way. */
export async function otherWay(asked: Asked): Promise<Shown | undefined> {
  await asked.options.artifacts.end(ARRIVED, asked.interaction.uid);
  return asked.send(asked.action);
}

async function enter(
  asked: Asked,
  method: string,
  { acr, idToken }: Arrived,
  { account, persons, amr, changed }: Admitted,
  joined: string | undefined,
): Promise<Shown | undefined> {
  const { events } = asked.options;
  const [person] = persons;
  // of several roles none is chosen yet
  const isOne = new Set(persons.map(({ reference }) => reference)).size === 1;
  const who = { account, ...(isOne ? whoIs(person!) : {}) };
  const common = { who, ...patientOf(person), client: asked.client.id, ...asked.from };
  const detail = { method, acr };
  await events.record(
    joined === undefined
      ? { what: 'login', ...common, detail }
      : { what: 'account-changed', ...common, detail: { ...detail, joined: 'login' } },
    ...(changed.length === 0
      ? []
      : [
          { what: 'account-changed' as const, ...common, about: changed, detail: { directory: 'refreshed' } },
        ]),
  );
  const { artifacts } = asked.options;
  const from = idToken === undefined ? undefined : { upstream: method, idToken };
  if (joined !== undefined) {
    // the session goes on, and has come from two places
    const { uid } = (asked.interaction.session ?? {}) as { uid?: string };
    if (from !== undefined && uid !== undefined) await artifacts.keepCameFrom(uid, from);
    return asked.send(asked.action);
  }
  if (from !== undefined) await keepArriving(artifacts, asked.interaction.uid, from);
  return asked.finish({ login: { accountId: account, acr, amr: [method, ...amr] } });
}

async function refused(asked: Asked, method: string, error: unknown): Promise<Shown | undefined> {
  if (!(error instanceof Refused)) throw error;
  const detail = { method, why: error.why };
  await asked.options.events.record({ what: 'login-failed', client: asked.client.id, ...asked.from, detail });
  return failed(asked);
}

/** On an address of its own: that of `back` is good once. */
async function failed(asked: Asked): Promise<Shown | undefined> {
  return asked.send(`${asked.action}/failed`);
}

export async function showFailed(asked: Asked): Promise<Shown> {
  return showLogin(asked, { fault: 'elsewhere' });
}

function askCode(asked: Asked, fault?: 'wrong' | { wait: number }): Shown {
  const { root, action, language, redirectUri } = asked;
  const status = fault === undefined ? 200 : fault === 'wrong' ? 401 : 429;
  return { status, html: activatePage({ root, action, fault }, language), leadsTo: redirectUri };
}

async function waitingIn({ options, interaction }: Asked): Promise<Waiting | undefined> {
  const kept = await options.artifacts.find(ARRIVED, interaction.uid);
  return kept as unknown as Waiting | undefined;
}

/** A login is added to the account that it was begun for, as long as that is who is logged in. @throws Refused */
async function sameAccount(asked: Asked, account: string | undefined): Promise<string | undefined> {
  if (account === undefined) return undefined;
  if ((await accountOf(asked))?.id !== account) throw new Refused('session');
  return account;
}
