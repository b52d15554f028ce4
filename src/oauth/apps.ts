/** The list of one's applications: what each reads and adds, until when, when it was last used; and its end. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import type { Account, Person } from '../auth/accounts.ts';
import type { Client, Clients } from '../auth/clients.ts';
import type { ConnectedApp } from '../auth/records.ts';
import { accountIn, type ScreenOptions, type Shown } from './asked.ts';
import { readForm } from './form.ts';
import { languageOf } from './language.ts';
import { whoIs } from './login.ts';
import { type AppsOf, appsPage } from './pages/apps.ts';
import { holderOf } from './settle.ts';

export interface AppsOptions extends Omit<ScreenOptions, 'passwords' | 'attempts' | 'pace'> {
  /** The FHIR base. */
  base: string;
  /** Makes what proves that a form was shown to this session. */
  formKey: Buffer;
}

export type Apps = (provider: Provider, request: IncomingMessage, response: ServerResponse) => Promise<Shown>;

/** By which the list has people log in: it gets no token, and no authorization is asked for it. */
const OWN = 'carnet-applications';

/** With the list's own client. */
export function withApps(clients: Clients, issuer: string): Clients {
  const own: Client = {
    id: OWN,
    name: 'Mes applications',
    auth: 'none',
    redirectUris: [`${issuer}/apps`],
    scope: 'openid',
  };
  return {
    find: async (id) => (id === OWN ? { client: own, life: OWN } : clients.find(id)),
    isTaken: async (id) => id === OWN || clients.isTaken(id),
    register: (client) => clients.register(client),
    suspend: (id) => clients.suspend(id),
    resume: (id) => clients.resume(id),
  };
}

/** Where the browser goes once its person has logged in for the list; undefined: it is for something else. */
export function ownPage({ id }: Client, root: string): Shown | undefined {
  return id === OWN ? { status: 303, html: '', to: `${root}/apps` } : undefined;
}

interface One {
  person: Person;
  patient: string;
  /** Absent: the person themself. */
  name?: string;
  apps: ConnectedApp[];
}

interface Ending {
  account: string;
  person: Person;
  patient: string;
  /** `Device/x` */
  device: string;
}

export function apps(options: AppsOptions): Apps {
  const { issuer, accounts, records, artifacts, events, base } = options;
  const root = new URL(issuer).pathname;

  return async (provider, request, response) => {
    const session = await provider.Session.get({ req: request, res: response } as never);
    const account = await accountIn(accounts, session);
    if (account === undefined) return { status: 303, html: '', to: loginAddress() };
    const proof = createHmac('sha256', options.formKey).update(session.uid).digest('base64url');
    const from = options.from(request);
    if (request.method === 'POST') {
      const form = await readForm(request);
      if (form === undefined || !isSame(form.get('proof') ?? '', proof))
        return { status: 303, html: '', to: `${root}/apps` };
      const isEnded = await end(account, form.get('connection') ?? '', from);
      return { status: 303, html: '', to: `${root}/apps${isEnded ? '?ended' : ''}` };
    }
    const lists = [
      ...(await Promise.all((await allOf(account, from)).map(shown))),
      ...listOf(await artifacts.kept(account.id)),
    ];
    const isEnded = request.url!.endsWith('?ended');
    const language = languageOf({ req: request });
    return { status: 200, html: appsPage({ root, proof, lists, isEnded }, language) };
  };

  async function allOf(account: Account, from: ReturnType<AppsOptions['from']>): Promise<One[]> {
    const found: Omit<One, 'apps'>[] = [];
    for (const person of account.persons.filter(({ role }) => role === 'patient')) {
      found.push({ person, patient: person.reference.slice('Patient/'.length) });
      for (const { patient, name = patient } of await options.represented(person))
        found.push({ person, patient, name });
    }
    return Promise.all(
      found.map(async (one) => {
        const holder = holderOf(one.person, issuer);
        return { ...one, apps: await records.connected(holder, one.patient, from) };
      }),
    );
  }

  async function shown({ name, apps: all }: One): Promise<AppsOf> {
    const each = await Promise.all(
      all.map(async (app) => ({
        ...app,
        connection: app.consent,
        used: app.used ?? 'never',
        isKeptAlive: !app.isOver && (await artifacts.isKeptAlive(`Consent/${app.consent}`)),
      })),
    );
    return { name, apps: each };
  }

  /** False: no such connection is shown to the account. */
  async function end(account: Account, id: string, from: ReturnType<AppsOptions['from']>): Promise<boolean> {
    for (const { person, patient, apps: all } of await allOf(account, from)) {
      const app = all.find(({ consent, isOver }) => consent === id && !isOver);
      if (app === undefined) continue;
      // the button ends the app, whatever it was connected by
      const own = all.filter(
        ({ made, device, isOver }) => made === app.made && device === app.device && !isOver,
      );
      const by = { account: account.id, person, patient, device: app.device };
      for (const { consent } of own) await disconnect(by, consent, from);
      return true;
    }
    return endOwn(account, id, from);
  }

  /** A professional's, by which their patients' data were read. */
  async function endOwn(account: Account, id: string, from: ReturnType<AppsOptions['from']>) {
    if (!(await artifacts.endKept(account.id, id))) return false;
    const person = account.persons.find(({ role }) => role === 'professional');
    const who = { account: account.id, ...(person === undefined ? {} : whoIs(person)) };
    await events.record({ what: 'app-disconnected', who, ...from });
    return true;
  }

  async function disconnect(
    { account, person, patient, device }: Ending,
    id: string,
    from: ReturnType<AppsOptions['from']>,
  ): Promise<void> {
    const consent = `Consent/${id}`;
    // INVARIANT: first what the gate reads: tokens that come meanwhile open nothing
    await records.disconnect(holderOf(person, issuer), id, from);
    await artifacts.endConnection(consent);
    await events.record({
      what: 'app-disconnected',
      who: { account, ...whoIs(person) },
      patient,
      ...from,
      about: [consent, device],
    });
  }

  function loginAddress(): string {
    const params = {
      client_id: OWN,
      response_type: 'code',
      redirect_uri: `${issuer}/apps`,
      scope: 'openid',
      aud: base,
      // nobody knows what it is the hash of: no code is ever exchanged
      code_challenge: randomBytes(32).toString('base64url'),
      code_challenge_method: 'S256',
    };
    return `${root}/authorize?${new URLSearchParams(params).toString()}`;
  }
}

function listOf(kept: Awaited<ReturnType<ScreenOptions['artifacts']['kept']>>): AppsOf[] {
  const day = (at: number): string => new Date(at).toISOString();
  const apps = kept.map(({ id, name, reads, adds, since, until }) => ({
    connection: id,
    name,
    reads,
    adds,
    since: day(since),
    until: day(until),
    isOver: false,
    isKeptAlive: true,
  }));
  return apps.length === 0 ? [] : [{ apps }];
}

function isSame(sent: string, proof: string): boolean {
  const [a, b] = [Buffer.from(sent), Buffer.from(proof)];
  return a.length === b.length && timingSafeEqual(a, b);
}
