/**
 * One AuditEvent for each patient concerned. https://hl7.org/fhir/R4/auditevent.html, in the shape of IHE BALP
 * (https://profiles.ihe.net/ITI/BALP/); the issue on traces completes content and chain.
 */
import type { Subject } from '../consent/subject.ts';
import type { Json, Resource } from '../fhir/resource.ts';

export interface Kind {
  subject: Subject;
  /** FHIR code of the interaction: read, search-type, transaction … */
  interaction: string;
  action: 'C' | 'R' | 'U' | 'D' | 'E';
  /** 0 success, 4 refused or bad request, 8 the server failed. */
  outcome: '0' | '4' | '8';
  /** Address of this server. */
  server: string;
}

export interface Facts {
  at: number;
  requestId: string;
  /** Absent: nobody's data. */
  patient?: string;
  /** `Type/id` of what was touched. */
  references: readonly string[];
  /** More than are named. */
  count: number;
  /** The search as sent. */
  query?: string;
}

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';
const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';

const entityType = (code: string, display: string) => ({ system: ENTITY_TYPE, code, display });
const objectRole = (code: string, display: string) => ({ system: OBJECT_ROLE, code, display });

const PATIENT = { type: entityType('1', 'Person'), role: objectRole('1', 'Patient') };
const RESOURCE = { type: entityType('2', 'System Object'), role: objectRole('4', 'Domain Resource') };
const QUERY = { type: entityType('2', 'System Object'), role: objectRole('24', 'Query') };
const REQUEST_ID = {
  type: { system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType', code: 'XrequestId' },
};

/** Each caller's, by what was done. They are few, and go with their caller. */
const frames = new WeakMap<Subject, Map<string, Resource>>();

/** What all of a caller's events of one kind have alike: the same object each time. */
export function frameOf(facts: Kind): Resource {
  const { subject, interaction, action, outcome, server } = facts;
  let known = frames.get(subject);
  if (known === undefined) frames.set(subject, (known = new Map()));
  const name = `${interaction} ${action} ${outcome} ${server}`;
  let frame = known.get(name);
  if (frame === undefined) known.set(name, (frame = makeFrame(facts)));
  return frame;
}

function makeFrame({ subject, interaction, action, outcome, server }: Kind): Resource {
  return {
    resourceType: 'AuditEvent',
    type: {
      system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
      code: 'rest',
      display: 'RESTful Operation',
    },
    subtype: [{ system: 'http://hl7.org/fhir/restful-interaction', code: interaction }],
    action,
    outcome,
    ...(subject.purposes.length === 0
      ? {}
      : { purposeOfEvent: subject.purposes.map((code) => ({ coding: [{ system: ACT_REASON, code }] })) }),
    agent: [
      {
        type: { coding: [{ system: PARTICIPATION, code: 'IRCP', display: 'information recipient' }] },
        who: {
          reference: subject.reference,
          ...(subject.name === undefined ? {} : { display: subject.name }),
        },
        requestor: true,
      },
      ...subject.organizations
        .filter((organization) => organization !== subject.reference)
        .slice(0, 3)
        .map((reference) => ({
          type: { coding: [{ system: PARTICIPATION, code: 'CST', display: 'custodian' }] },
          who: { reference },
          requestor: false,
        })),
      {
        type: { coding: [{ system: DCM, code: '110153', display: 'Source Role ID' }] },
        who: { display: subject.client },
        requestor: false,
      },
      {
        type: { coding: [{ system: DCM, code: '110152', display: 'Destination Role ID' }] },
        who: { display: server },
        requestor: false,
      },
    ],
    source: { observer: { display: server } },
  };
}

/** What is one event's own. */
export function ownOf(id: string, { at, requestId, patient, references, count, query }: Facts): Resource {
  const entity: Json[] = [];
  const whole = patient === undefined ? undefined : `Patient/${patient}`;
  if (whole !== undefined) entity.push({ what: { reference: whole }, ...PATIENT });
  for (const reference of references) {
    if (reference !== whole) entity.push({ what: { reference }, ...RESOURCE });
  }
  if (query !== undefined) {
    const more = count > references.length ? { detail: [{ type: 'count', valueString: String(count) }] } : {};
    entity.push({ ...QUERY, query: Buffer.from(query).toString('base64'), ...more });
  }
  entity.push({ what: { identifier: { value: requestId } }, ...REQUEST_ID });
  return { resourceType: 'AuditEvent', id, recorded: new Date(at).toISOString(), entity };
}
