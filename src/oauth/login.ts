/** Who are you: the ways in, and the demo's form. */
import type { Actor } from '../audit/identity/event.ts';
import type { PasswordLogin, Person } from '../auth/accounts.ts';
import type { Tried } from '../auth/attempts.ts';
import { type Asked, type Shown, textOf } from './asked.ts';
import { type LoginPage, loginPage } from './pages/login.ts';

export function showLogin(asked: Asked, more: Pick<LoginPage, 'user' | 'fault'> = {}): Shown {
  const { root, action, client, language, redirectUri, options } = asked;
  const ways = (options.elsewhere?.upstreams ?? []).map(({ id, name, claims }) => ({ id, name, claims }));
  const hasForm = options.passwords !== undefined;
  const html = loginPage({ root, action, client: client.name, ways, hasForm, ...more }, language);
  const status = STATUS[typeof more.fault === 'string' ? more.fault : more.fault === undefined ? '' : 'wait'];
  const wait = typeof more.fault === 'object' ? { retryAfter: Math.ceil(more.fault.wait) } : {};
  return { status, html, leadsTo: redirectUri, ...wait };
}

const STATUS = { '': 200, elsewhere: 401, wrong: 401, wait: 429 };

export async function login(asked: Asked, form: URLSearchParams): Promise<Shown | undefined> {
  const { options } = asked;
  if (options.passwords === undefined) return showLogin(asked);
  const [user, password] = ['user', 'password'].map((name) => textOf(form.get(name)).slice(0, 200)) as [
    string,
    string,
  ];
  const tried = { account: user, address: asked.from.address };
  return options.attempts.inTurn(tried, () => tryPassword(asked, options.passwords!, tried, user, password));
}

async function tryPassword(
  asked: Asked,
  passwords: PasswordLogin,
  tried: Tried,
  user: string,
  password: string,
): Promise<Shown | undefined> {
  const { options, client, from, finish } = asked;
  const wait = await options.attempts.begin(tried);
  if (wait > 0) return showLogin(asked, { user, fault: { wait: wait / 1000 } });
  const account = await passwords.check(user, password);
  const event = { client: client.id, ...from, detail: { method: 'password' } };
  if (account === undefined) {
    await options.events.record({ what: 'login-failed', ...event });
    return showLogin(asked, { user, fault: 'wrong' });
  }
  const [person, ...others] = (await options.accounts.find(account))?.persons ?? [];
  await options.attempts.succeeded(tried);
  const who = { account, ...(others.length > 0 || person === undefined ? {} : whoIs(person)) };
  await options.events.record({ what: 'login', who, ...patientOf(person), ...event });
  return finish({ login: { accountId: account, amr: ['pwd'] } });
}

/** As the traces name them. */
export function whoIs({ reference, name, role }: Person): Actor {
  return { reference, ...(name === undefined ? {} : { name }), role };
}

/** Whose account it is, where it is a patient's. */
export function patientOf(person: { reference: string } | undefined): { patient?: string } {
  const [type, id] = person?.reference.split('/') ?? [];
  return type === 'Patient' ? { patient: id! } : {};
}
