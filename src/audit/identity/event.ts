/**
 * Logins, accounts, clients and the catalogue, as AuditEvents: no profile of BALP is for them, the agents are those of
 * https://profiles.ihe.net/ITI/IUA/ (ITI-71). docs/audit.md#accounts-clients-and-the-catalogue
 */
import type { Role } from '../../consent/subject.ts';
import type { Trace } from '../../enforcement/ports.ts';
import type { Json, Resource } from '../../fhir/resource.ts';
import { TRACE_ENTITY } from '../aside.ts';
import { ASSERTED } from '../asserted.ts';
import { ACCOUNT_EVENT, ACCOUNT_EVENTS, type AccountEventKind } from './kinds.ts';
import {
  ACT_REASON,
  APPLICATION,
  PERSON,
  RESOURCE_TYPES,
  ROLES,
  TYPES,
  USER,
  concept,
  ownOf,
  sourceOf,
} from './words.ts';

export interface Actor {
  /** `Patient/x`, `Practitioner/x`, `Device/x`, `Organization/x`; absent where only the account is known. */
  reference?: string;
  /** Opaque id of the account. INVARIANT: never what was typed in as a name: people type their password there. */
  account?: string;
  /** Display name. */
  name?: string;
  role?: Role | 'reviewer' | 'security-officer';
  /** Named by the software, without a login of theirs. */
  isAsserted?: true;
}

export interface AccountEvent {
  what: AccountEventKind;
  /** Other than `what` has it: 4 refused, 8 the server failed. */
  outcome?: '0' | '4' | '8';
  /** Who did it; absent: nobody who is known, as of a failed login. */
  who?: Actor;
  /** Logical id of the one patient whose account or space it is; absent: nobody's. The trace is theirs to read. */
  patient?: string;
  /** OAuth client id. */
  client?: string;
  /** Where the request came from: see http/remote.ts. Empty for the server's own work. */
  address: string;
  /** `X-Request-Id`. */
  requestId: string;
  /**
   * What it is about, `Type/id`: the Consent of a connection, the Device of an app. Who may not be given one of these
   * is not given the trace.
   */
  about?: readonly string[];
  /** Opaque ids of what is no resource: an account that was changed, a client that was registered. */
  subjects?: readonly string[];
  /** Short words beside it, `method: franceconnect`, `acr: eidas2`, `state: listed`. Never a secret, token or name. */
  detail?: Readonly<Record<string, string>>;
  /** Of a login: from a device that this account hasn't come from before; the account's person is told. */
  newDevice?: boolean;
  /** Codes of v3-ActReason. */
  purposes?: readonly string[];
  /** As written when the glass was broken. */
  reason?: string;
}

const MOST = 20;
const LONGEST = 200;
const OBJECT = { system: TYPES, code: '2', display: 'System Object' };
const AUTHORIZER = concept(
  'https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes',
  'AuthzOauthService',
);
const CALLER_ROLE = 'https://carnet.example/fhir/CodeSystem/caller-role';

/** @param base address of this server @param at when it is recorded, milliseconds */
export function accountTrace(event: AccountEvent, base: string, at: number): Trace {
  const { what, patient, purposes = [], reason } = event;
  const { type, subtype, action, outcome } = ACCOUNT_EVENTS[what];
  const stated = purposes.map((code) => ({
    ...concept(ACT_REASON, code),
    ...(reason === undefined ? {} : { text: short(reason) }),
  }));
  const frame: Resource = {
    resourceType: 'AuditEvent',
    type,
    subtype: [subtype, { system: ACCOUNT_EVENT, code: what }],
    action,
    outcome: event.outcome ?? outcome,
    ...(stated.length === 0 ? {} : { purposeOfEvent: stated }),
    agent: agentsOf(event, base),
    source: sourceOf(base),
  };
  const own = ownOf(at, entitiesOf(event));
  return { frame, own, aside: [], patient: patient ?? '' };
}

function agentsOf({ who, client, address }: AccountEvent, base: string): Json[] {
  const network = address === '' ? {} : { network: { address, type: '2' } };
  const user: Json = {
    type: USER,
    ...(who?.role === undefined
      ? {}
      : { role: [concept(CALLER_ROLE, who.role), ...(who.isAsserted === true ? [ASSERTED] : [])] }),
    ...(who === undefined ? {} : { who: partyOf(who) }),
    ...(who?.name === undefined ? {} : { name: short(who.name) }),
    requestor: true,
    // who has no software beside them comes from there themself
    ...(client === undefined ? network : {}),
  };
  const software: Json[] =
    client === undefined
      ? []
      : [
          {
            type: APPLICATION,
            who: { identifier: { value: short(client) }, display: short(client) },
            requestor: false,
            ...network,
          },
        ];
  const self = {
    type: AUTHORIZER,
    who: { display: base },
    requestor: false,
    network: { address: base, type: '5' },
  };
  return [user, ...software, self];
}

function partyOf({ reference, account, name }: Actor): Json {
  return {
    ...(reference === undefined ? {} : { reference }),
    ...(account === undefined ? {} : { identifier: { value: short(account) } }),
    ...(name === undefined ? {} : { display: short(name) }),
  };
}

function entitiesOf({ patient, about = [], subjects = [], detail = {}, requestId }: AccountEvent): Json[] {
  const whole = patient === undefined ? undefined : `Patient/${patient}`;
  const told = Object.entries(detail)
    .slice(0, MOST)
    .map(([type, value]) => ({ type: short(type), valueString: short(value) }));
  return [
    ...(whole === undefined
      ? []
      : [{ what: { reference: whole }, type: PERSON, role: roleOf('1', 'Patient') }]),
    ...about
      .filter((reference) => reference !== whole)
      .slice(0, MOST)
      .map((reference) => ({
        what: { reference },
        type: { system: RESOURCE_TYPES, code: reference.slice(0, reference.indexOf('/')) },
      })),
    ...subjects.slice(0, MOST).map((value) => ({
      what: { identifier: { value: short(value) } },
      type: OBJECT,
      role: roleOf('13', 'Security Resource'),
    })),
    ...(told.length === 0 ? [] : [{ type: { system: TRACE_ENTITY, code: 'detail' }, detail: told }]),
    {
      what: { identifier: { value: requestId } },
      type: {
        system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType',
        code: 'XrequestId',
      },
    },
  ];
}

function roleOf(code: string, display: string): Json {
  return { system: ROLES, code, display };
}

function short(text: string): string {
  return text.slice(0, LONGEST);
}
