/**
 * One AuditEvent for each patient concerned. https://hl7.org/fhir/R4/auditevent.html, in the shape of IHE BALP
 * (https://profiles.ihe.net/ITI/BALP/): a success claims the profile of what was done, a refusal none.
 */
import type { Standing } from '../consent/link.ts';
import type { Decided } from '../enforcement/notes.ts';
import type { Subject } from '../consent/subject.ts';
import type { Category } from '../fhir/categories.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { BALP, TOKEN_USE, TRACE_ENTITY } from './aside.ts';
import { ASSERTED } from './asserted.ts';

export type Action = 'C' | 'R' | 'U' | 'D' | 'E';

export interface Kind {
  subject: Subject;
  /** What the caller is to the patient. */
  standing: Standing['is'];
  /** FHIR code of the interaction: read, search-type, transaction … */
  interaction: string;
  action: Action;
  /** 0 success, 4 refused or bad request, 8 the server failed. */
  outcome: '0' | '4' | '8';
  /** `PatientRead`; absent: none is claimed. */
  profile?: string;
  /** What was written when the glass was broken for this patient. */
  reason?: string;
  /** Address of this server, and of the caller. */
  server: string;
  address: string;
  /** Code system of professions. */
  professions: string;
}

export interface Facts {
  at: number;
  requestId: string;
  traceId?: string | undefined;
  /** Absent: nobody's data. */
  patient?: string;
  /** `Type/id` of the one thing that was read or written. */
  data?: Named;
  /** What else was touched. */
  met: readonly Named[];
  /** Touched, and more than can be named. */
  count?: number;
  /** What was asked, as sent. */
  query?: string;
  /** The query is what was done, not a detail of it. */
  isQuery: boolean;
}

/** The document whose content an entity is: its trace is hidden as that is, whatever has become of the content. */
export const CONTENT_OF = 'content-of';

/** A resource, and who deposited it. */
export interface Named {
  reference: string;
  by?: string;
  /** The document whose content it is. */
  contentOf?: string | undefined;
  categories?: readonly Category[] | undefined;
  /** How it was written; absent: it wasn't, or the event's action says it. */
  did?: 'C' | 'U' | 'D';
}

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';
const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
const RESOURCE_TYPES = 'http://hl7.org/fhir/resource-types';
const CALLER_ROLE = 'https://carnet.example/fhir/CodeSystem/caller-role';
const STANDING = 'https://carnet.example/fhir/CodeSystem/standing';

const entityType = (code: string, display: string) => ({ system: ENTITY_TYPE, code, display });
const objectRole = (code: string, display: string) => ({ system: OBJECT_ROLE, code, display });
const concept = (system: string, code: string, display?: string) => ({ coding: [{ system, code, display }] });

