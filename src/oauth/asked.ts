/** One authorization that is under way, as its screens need it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import type { AccountLog } from '../audit/identity/log.ts';
import { type Account, type Accounts, type PasswordLogin, type Person, personKey } from '../auth/accounts.ts';
import type { Attempts } from '../auth/attempts.ts';
import type { Client } from '../auth/clients.ts';
import type { Artifacts } from '../auth/grants.ts';
import type { From, HealthRecords, Represented } from '../auth/records.ts';
import type { Language } from '../consent/reasons.ts';
import { languageOf } from './language.ts';
import type { Pace } from './pace.ts';
import { registrationOf } from './adapter.ts';
import type { Elsewhere } from './upstream/parties.ts';
import { settle } from './settle.ts';

export interface ScreenOptions {
  issuer: string;
  artifacts: Artifacts;
  accounts: Accounts;
  /** Absent: there is no form for it. */
  passwords?: PasswordLogin;
  /** Absent: nobody logs in elsewhere. */
  elsewhere?: Elsewhere;
  records: HealthRecords;
  /** For whom a person speaks by law. */
  represented(person: Person): Promise<Represented[]>;
  pace: Pace;
  /** Failed logins. */
  attempts: Attempts;
  /** What happens here is traced. */
  events: AccountLog;
  /** Who sent a request. */
  from(request: IncomingMessage): From;
}

/** What is shown, and where forms may lead in the end. */
export interface Shown {
  status: number;
  html: string;
  leadsTo?: string | readonly string[];
  /** Seconds. */
  retryAfter?: number;
  /** The browser is sent there instead. */
  to?: string;
}

export type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;
export type Result = Parameters<Provider['interactionFinished']>[2];

export interface Asked {
  options: ScreenOptions;
  provider: Provider;
  interaction: Interaction;
  client: Client;
  scopes: string[];
  /** Path of the authorization server, and of this interaction. */
  root: string;
  action: string;
  redirectUri: string;
  language: Language;
  from: From;
  finish(result: Result): Promise<undefined>;
  /** Sends the browser on, outside of the protocol. */
  send(location: string): undefined;
}

/** Undefined: it isn't known, has expired, or is another browser's. */
export async function askedBy(
  options: ScreenOptions,
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
  const root = new URL(options.issuer).pathname;
  return {
    options,
    provider,
    interaction,
    client: registrationOf(found).client,
    scopes: textOf(params.scope).split(' '),
    root,
    action: `${root}/interaction/${uid}`,
    redirectUri: textOf(params.redirect_uri),
    language: languageOf({ req: request }, params.ui_locales),
    from: options.from(request),
    async finish(result) {
      await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
      return undefined;
    },
    send(location) {
      response.writeHead(303, { location, 'cache-control': 'no-store' });
      response.end();
      return undefined;
    },
  };
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Who is logged in, still: they may have logged out since this was asked. */
export async function accountOf({ interaction, options }: Asked): Promise<Account | undefined> {
  const { accounts, artifacts } = options;
  const session = interaction.session as (Session & { uid?: string }) | undefined;
  if (session?.uid === undefined || !(await artifacts.areAlive([artifacts.life('session', session.uid)])))
    return undefined;
  return accountIn(accounts, session);
}

/** With the roles that this very session may choose from. */
export async function accountIn(
  accounts: Accounts,
  { accountId, amr = [], acr }: Session = {},
): Promise<Account | undefined> {
  const account = accountId === undefined ? undefined : await accounts.find(accountId);
  const persons = account?.persons.filter(
    ({ only, levels }) =>
      (only === undefined || amr.includes(only)) &&
      (levels === undefined || (acr !== undefined && levels.includes(acr))),
  );
  return account && { ...account, persons: persons! };
}

interface Session {
  accountId?: string;
  amr?: string[];
  acr?: string;
}

/** An application of patients is for them, one of professionals for those. */
export function personsFor({ persons }: Account, client: Client): readonly Person[] {
  return persons.filter((person) => settle(person, client, {}) !== undefined);
}

/** As whom, and for whom, an application may be allowed. */
export interface Choice {
  /** What the form sends. */
  value: string;
  person: Person;
  /** Another patient, whom the person speaks for. */
  of?: Represented;
}

export async function choicesFor(asked: Asked, account: Account): Promise<Choice[]> {
  const { client, options } = asked;
  const choices = personsFor(account, client).map((person): Choice[] => [
    { value: personKey(person), person },
  ]);
  for (const choice of choices) {
    const [{ value, person }] = choice as [Choice];
    if (person.role !== 'patient' || client.device === undefined) continue;
    for (const of of await options.represented(person))
      choice.push({ value: `${value} ${of.patient}`, person, of });
  }
  return choices.flat();
}
