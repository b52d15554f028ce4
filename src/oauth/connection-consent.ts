/** A connection as the Consent that it is. https://hl7.org/fhir/R4/consent.html */
import type { ConnectedApp, Connection } from '../auth/records.ts';
import type { Json, Resource } from '../fhir/resource.ts';

/** Under which a Consent is the connection of a client. */
export const CONNECTION = 'https://carnet.example/fhir/NamingSystem/connected-client';
const RESOURCE_TYPES = 'http://hl7.org/fhir/resource-types';
const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
const ACTIONS = 'http://terminology.hl7.org/CodeSystem/consentaction';

/** Of a connection for a session: it stands beside one that lasts, and never in its place. */
const SESSION = ' session';

/** Each who connects an app has a Consent of their own: the others' go on when theirs ends. */
export function connectionName({
  client,
  link,
  isOffline,
}: Pick<Connection, 'client' | 'link' | 'isOffline'>): string {
  const made = link === undefined ? client.id : `${client.id} ${link}`;
  return isOffline ? made : `${made}${SESSION}`;
}

export function consentOf(connection: Connection): Resource {
  const { of, client, device, since, until, text, link } = connection;
  const data = Buffer.from(text, 'utf8');
  return {
    resourceType: 'Consent',
    identifier: [{ system: CONNECTION, value: connectionName(connection) }],
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: { reference: `Patient/${of}` },
    dateTime: new Date(since).toISOString(),
    performer: [{ reference: link ?? `Patient/${of}` }],
    sourceAttachment: {
      contentType: 'text/plain; charset=utf-8',
      language: 'fr-FR',
      data: data.toString('base64'),
      title: `Autorisation de l’application ${client.name}`,
    },
    policy: [{ uri: 'https://profiles.ihe.net/ITI/PCF/Policy-basic-normal' }],
    provision: {
      type: 'permit',
      period: { start: new Date(since).toISOString(), end: new Date(until).toISOString() },
      actor: [
        {
          role: {
            coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' }],
          },
          reference: { reference: device, display: client.name },
        },
      ],
      ...given(connection),
    },
  };
}

/** What it reads, as what patients' apps come for; where it adds too, each is a provision of its own. */
function given({ reads, adds }: Connection): Json {
  const classes = (types: readonly string[] | 'all'): Json =>
    types === 'all' ? {} : { class: types.map((code) => ({ system: RESOURCE_TYPES, code })) };
  const provision = (action: string, types: readonly string[] | 'all', more: Json = {}): Json[] =>
    types.length === 0
      ? []
      : [
          {
            type: 'permit',
            ...more,
            action: [{ coding: [{ system: ACTIONS, code: action }] }],
            ...classes(types),
          },
        ];
  const purpose = [{ system: ACT_REASON, code: 'PATRQT' }];
  if (adds.length === 0 && reads.length > 0) return { purpose, ...classes(reads) };
  const both = [...provision('access', reads, { purpose }), ...provision('collect', adds)];
  return { type: undefined, provision: both };
}

/** Undefined: it is no connection. */
export function appOf(consent: Resource, now: number): Omit<ConnectedApp, 'used'> | undefined {
  const [identifier] = (consent.identifier ?? []) as { system?: string; value?: string }[];
  const provision = (consent.provision ?? {}) as Json;
  const { start, end } = (provision.period ?? {}) as { start?: string; end?: string };
  const [actor] = (provision.actor ?? []) as { reference?: { reference?: string; display?: string } }[];
  const { reference: device, display } = actor?.reference ?? {};
  if (identifier?.system !== CONNECTION || device === undefined || end === undefined) return undefined;
  const nested = (provision.provision ?? []) as Json[];
  const acting = (code: string): Json | undefined =>
    nested.find(({ action }) => JSON.stringify(action).includes(`"${code}"`));
  const reads = nested.length === 0 ? provision : acting('access');
  return {
    consent: consent.id!,
    made: (identifier.value ?? '').replace(new RegExp(`${SESSION}$`), ''),
    device,
    name: display ?? device,
    reads: typesIn(reads),
    adds: typesIn(acting('collect')),
    since: start ?? '',
    until: end,
    isOver: consent.status !== 'active' || Date.parse(end) <= now,
  };
}

function typesIn(provision: Json | undefined): readonly string[] {
  if (provision === undefined) return [];
  if (provision.class === undefined) return ['*'];
  return (provision.class as { code?: string }[]).flatMap(({ code }) => code ?? []);
}
