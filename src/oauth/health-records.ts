/** The authorization server's own requests: as the person at the screen, by the gate like any. */
import type { Holder } from '../auth/grants.ts';
import type { ConnectedApp, From, HealthRecords, Traits } from '../auth/records.ts';
import type { Scope, Subject } from '../consent/subject.ts';
import { traitsOf } from '../fhir/identity.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import type { Answer, Entry } from '../interaction/exchange.ts';
import { appOf, CONNECTION, connectionName, consentOf } from './connection-consent.ts';

type Ask = (subject: Subject, entry: Entry, from: From) => Promise<Answer>;

const CONNECTIONS: Scope = { context: 'patient', type: 'Consent', interactions: 'cruds' };
const TRACES: Scope = { context: 'patient', type: 'AuditEvent', interactions: 'rs' };
/** Connections of one patient that are shown. */
const MOST = '100';

/** By which resources a caller is given a patient now. */
export type Because = (subject: Subject, patient: string) => Promise<readonly string[]>;

export function healthRecords(ask: Ask, because: Because): HealthRecords {
  const get = async (subject: Subject, url: string, from: From): Promise<Resource> => {
    const { body } = await ask(subject, { method: 'GET', url, headers: {} }, from);
    return (Buffer.isBuffer(body) ? JSON.parse(body.toString()) : body) as Resource;
  };
  const search = async (
    subject: Subject,
    type: string,
    params: Record<string, string>,
    from: From,
  ): Promise<Resource[]> => {
    const bundle = await get(subject, `${type}?${new URLSearchParams(params).toString()}`, from);
    const entries = (bundle.entry ?? []) as { resource: Resource; search?: { mode?: string } }[];
    return entries.filter(({ search: how }) => how?.mode !== 'outcome').map((entry) => entry.resource);
  };
  return {
    async connect(connection, from) {
      const { of, by } = connection;
      const name = `${CONNECTION}|${connectionName(connection)}`;
      const query = new URLSearchParams({ patient: of, identifier: name });
      const sent = putting(`Consent?${query.toString()}`, consentOf(connection));
      const { headers } = await ask({ ...by, scopes: [CONNECTIONS] }, sent, from);
      const [, id] = /Consent\/([^/]+)/.exec(headers?.['content-location'] ?? '') ?? [];
      return `Consent/${id}`;
    },
    async connected(holder, patient, from) {
      const subject = { ...holder, scopes: [CONNECTIONS, TRACES] };
      const asked = { patient, identifier: `${CONNECTION}|`, _sort: '-date', _count: MOST };
      const found = await search(subject, 'Consent', asked, from);
      const apps = found.flatMap((consent) => appOf(consent, Date.now()) ?? []);
      return Promise.all(
        apps.map(async (app): Promise<ConnectedApp> => {
          const traced = { patient, agent: app.device, _sort: '-date', _count: '1' };
          const [last] = app.isOver ? [] : await search(subject, 'AuditEvent', traced, from);
          return last === undefined ? app : { ...app, used: last.recorded as string };
        }),
      );
    },
    async disconnect(holder, id, from) {
      const subject = { ...holder, scopes: [CONNECTIONS] };
      const consent = await get(subject, `Consent/${id}`, from);
      if (appOf(consent, Date.now()) === undefined) throw new FhirError('not-found', 'not found');
      await ask(subject, putting(`Consent/${id}`, { ...consent, status: 'inactive' }), from);
    },
    async find(holder: Holder, traits, from) {
      const subject: Subject = {
        ...holder,
        scopes: [{ context: 'user', type: 'Patient', interactions: 'rs' }],
      };
      const found = await search(subject, 'Patient', searchFor(traits), from);
      const [first, ...others] = found.filter((patient) => isNamed(patient, traits));
      return first === undefined || others.length > 0 ? undefined : { id: first.id!, resource: first };
    },
    async consentsFor(holder, patient) {
      const subject: Subject = {
        ...holder,
        scopes: [{ context: 'user', type: 'Patient', interactions: 'r' }],
      };
      const found = await because(subject, patient);
      return found.filter((each) => each.startsWith('Consent/'));
    },
  };
}

function putting(url: string, value: Resource): Entry {
  // as JSON has it, without what is undefined
  const bytes = Buffer.from(JSON.stringify(value));
  const json = JSON.parse(bytes.toString()) as Json;
  const body = { kind: 'json' as const, contentType: 'application/fhir+json', value: json, bytes };
  return { method: 'PUT', url, headers: {}, body };
}

/** Exact ones: nobody leafs through patients. */
function searchFor(traits: Traits): Record<string, string> {
  if ('identifier' in traits) return { identifier: traits.identifier, _count: '2' };
  const { family, given, birthdate, gender } = traits;
  return { 'family:exact': literal(family), 'given:exact': literal(given), birthdate, gender, _count: MOST };
}

/** One value, whatever it holds: a comma would ask for any of several. https://hl7.org/fhir/R4/search.html#escaping */
function literal(text: string): string {
  return text.replaceAll(/[\\,|$]/g, '\\$&');
}

/** Name at birth and first given name, not another of theirs. */
function isNamed(patient: Resource, traits: Traits): boolean {
  if ('identifier' in traits) return true;
  const theirs = traitsOf(patient);
  return theirs?.family === traits.family && theirs.given === traits.given;
}
