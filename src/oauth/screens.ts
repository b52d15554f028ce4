/** The two questions of an authorization: who are you, and may this application. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import type { Account, Accounts, PasswordLogin, Person } from '../auth/accounts.ts';
import type { Client } from '../auth/clients.ts';
import type { Artifacts } from '../auth/grants.ts';
import { isResourceScope } from '../auth/scopes.ts';
import type { Language } from '../consent/reasons.ts';
import { readForm } from './form.ts';
import { languageOf } from './language.ts';
import { authorizePage } from './pages/authorize.ts';
import { errorPage } from './pages/error.ts';
import { loginPage } from './pages/login.ts';
import { LIVES, registrationOf } from './provider.ts';
import { scopesFor } from './scopes.ts';
import { settle } from './settle.ts';

export interface ScreenOptions {
  issuer: string;
  artifacts: Artifacts;
  accounts: Accounts;
  /** Absent: nobody can log in here. */
  passwords?: PasswordLogin;
}

/** What is shown, and where forms may lead in the end. */
export interface Shown {
  status: number;
  html: string;
  leadsTo?: string;
}

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

interface Asked {
  interaction: Interaction;
  client: Client;
  scopes: string[];
  root: string;
  action: string;
  redirectUri: string;
  language: Language;
}

export class Screens {
  readonly #options: ScreenOptions;
  readonly #root: string;

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#root = new URL(options.issuer).pathname;
  }

  /** Undefined: it has been answered by sending the browser on. @param step below the interaction's address */
  async handle(
    provider: Provider,
    request: IncomingMessage,
    response: ServerResponse,
    step: string,
  ): Promise<Shown | undefined> {
    const asked = await this.#asked(provider, request, response);
    if (asked === undefined) return this.#lost(request);
    if (request.method === 'GET' && step === '') return this.#show(asked);
    if (request.method !== 'POST' || !['login', 'authorize', 'leave'].includes(step))
      return this.#lost(request);
    const form = await readForm(request);
    if (form === undefined) return this.#lost(request);
    const finish = (result: Parameters<Provider['interactionFinished']>[2]): Promise<void> =>
      provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
    if (step === 'leave') {
      await finish({ error: 'access_denied', error_description: 'the person refused' });
      return undefined;
    }
    const { name } = asked.interaction.prompt;
    if (step === 'login' && name === 'login') return this.#login(asked, form, finish);
    if (step === 'authorize' && name === 'consent') return this.#authorize(provider, asked, form, finish);
    return this.#lost(request);
  }

  async #asked(
    provider: Provider,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<Asked | undefined> {
    let interaction: Interaction;
    try {
      interaction = await provider.interactionDetails(request, response);
    } catch {
      return undefined;
    }
    const { params, uid } = interaction;
    const found = await provider.Client.find(textOf(params.client_id));
    if (found === undefined) return undefined;
    return {
      interaction,
      client: registrationOf(found).client,
      scopes: textOf(params.scope).split(' '),
      root: this.#root,
      action: `${this.#root}/interaction/${uid}`,
      redirectUri: textOf(params.redirect_uri),
      language: languageOf({ req: request }, params.ui_locales),
    };
  }

  async #show(asked: Asked): Promise<Shown> {
    const { interaction, client, scopes, language, root, action, redirectUri } = asked;
    if (interaction.prompt.name === 'login')
      return {
        status: 200,
        html: loginPage({ root, action, client: client.name }, language),
        leadsTo: redirectUri,
      };
    const account = await this.#account(interaction);
    if (account === undefined) return this.#fault(language);
    const persons = personsFor(account, client);
    const [first] = persons;
    const isPatients = first?.role === 'patient';
    const shown = {
      root,
      action,
      client: client.name,
      name: first?.name ?? account.id,
      persons: persons.map(({ name, role }) => `${name ?? ''} (${role})`),
      scopes: scopesFor(scopes, isPatients ? 'app' : (first?.role ?? 'app'), isPatients).filter(
        isResourceScope,
      ),
      offline: scopes.includes('offline_access'),
      isPatients,
    };
    return { status: 200, html: authorizePage(shown, language), leadsTo: redirectUri };
  }

  async #login(
    { interaction: _interaction, client, language, root, action, redirectUri }: Asked,
    form: URLSearchParams,
    finish: (result: { login: { accountId: string; amr: string[] } }) => Promise<void>,
  ): Promise<Shown | undefined> {
    const [user, password] = [form.get('user') ?? '', form.get('password') ?? ''];
    const accountId = await this.#options.passwords?.check(user.slice(0, 200), password.slice(0, 200));
    if (accountId === undefined) {
      const shown = { root, action, client: client.name, user, fault: 'wrong' as const };
      return { status: 401, html: loginPage(shown, language), leadsTo: redirectUri };
    }
    await finish({ login: { accountId, amr: ['pwd'] } });
    return undefined;
  }

  async #authorize(
    provider: Provider,
    { interaction, client, scopes, language }: Asked,
    form: URLSearchParams,
    finish: (
      result: { consent: { grantId: string } } | { error: string; error_description: string },
    ) => Promise<void>,
  ): Promise<Shown | undefined> {
    const account = await this.#account(interaction);
    const persons = account === undefined ? [] : personsFor(account, client);
    const person = persons[persons.length === 1 ? 0 : Number(form.get('person') ?? NaN)];
    const settled = person === undefined ? undefined : settle(person, client, {});
    if (account === undefined) return this.#fault(language);
    if (person === undefined || settled === undefined) {
      await finish({ error: 'access_denied', error_description: 'the application is not for this person' });
      return undefined;
    }
    const granted = scopesFor(scopes, settled.holder.role, settled.patient !== undefined);
    const grant = new provider.Grant({ accountId: account.id, clientId: client.id });
    grant.addOIDCScope(granted.join(' '));
    const rejected = scopes.filter((scope) => !granted.includes(scope));
    if (rejected.length > 0) grant.rejectOIDCScope(rejected.join(' '));
    const grantId = await grant.save();
    await this.#options.artifacts.begin('grant', grantId, LIVES.grant, settled);
    await finish({ consent: { grantId } });
    return undefined;
  }

  #account({ session }: Interaction): Promise<Account | undefined> {
    return session?.accountId === undefined
      ? Promise.resolve(undefined)
      : this.#options.accounts.find(session.accountId);
  }

  #lost(request: IncomingMessage): Shown {
    return this.#fault(languageOf({ req: request }));
  }

  #fault(language: Language): Shown {
    const out = {
      error: 'invalid_request',
      error_description: 'the authorization request is not known here, or has expired',
    };
    return { status: 400, html: errorPage(out, language, this.#root) };
  }
}

/** An application of patients is for them, one of professionals for those. */
function personsFor({ persons }: Account, client: Client): readonly Person[] {
  return persons.filter((person) => settle(person, client, {}) !== undefined);
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
