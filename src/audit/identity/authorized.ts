/**
 * An authorization that rests on the patient's Consents: an app is opened on their record by a professional whom they
 * let. https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.AuthZconsent
 */
import type { Trace } from '../../enforcement/ports.ts';
import type { Json, Resource } from '../../fhir/resource.ts';
import { AUTHORIZED, BALP } from '../aside.ts';
import {
  ACT_REASON,
  APPLICATION,
  DCM,
  PERSON,
  RESOURCE_TYPES,
  ROLES,
  USER,
  concept,
  ownOf,
  sourceOf,
} from './words.ts';

export interface Authorized {
  what: 'authorized';
  /** The professional, `Practitioner/x`. */
  who: { reference: string; name?: string };
  /** For whom they work, `Organization/x`. */
  organization: string;
  /** Logical id. */
  patient: string;
  /** `Consent/x/_history/v`, at least one. */
  consents: readonly string[];
  /** OAuth client id. */
  client: string;
  /** Where the request came from. */
  address: string;
  /** `X-Request-Id`. */
  requestId: string;
  /** Codes of v3-ActReason. */
  purposes: readonly string[];
}

const HOUSE = concept('http://terminology.hl7.org/CodeSystem/v3-RoleClass', 'PROV', 'healthcare provider');
const AUTHORIZER = concept(
  'http://terminology.hl7.org/CodeSystem/extra-security-role-type',
  'authserver',
  'authorization server',
);

/** @param base address of this server @param at when it is recorded, milliseconds */
export function authorizedTrace(event: Authorized, base: string, at: number): Trace {
  const { who, organization, patient, consents, client, address, requestId, purposes } = event;
  const stated = purposes.map((code) => concept(ACT_REASON, code));
  const frame: Resource = {
    resourceType: 'AuditEvent',
    meta: { profile: [`${BALP}AuthZconsent`] },
    type: { system: DCM, code: '110113', display: 'Security Alert' },
    subtype: [AUTHORIZED],
    action: 'E',
    outcome: '0',
    ...(stated.length === 0 ? {} : { purposeOfEvent: stated }),
    agent: [
      {
        type: USER,
        who: { reference: who.reference, ...(who.name === undefined ? {} : { display: who.name }) },
        ...(who.name === undefined ? {} : { name: who.name }),
        requestor: true,
        ...(stated.length === 0 ? {} : { purposeOfUse: stated }),
      },
      { type: HOUSE, who: { reference: organization }, requestor: false },
      {
        type: APPLICATION,
        who: { identifier: { value: client }, display: client },
        requestor: false,
        network: { address, type: '2' },
      },
      { type: AUTHORIZER, who: { display: base }, requestor: false },
    ],
    source: sourceOf(base),
  };
  const own = ownOf(at, [
    {
      what: { reference: `Patient/${patient}` },
      type: PERSON,
      role: { system: ROLES, code: '1', display: 'Patient' },
      // the profile leaves no entity for it
      detail: [{ type: 'X-Request-Id', valueString: requestId }],
    },
  ]);
  return { frame, own, aside: consents.map(consentOf), patient };
}

function consentOf(because: string): Json {
  return {
    what: { reference: because.split('/_history/', 1)[0] },
    type: { system: RESOURCE_TYPES, code: 'Consent', display: 'Consent' },
    detail: [{ type: 'because', valueString: because }],
  };
}
