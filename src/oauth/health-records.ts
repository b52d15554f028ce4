/** The authorization server's own requests: as the person at the screen, by the gate like any. */
import type { Connection, From, HealthRecords, Traits } from '../auth/records.ts';
import type { Subject } from '../consent/subject.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import type { Answer, Entry } from '../interaction/exchange.ts';

/** Under which a Consent is the connection of a client. */
export const CONNECTION = 'https://carnet.example/fhir/NamingSystem/connected-client';
const RESOURCE_TYPES = 'http://hl7.org/fhir/resource-types';

type Ask = (subject: Subject, entry: Entry, from: From) => Promise<Answer>;

export function healthRecords(ask: Ask): HealthRecords {
  return {
    async connect(connection, from) {
      const { of, patient, client } = connection;
      const subject: Subject = {
        ...patient,
        scopes: [{ context: 'patient', type: 'Consent', interactions: 'cruds' }],
      };
      const query = new URLSearchParams({ patient: of, identifier: `${CONNECTION}|${client.id}` });
      const value = consentOf(connection);
      const { headers } = await ask(
        subject,
        {
          method: 'PUT',
          url: `Consent?${query.toString()}`,
          headers: {},
          body: {
            kind: 'json',
            contentType: 'application/fhir+json',
            value: value as Json,
            bytes: Buffer.from(JSON.stringify(value)),
          },
        },
        from,
      );
      const [, id] = /Consent\/([^/]+)/.exec(headers?.['content-location'] ?? '') ?? [];
      return `Consent/${id}`;
    },
    async find(holder, traits, from) {
      const subject: Subject = {
        ...holder,
        scopes: [{ context: 'user', type: 'Patient', interactions: 'rs' }],
      };
      const query = new URLSearchParams(searchFor(traits)).toString();
      const { body } = await ask(subject, { method: 'GET', url: `Patient?${query}`, headers: {} }, from);
      const found = (Buffer.isBuffer(body) ? JSON.parse(body.toString()) : body) as {
        entry?: { resource: Resource; search?: { mode?: string } }[];
      };
      const matches = (found.entry ?? []).filter(({ search }) => search?.mode !== 'outcome');
      const [first, ...others] = matches;
      return first === undefined || others.length > 0
        ? undefined
        : { id: first.resource.id!, resource: first.resource };
    },
  };
}

/** Exact ones: nobody leafs through patients. */
function searchFor(traits: Traits): Record<string, string> {
  if ('identifier' in traits) return { identifier: traits.identifier, _count: '2' };
  const { family, given, birthdate, gender } = traits;
  return { 'family:exact': family, 'given:exact': given, birthdate, gender, _count: '2' };
}

function consentOf(connection: Connection): Resource {
  const { of, client, device, types, since, until, text } = connection;
  const data = Buffer.from(text, 'utf8');
  return {
    resourceType: 'Consent',
    identifier: [{ system: CONNECTION, value: client.id }],
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: { reference: `Patient/${of}` },
    dateTime: new Date(since).toISOString(),
    performer: [{ reference: `Patient/${of}` }],
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
      ...(types.length === 0 ? {} : { class: types.map((code) => ({ system: RESOURCE_TYPES, code })) }),
    },
  };
}
