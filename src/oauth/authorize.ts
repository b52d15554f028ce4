/** May this application: what was allowed is settled, and of a patient's app a Consent of theirs. */
import type { Authorized } from '../audit/identity/authorized.ts';
import { ownPage } from './apps.ts';
import type { Person } from '../auth/accounts.ts';
import type { Client } from '../auth/clients.ts';
import type { KeptAuthorization, Settled } from '../auth/grants.ts';
import { isResourceScope } from '../auth/scopes.ts';
import { FhirError } from '../fhir/outcome.ts';
import { type Asked, type Choice, type Shown, accountOf, choicesFor, textOf } from './asked.ts';
import { traitsIn } from './find-patient.ts';
import { takeLaunch } from './launches.ts';
import { patientOf, whoIs } from './login.ts';
import { authorizePage } from './pages/authorize.ts';
import { errorPage } from './pages/error.ts';
import { connectionText, typesIn } from './pages/words.ts';
import { connectionLife, LIVES } from './lives.ts';
import { scopesFor } from './scopes.ts';
import { type Context, holderOf, settle } from './settle.ts';

const DENIED = 'access_denied';

/** Undefined: nobody is logged in. */
export async function showAuthorize(asked: Asked, notFound = false): Promise<Shown | undefined> {
  const { client, scopes, language, root, action, redirectUri } = asked;
  const account = await accountOf(asked);
  if (account === undefined) return undefined;
  const own = ownPage(client, root);
  if (own !== undefined) return own;
  const choices = await choicesFor(asked, account);
  const first = choices[0]?.person;
  const isPatients = first?.role === 'patient';
  const isSome = choices.some(({ person }) => person.role === 'patient');
  const given = choices.flatMap(({ person }) => {
    const isPatient = person.role === 'patient';
    return scopesFor(scopes, isPatient ? 'app' : person.role, isPatient || hasPatient(asked));
  });
  const joinable = (await asked.options.elsewhere?.joinable(account.id)) ?? [];
  const shown = {
    root,
    action,
    client: client.name,
    ...(client.about === undefined ? {} : { about: client.about }),
    name: first?.name ?? account.id,
    choices: choices.map(({ value, person, of }) => ({
      value,
      role: of === undefined ? person.role : ('representative' as const),
      name: of === undefined ? person.name : (of.name ?? of.patient),
      regulator: person.regulator,
      ...(person.place === undefined ? {} : { place: person.place }),
    })),
    scopes: [...new Set(given)].filter(isResourceScope),
    offline: scopes.includes('offline_access'),
    ...(isSome ? { life: connectionLife(client, scopes.includes('offline_access'), Date.now()) } : {}),
    hasPatient: isSome,
    isPatients,
    joinable: joinable.map(({ id, name }) => ({ id, name })),
    find: !isPatients && mustFind(asked),
    notFound,
  };
  return { status: notFound ? 422 : 200, html: authorizePage(shown, language), leadsTo: redirectUri };
}

/** Undefined: answered by sending the browser on, or nobody is logged in. */
export async function authorize(asked: Asked, form: URLSearchParams): Promise<Shown | undefined> {
  const { options, provider, client, scopes, from, finish } = asked;
  const account = await accountOf(asked);
  const wait = account === undefined ? 0 : await options.pace.wait('account', account.id);
  if (wait > 0) return throttled(asked, wait);
  const choices = account === undefined ? [] : await choicesFor(asked, account);
  const choice = chosen(choices, form.get('person'));
  if (account === undefined || choice === undefined)
    return finish({ error: DENIED, error_description: 'the application is not for this person' });
  const { person, of } = choice;
  const context = await contextFor(asked, person, form);
  if (context === 'launch')
    return finish({ error: DENIED, error_description: 'the launch is unknown, used, or another person’s' });
  if (context === 'not found') return showAuthorize(asked, true);
  const settled = settle(person, client, context, of);
  if (settled === undefined) return finish({ error: DENIED, error_description: 'not for this person' });
  const granted = scopesFor(
    lasting(scopes, person),
    settled.holder.role,
    settled.patient !== undefined,
  ).filter(
    // there is an encounter where an EHR named one
    (scope) => scope !== 'launch/encounter' || settled.encounter !== undefined,
  );
  const grant = new provider.Grant({ accountId: account.id, clientId: client.id });
  grant.addOIDCScope(granted.join(' '));
  const rejected = scopes.filter((scope) => !granted.includes(scope));
  if (rejected.length > 0) grant.rejectOIDCScope(rejected.join(' '));
  if (person.role === 'patient' && !granted.some(isResourceScope))
    return finish({
      error: DENIED,
      error_description: 'no `patient/` scope is asked for: a patient connects an application to data',
    });
  if (scopes.some(isResourceScope) && !granted.some(isResourceScope))
    return finish({
      error: DENIED,
      error_description:
        'of what is asked for nothing is for a professional: `patient/` scopes come with `launch/patient` or the launch by an EHR, others are `user/`',
    });
  const about: string[] = [];
  let seconds: number = LIVES.grant;
  try {
    if (person.role === 'patient') {
      const { until } = connectionLife(client, scopes.includes('offline_access'), Date.now());
      const consent = await connect(asked, choice, granted, until);
      about.push(consent);
      settled.connection = { consent, until };
      seconds = Math.min(seconds, Math.ceil((until - Date.now()) / 1000));
    }
  } catch (error) {
    if (!(error instanceof FhirError) || error.status >= 500) throw error;
    return finish({ error: DENIED, error_description: 'the patient can not connect this application' });
  }
  if (person.role === 'professional' && granted.includes('offline_access'))
    settled.kept = keptBy(account.id, client, granted);
  const grantId = await grant.save();
  await options.artifacts.begin('grant', grantId, seconds, settled);
  const authorized = await authorizedBy(asked, settled);
  await options.events.record(...authorized, {
    what: person.role === 'patient' ? 'app-connected' : 'role-chosen',
    who: { account: account.id, ...whoIs(person) },
    ...patientOf(of === undefined ? person : { reference: `Patient/${of.patient}` }),
    client: client.id,
    ...from,
    about: [...about, ...(about.length === 0 || client.device === undefined ? [] : [client.device])],
  });
  return finish({ consent: { grantId } });
}

