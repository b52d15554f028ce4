/**
 * An EHR opens an app: it posts patient and encounter and gets a launch, good once, for that app and the person who is
 * logged in there. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-ehr-launch
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clients } from '../auth/clients.ts';
import type { Artifacts } from '../auth/grants.ts';
import type { Own } from '../auth/token.ts';
import { ID } from '../fhir/resource.ts';
import { readForm } from './form.ts';
import type { Context } from './settle.ts';

/** Seconds. */
const GOOD_FOR = 300;
const KIND = 'Launch';

export interface LaunchOptions {
  base: string;
  own: Own;
  /** Of the client certificate that a request came with. */
  thumbprint(request: IncomingMessage): string | undefined;
  clients: Clients;
  artifacts: Artifacts;
}

export interface Reply {
  status: number;
  body: Record<string, unknown>;
}

export async function beginLaunch(request: IncomingMessage, options: LaunchOptions): Promise<Reply> {
  const { base, own, thumbprint, clients, artifacts } = options;
  const [, token] = /^Bearer ([\w-]+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const subject = token === undefined ? undefined : await own(token, () => thumbprint(request));
  if (subject === undefined) return refusal(401, 'invalid_token', 'send the token of who opens the app');
  const ehr = await clients.find(subject.client);
  if (ehr?.client.launches !== true || subject.role !== 'professional')
    return refusal(403, 'unauthorized_client', 'the client may not launch apps for this person');
  const form = await readForm(request);
  const [client, patient, encounter] = ['client_id', 'patient', 'encounter'].map(
    (name) => form?.get(name) ?? undefined,
  );
  const app = client === undefined ? undefined : await clients.find(client);
  if (app === undefined || app.client.redirectUris.length === 0)
    return refusal(400, 'invalid_request', '`client_id` must name a registered app');
  if (patient === undefined || !ID.test(patient) || (encounter !== undefined && !ID.test(encounter)))
    return refusal(400, 'invalid_request', '`patient` must be an id, and `encounter` too where it is sent');
  const launch = randomBytes(32).toString('base64url');
  const kept = { client, person: subject.reference, patient, encounter };
  await artifacts.put(KIND, launch, kept, GOOD_FOR);
  const { launchUri } = app.client;
  return {
    status: 200,
    body: {
      launch,
      iss: base,
      expires_in: GOOD_FOR,
      ...(launchUri === undefined ? {} : { launch_url: addressOf(launchUri, base, launch) }),
    },
  };
}

/** Good once. Undefined: unknown, used, or for another app or person. */
export async function takeLaunch(
  artifacts: Artifacts,
  launch: string,
  client: string,
  person: string,
): Promise<Context | undefined> {
  const kept = await artifacts.take(KIND, launch);
  if (kept === undefined || kept.client !== client || kept.person !== person) return undefined;
  const { patient, encounter } = kept as { patient: string; encounter?: string };
  return { patient, ...(encounter === undefined ? {} : { encounter }) };
}

function addressOf(launchUri: string, base: string, launch: string): string {
  const url = new URL(launchUri);
  url.searchParams.set('iss', base);
  url.searchParams.set('launch', launch);
  return url.href;
}

function refusal(status: number, error: string, text: string): Reply {
  return { status, body: { error, error_description: text } };
}
