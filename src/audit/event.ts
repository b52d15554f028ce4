/**
 * One AuditEvent for each patient concerned. https://hl7.org/fhir/R4/auditevent.html, in the shape of IHE BALP
 * (https://profiles.ihe.net/ITI/BALP/); the issue on traces completes content and chain.
 */
import type { Subject } from '../consent/subject.ts';
import type { Resource } from '../fhir/resource.ts';

export interface Facts {
  at: number;
  /** FHIR code of the interaction: read, search-type, transaction … */
  interaction: string;
  action: 'C' | 'R' | 'U' | 'D' | 'E';
  /** 0 success, 4 refused or bad request, 8 the server failed. */
  outcome: '0' | '4' | '8';
  requestId: string;
  subject: Subject;
  /** Absent: nobody's data. */
  patient?: string;
  /** `Type/id` of what was touched. */
  references: readonly string[];
  /** More than are named. */
  count: number;
  /** The search as sent. */
  query?: string;
  /** Address of this server. */
  server: string;
}

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';
const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';

const entityType = (code: string, display: string) => ({ system: ENTITY_TYPE, code, display });
const objectRole = (code: string, display: string) => ({ system: OBJECT_ROLE, code, display });

export function auditEvent(facts: Facts): Resource {
  const { subject } = facts;
  return {
    resourceType: 'AuditEvent',
    type: {
      system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
      code: 'rest',
      display: 'RESTful Operation',
    },
    subtype: [{ system: 'http://hl7.org/fhir/restful-interaction', code: facts.interaction }],
    action: facts.action,
    recorded: new Date(facts.at).toISOString(),
    outcome: facts.outcome,
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
        who: { display: facts.server },
        requestor: false,
      },
    ],
    source: { observer: { display: facts.server } },
    entity: [
      ...(facts.patient === undefined
        ? []
        : [
            {
              what: { reference: `Patient/${facts.patient}` },
              type: entityType('1', 'Person'),
              role: objectRole('1', 'Patient'),
            },
          ]),
      ...facts.references
        .filter((reference) => reference !== `Patient/${facts.patient}`)
        .map((reference) => ({
          what: { reference },
          type: entityType('2', 'System Object'),
          role: objectRole('4', 'Domain Resource'),
        })),
      ...(facts.query === undefined
        ? []
        : [
            {
              type: entityType('2', 'System Object'),
              role: objectRole('24', 'Query'),
              query: Buffer.from(facts.query).toString('base64'),
              ...(facts.count > facts.references.length
                ? { detail: [{ type: 'count', valueString: String(facts.count) }] }
                : {}),
            },
          ]),
      {
        what: { identifier: { value: facts.requestId } },
        type: {
          system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType',
          code: 'XrequestId',
        },
      },
    ],
  };
}