const PATIENT = { type: entityType('1', 'Person'), role: objectRole('1', 'Patient') };
const DATA = { type: entityType('2', 'System Object'), role: objectRole('4', 'Domain Resource') };
const QUERY = { type: entityType('2', 'System Object'), role: objectRole('24', 'Query') };
const REQUEST = { type: { system: TRACE_ENTITY, code: 'request' } };
const MORE = { type: { system: TRACE_ENTITY, code: 'more' } };
const TRACE_ID = { type: { system: TRACE_ENTITY, code: 'trace-id' } };
const REQUEST_ID = {
  type: { system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType', code: 'XrequestId' },
};

const INTERACTION = 'http://hl7.org/fhir/restful-interaction';
const REST = {
  system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
  code: 'rest',
  display: 'RESTful Operation',
};
/** What the server sends by itself, as to who has subscribed. */
export const DISCLOSE = 'disclose';
const DISCLOSED = {
  type: { system: DCM, code: '110106', display: 'Export' },
  subtype: [
    {
      system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle',
      code: 'disclose',
      display: 'Disclose Record Lifecycle Event',
    },
  ],
};

const SOURCE = concept(DCM, '110153', 'Source Role ID');
const DESTINATION = concept(DCM, '110152', 'Destination Role ID');
const APPLICATION = concept(DCM, '110150', 'Application');
const CUSTODIAN = concept(
  'http://terminology.hl7.org/CodeSystem/provenance-participant-type',
  'custodian',
  'Custodian',
);
const RECIPIENT = { system: PARTICIPATION, code: 'IRCP', display: 'information recipient' };
const AUTHOR = { system: PARTICIPATION, code: 'AUT', display: 'author (originator)' };
const OAUTH = {
  system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes',
  code: 'UserOauthAgent',
};

/** http://dicom.nema.org/medical/dicom/current/output/chtml/part15/sect_A.5.html, ParticipantObjectDataLifeCycle */
export const LIFECYCLE = 'http://terminology.hl7.org/CodeSystem/dicom-audit-lifecycle';
const WRITTEN = {
  C: { lifecycle: { system: LIFECYCLE, code: '1', display: 'Origination / Creation' } },
  U: { lifecycle: { system: LIFECYCLE, code: '3', display: 'Amendment' } },
  D: { lifecycle: { system: LIFECYCLE, code: '14', display: 'Logical deletion' } },
};

/** BALP wants them of what was created or deleted, whatever was sent. */
const DONE: Partial<Record<Action, string>> = { C: 'create', U: 'update', D: 'delete' };
/** What may come to another than was sent. */
const SENT: ReadonlySet<string> = new Set(['transaction', 'create', 'update', 'delete']);

/** Client and server, by which way the data flow. */
const ROLES: Record<Action, readonly [object, object]> = {
  C: [SOURCE, DESTINATION],
  R: [DESTINATION, SOURCE],
  U: [SOURCE, DESTINATION],
  D: [APPLICATION, CUSTODIAN],
  E: [SOURCE, DESTINATION],
};

/** Kinds of one caller's that are kept: they may come from many addresses. */
const KINDS = 64;

/** Each caller's, by what was done. They go with their caller. */
const frames = new WeakMap<Subject, Map<string, Resource>>();

/** What all of a caller's events of one kind have alike: the same object each time. */
export function frameOf(kind: Kind): Resource {
  const { subject, standing, interaction, action, outcome, profile, reason, server, address } = kind;
  let known = frames.get(subject);
  if (known === undefined) frames.set(subject, (known = new Map()));
  const name = `${interaction} ${action} ${outcome} ${profile} ${standing} ${reason !== undefined} ${address} ${server}`;
  let frame = known.get(name);
  if (frame === undefined) {
    if (known.size >= KINDS) known.clear();
    known.set(name, (frame = makeFrame(kind)));
  }
  return frame;
}

function makeFrame(kind: Kind): Resource {
  const { subject, interaction, action, outcome, profile, reason, server, address } = kind;
  const [client, self] = ROLES[action];
  const purposes = subject.purposes.map((code) => ({
    ...concept(ACT_REASON, code),
    ...(reason === undefined || code !== 'BTG' ? {} : { text: reason }),
  }));
  const token = subject.tokenId === undefined ? [] : [TOKEN_USE];
  const meta = profile === undefined ? {} : { meta: { profile: [`${BALP}${profile}`, ...token] } };
  return {
    resourceType: 'AuditEvent',
    ...meta,
    ...(interaction === DISCLOSE
      ? DISCLOSED
      : { type: REST, subtype: interactionsOf(kind).map((code) => ({ system: INTERACTION, code })) }),
    action,
    outcome,
    ...(purposes.length === 0 ? {} : { purposeOfEvent: purposes }),
    agent: [
      userOf(kind),
      ...subject.organizations
        .filter((organization) => organization !== subject.reference)
        .slice(0, 3)
        .map((reference) => ({
          type: concept('http://terminology.hl7.org/CodeSystem/v3-RoleClass', 'PROV', 'healthcare provider'),
          who: { reference },
          requestor: false,
        })),
      {
        type: client,
        who: { identifier: { value: subject.client }, display: subject.client },
        requestor: false,
        network: { address, type: '2' },
      },
      { type: self, who: { display: server }, requestor: false, network: { address: server, type: '5' } },
    ],
    source: {
      observer: { display: server },
      type: [{ system: 'http://terminology.hl7.org/CodeSystem/security-source-type', code: '4' }],
    },
  };
}

/** As it was sent; and what it came to, where that is another. */
function interactionsOf({ interaction, action, profile }: Kind): string[] {
  const done = profile !== undefined && SENT.has(interaction) ? DONE[action] : undefined;
  return done === undefined || done === interaction ? [interaction] : [interaction, done];
}

function userOf({ subject, standing, action, professions }: Kind): Json {
  const { reference, name, role, profession, purposes, tokenId, assertedBy } = subject;
  const reads = action === 'R' || action === 'E';
  const roles = [
    concept(CALLER_ROLE, role),
    ...(profession === undefined ? [] : [concept(professions, profession)]),
    ...(standing === 'other' ? [] : [concept(STANDING, standing)]),
    ...(assertedBy === undefined ? [] : [ASSERTED]),
  ];
  return {
    type: { coding: [reads ? RECIPIENT : AUTHOR, ...(tokenId === undefined ? [] : [OAUTH])] },
    role: roles,
    who: { reference, ...(name === undefined ? {} : { display: name }) },
    ...(name === undefined ? {} : { name }),
    requestor: true,
    // https://datatracker.ietf.org/doc/html/rfc6755, as BALP has it
    ...(tokenId === undefined
      ? {}
      : { policy: [`urn:ietf:params:oauth:jti:${encodeURIComponent(tokenId.slice(0, 200))}`] }),
    ...(purposes.length === 0 ? {} : { purposeOfUse: purposes.map((code) => concept(ACT_REASON, code)) }),
  };
}

/** What is one event's own. */
export function ownOf(id: string, facts: Facts): Resource {
  const { at, requestId, traceId, patient, data, met, count, query, isQuery } = facts;
  const entity: Json[] = [];
  const whole = patient === undefined ? undefined : `Patient/${patient}`;
  if (whole !== undefined) entity.push({ what: { reference: whole }, ...PATIENT });
  if (data !== undefined)
    entity.push({ what: { reference: data.reference }, ...DATA, ...originOf(data, whole) });
  // BALP has one object of the system in an event: what a search found is told by its type
  for (const each of met) {
    const { reference } = each;
    if (reference === whole) continue;
    const code = reference.slice(0, reference.indexOf('/'));
    const type = { system: RESOURCE_TYPES, code };
    const how = each.did === undefined ? {} : WRITTEN[each.did];
    entity.push({ what: { reference }, type, ...how, ...originOf(each, whole) });
  }
  if (count !== undefined) entity.push({ ...MORE, detail: [{ type: 'count', valueString: String(count) }] });
  if (query !== undefined) {
    entity.push({ ...(isQuery ? QUERY : REQUEST), query: Buffer.from(query).toString('base64') });
  }
  entity.push({ what: { identifier: { value: requestId } }, ...REQUEST_ID });
  if (traceId !== undefined) entity.push({ what: { identifier: { value: traceId } }, ...TRACE_ID });
  return { resourceType: 'AuditEvent', id, recorded: new Date(at).toISOString(), entity };
}

/** Who deposited it, and of which sort it is; a trace names no other person of the family. */
function originOf({ by, contentOf, categories = [] }: Named, whole: string | undefined): Json {
  const isTold = by !== undefined && !(by.startsWith('Patient/') && by !== whole);
  const detail = [
    ...(isTold ? [{ type: 'origin', valueString: by }] : []),
    ...(contentOf === undefined ? [] : [{ type: CONTENT_OF, valueString: contentOf }]),
    ...categories.map(({ element, token }) => ({ type: element, valueString: token })),
  ];
  return detail.length === 0 ? {} : { detail };
}

/** Which line decided, or by which rule it was written, and by which resources. */
export function decisionOf({ line, rule, because }: Decided): Json {
  return {
    type: { system: TRACE_ENTITY, code: 'decision' },
    detail: [
      ...(line === undefined ? [] : [{ type: 'line', valueString: String(line) }]),
      ...(rule === undefined ? [] : [{ type: 'rule', valueString: rule }]),
      ...because.map((each) => ({ type: 'because', valueString: each })),
    ],
  };
}
