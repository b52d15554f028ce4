/** May this application: what was allowed is settled, and of a patient's app a Consent of theirs. */
import type { Person } from '../auth/accounts.ts';
import type { Settled } from '../auth/grants.ts';
import { isResourceScope } from '../auth/scopes.ts';
import { FhirError } from '../fhir/outcome.ts';
import { type Asked, type Shown, accountOf, personsFor, textOf } from './asked.ts';
import { traitsIn } from './find-patient.ts';
import { takeLaunch } from './launches.ts';
import { patientOf, whoIs } from './login.ts';
import { authorizePage } from './pages/authorize.ts';
import { connectionText, typesIn } from './pages/words.ts';
import { LIVES } from './provider.ts';
import { scopesFor } from './scopes.ts';
import { type Context, settle } from './settle.ts';

const DENIED = 'access_denied';

/** Undefined: nobody is logged in. */
export async function showAuthorize(asked: Asked, notFound = false): Promise<Shown | undefined> {
  const { client, scopes, language, root, action, redirectUri } = asked;
  const account = await accountOf(asked);
  if (account === undefined) return undefined;
  const persons = personsFor(account, client);
  const [first] = persons;
  const isPatients = first?.role === 'patient';
  const role = isPatients ? 'app' : (first?.role ?? 'app');
  const shown = {
    root,
    action,
    client: client.name,
    name: first?.name ?? account.id,
    persons: persons.map((person) => person),
    scopes: scopesFor(scopes, role, isPatients || hasPatient(asked)).filter(isResourceScope),
    offline: scopes.includes('offline_access'),
    isPatients,
    find: !isPatients && mustFind(asked),
    notFound,
  };
  return { status: notFound ? 422 : 200, html: authorizePage(shown, language), leadsTo: redirectUri };
}

/** Undefined: answered by sending the browser on, or nobody is logged in. */
export async function authorize(asked: Asked, form: URLSearchParams): Promise<Shown | undefined> {
  const { options, provider, client, scopes, from, finish } = asked;
  const account = await accountOf(asked);
  const persons = account === undefined ? [] : personsFor(account, client);
  const person = persons[persons.length === 1 ? 0 : Number(form.get('person') ?? NaN)];
  if (account === undefined || person === undefined)
    return finish({ error: DENIED, error_description: 'the application is not for this person' });
  const context = await contextFor(asked, person, form);
  if (context === 'launch')
    return finish({ error: DENIED, error_description: 'the launch is unknown, used, or another person’s' });
  if (context === 'not found') return showAuthorize(asked, true);
  const settled = settle(person, client, context);
  if (settled === undefined) return finish({ error: DENIED, error_description: 'not for this person' });
  const granted = scopesFor(scopes, settled.holder.role, settled.patient !== undefined);
  const grant = new provider.Grant({ accountId: account.id, clientId: client.id });
  grant.addOIDCScope(granted.join(' '));
  const rejected = scopes.filter((scope) => !granted.includes(scope));
  if (rejected.length > 0) grant.rejectOIDCScope(rejected.join(' '));
  let about: string[] = [];
  try {
    if (person.role === 'patient') about = [await connect(asked, person, granted)];
  } catch (error) {
    if (!(error instanceof FhirError) || error.status >= 500) throw error;
    return finish({ error: DENIED, error_description: 'the patient can not connect this application' });
  }
  const grantId = await grant.save();
  await options.artifacts.begin('grant', grantId, LIVES.grant, settled);
  await options.events.record({
    what: person.role === 'patient' ? 'app-connected' : 'role-chosen',
    who: { account: account.id, ...whoIs(person) },
    ...patientOf(person),
    client: client.id,
    ...from,
    about: [...about, ...(about.length === 0 || client.device === undefined ? [] : [client.device])],
  });
  return finish({ consent: { grantId } });
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

function connect(asked: Asked, person: Person, granted: readonly string[]): Promise<string> {
  const { options, client, scopes, from } = asked;
  const since = Date.now();
  const lasts = scopes.includes('offline_access') ? LIVES.grant : LIVES.session;
  const connection = {
    patient: {
      ...person,
      depositor: person.reference,
      emergencies: [],
      rights: [],
      idPrefixes: [],
      client: options.issuer,
    },
    of: patientOf(person).patient!,
    client: { id: client.id, name: client.name },
    device: client.device!,
    types: typesIn(granted),
    since,
    until: since + lasts * 1000,
    text: connectionText(client.name, granted, since + lasts * 1000),
  };
  return options.records.connect(connection, from);
}