/** A professional's app that goes on without them, as their list tells of it. */
function keptBy(account: string, { name }: Client, granted: readonly string[]): KeptAuthorization {
  const since = Date.now();
  const scopes = granted.map((scope) => scope.replace(/^user\//, 'patient/'));
  const types = (what: 'reads' | 'adds'): string[] => {
    const found = typesIn(scopes, what);
    return found === 'all' ? ['*'] : found;
  };
  return {
    account,
    name,
    reads: types('reads'),
    adds: types('adds'),
    since,
    until: since + LIVES.grant * 1000,
  };
}

function throttled({ language, root }: Asked, seconds: number): Shown {
  const out = { error: 'temporarily_unavailable', error_description: `try again in ${seconds} seconds` };
  return { status: 429, html: errorPage(out, language, root), retryAfter: seconds };
}

/** A patient's app is for themself unless they say another: who is said must be among them still. */
function chosen(choices: readonly Choice[], value: string | null): Choice | undefined {
  if (value !== null) return choices.find((choice) => choice.value === value);
  const [first, ...others] = choices;
  return others.length === 0 || first?.person.role === 'patient' ? first : undefined;
}

/**
 * On whose Consents it rests that a professional opens the app on this record. The profile is of organizations: who works
 * for none, and a patient's own app, are told of by the other event alone.
 */
async function authorizedBy({ options, client, from }: Asked, settled: Settled): Promise<Authorized[]> {
  const { holder, patient } = settled;
  const [organization] = holder.organizations;
  if (patient === undefined || organization === undefined || holder.role !== 'professional') return [];
  const consents = await options.records.consentsFor(holder, patient);
  if (consents.length === 0) return [];
  const { purposes, reference, name } = holder;
  const who = { reference, ...(name === undefined ? {} : { name }) };
  return [{ what: 'authorized', who, organization, patient, consents, client: client.id, purposes, ...from }];
}

/** Who answers for a call centre does so while they are there. */
function lasting(scopes: readonly string[], { regulator }: Person): readonly string[] {
  return regulator ? scopes.filter((scope) => scope !== 'offline_access') : scopes;
}

function hasPatient({ scopes, interaction }: Asked): boolean {
  return scopes.includes('launch/patient') || textOf(interaction.params.launch) !== '';
}

function mustFind({ scopes, interaction }: Asked): boolean {
  return scopes.includes('launch/patient') && textOf(interaction.params.launch) === '';
}

async function contextFor(
  asked: Asked,
  person: Person,
  form: URLSearchParams,
): Promise<Context | 'launch' | 'not found'> {
  const { options, client, interaction, from } = asked;
  const launch = textOf(interaction.params.launch);
  if (launch !== '')
    return (await takeLaunch(options.artifacts, launch, client.id, person.reference)) ?? 'launch';
  if (person.role === 'patient' || !mustFind(asked)) return {};
  const traits = traitsIn(form);
  const { holder } = settle(person, client, {}) as Settled;
  if (traits === undefined) return 'not found';
  try {
    const found = await options.records.find(holder, traits, from);
    return found === undefined ? 'not found' : { patient: found.id };
  } catch (error) {
    // what can't be searched for is not there, whatever the reason
    if (error instanceof FhirError && error.status < 500) return 'not found';
    throw error;
  }
}

function connect(
  asked: Asked,
  { person, of }: Choice,
  granted: readonly string[],
  until: number,
): Promise<string> {
  const { options, client, scopes, from } = asked;
  const connection = {
    by: holderOf(person, options.issuer),
    of: of?.patient ?? patientOf(person).patient!,
    ...(of === undefined ? {} : { link: of.link }),
    client: { id: client.id, name: client.name },
    device: client.device!,
    reads: typesIn(granted, 'reads'),
    adds: typesIn(granted, 'adds'),
    isOffline: scopes.includes('offline_access'),
    since: Date.now(),
    until,
    text: connectionText(client, granted, until, of && (of.name ?? of.patient)),
  };
  return options.records.connect(connection, from);
}
