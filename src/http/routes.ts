/**
 * What is served, as data: feeds the router, the CapabilityStatement, logs, audit and the refusal test.
 * https://hl7.org/fhir/R4/http.html#summary
 */

import { FOLDERS } from '../fhir/conformance/files.ts';

/** SMART scope letters: create, read, update, delete, search. */
export type ScopeLetter = 'c' | 'r' | 'u' | 'd' | 's';

/** What a request may or must carry; see body.ts for the content types. */
export type BodyKind = 'resource' | 'patch' | 'form' | 'parameters';

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the base: `[type]`, `[id]`, `[vid]`, `[compartment]` and `[definition]` match a segment, anything else (a type, an operation) itself. */
  path: string;
  interaction: string;
  /** http://hl7.org/fhir/restful-interaction: what it counts as in the CapabilityStatement and in AuditEvents */
  code: string;
  /** AuditEvent.action: https://hl7.org/fhir/R4/valueset-audit-event-action.html */
  action: 'C' | 'R' | 'U' | 'D' | 'E';
  /** Absent: open to any caller; what it reaches is checked there. */
  scope?: ScopeLetter;
  body?: BodyKind;
  /** Takes no parameters in the address. */
  bare?: true;
  /** Needs no token. */
  open?: true;
  /** An operation that this server defines. */
  own?: true;
  /** Canonical address of an operation's definition, where its name doesn't tell it. */
  definition?: string;
  /** How an operation does what its definition leaves open. */
  documentation?: string;
  /** Media types that it answers in beside FHIR's. */
  forms?: readonly string[];
}

const R4 = 'http://hl7.org/fhir/OperationDefinition/';
const IPS = 'http://hl7.org/fhir/uv/ips/OperationDefinition/summary';
const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-';

const DOCREF = {
  definition: 'http://hl7.org/fhir/uv/ipa/OperationDefinition/docref',
  documentation:
    'All current documents of the patient that meet what is asked, without a date of any date. Several types, and several profiles, ' +
    'are alternatives. A document is of a profile that its DocumentReference claims; those listed as `supportedProfile` are found by ' +
    'each of their addresses. No document is made on demand: on-demand=true finds none. Nothing is included.',
};

// prettier-ignore
export const ROUTES = [
  { method: 'GET', path: 'metadata', interaction: 'capabilities', code: 'capabilities', action: 'R', open: true },

  { method: 'GET', path: '[type]/[id]', interaction: 'read', code: 'read', action: 'R', scope: 'r' },
  { method: 'GET', path: '[type]/[id]/_history/[vid]', interaction: 'vread', code: 'vread', action: 'R', scope: 'r' },
  { method: 'PUT', path: '[type]/[id]', interaction: 'update', code: 'update', action: 'U', scope: 'u', body: 'resource', bare: true },
  { method: 'PATCH', path: '[type]/[id]', interaction: 'patch', code: 'patch', action: 'U', scope: 'u', body: 'patch', bare: true },
  { method: 'DELETE', path: '[type]/[id]', interaction: 'delete', code: 'delete', action: 'D', scope: 'd', bare: true },
  { method: 'POST', path: '[type]', interaction: 'create', code: 'create', action: 'C', scope: 'c', body: 'resource', bare: true },

  { method: 'PUT', path: '[type]', interaction: 'conditional-update', code: 'update', action: 'U', scope: 'u', body: 'resource' },
  { method: 'PATCH', path: '[type]', interaction: 'conditional-patch', code: 'patch', action: 'U', scope: 'u', body: 'patch' },
  { method: 'DELETE', path: '[type]', interaction: 'conditional-delete', code: 'delete', action: 'D', scope: 'd' },

  { method: 'GET', path: '[type]', interaction: 'search-type', code: 'search-type', action: 'E', scope: 's' },
  { method: 'POST', path: '[type]/_search', interaction: 'search-type', code: 'search-type', action: 'E', scope: 's', body: 'form' },
  { method: 'GET', path: '', interaction: 'search-system', code: 'search-system', action: 'E', scope: 's' },
  { method: 'POST', path: '_search', interaction: 'search-system', code: 'search-system', action: 'E', scope: 's', body: 'form' },
  { method: 'GET', path: '[compartment]/[id]/[type]', interaction: 'search-compartment', code: 'search-type', action: 'E', scope: 's' },
  { method: 'POST', path: '[compartment]/[id]/[type]/_search', interaction: 'search-compartment', code: 'search-type', action: 'E', scope: 's', body: 'form' },
  { method: 'GET', path: '[compartment]/[id]/*', interaction: 'search-compartment', code: 'search-system', action: 'E', scope: 's' },
  { method: 'POST', path: '[compartment]/[id]/_search', interaction: 'search-compartment', code: 'search-system', action: 'E', scope: 's', body: 'form' },

  { method: 'GET', path: '[type]/[id]/_history', interaction: 'history-instance', code: 'history-instance', action: 'R', scope: 'r' },
  { method: 'GET', path: '[type]/_history', interaction: 'history-type', code: 'history-type', action: 'R', scope: 's' },
  { method: 'GET', path: '_history', interaction: 'history-system', code: 'history-system', action: 'R', scope: 's' },

  { method: 'GET', path: '[definition]/[id]', interaction: 'read-definition', code: 'read', action: 'R' },
  { method: 'GET', path: '[definition]', interaction: 'search-definitions', code: 'search-type', action: 'E' },
  { method: 'POST', path: '[definition]/_search', interaction: 'search-definitions', code: 'search-type', action: 'E', body: 'form' },

  { method: 'POST', path: '', interaction: 'transaction', code: 'transaction', action: 'E', body: 'resource', bare: true },

  { method: 'POST', path: '[type]/$validate', interaction: '$validate', code: 'operation', action: 'E', body: 'resource' },
  { method: 'POST', path: '[type]/[id]/$validate', interaction: '$validate', code: 'operation', action: 'E', scope: 'r', body: 'resource' },
  { method: 'GET', path: '$meta', interaction: '$meta', code: 'operation', action: 'R', scope: 's', bare: true },
  { method: 'POST', path: '$meta', interaction: '$meta', code: 'operation', action: 'R', scope: 's', body: 'parameters', bare: true },
  { method: 'GET', path: '[type]/$meta', interaction: '$meta', code: 'operation', action: 'R', scope: 's', bare: true },
  { method: 'POST', path: '[type]/$meta', interaction: '$meta', code: 'operation', action: 'R', scope: 's', body: 'parameters', bare: true },
  { method: 'GET', path: '[type]/[id]/$meta', interaction: '$meta', code: 'operation', action: 'R', scope: 'r', bare: true },
  { method: 'POST', path: '[type]/[id]/$meta', interaction: '$meta', code: 'operation', action: 'R', scope: 'r', body: 'parameters', bare: true },
  { method: 'POST', path: '[type]/[id]/$meta-add', interaction: '$meta-add', code: 'operation', action: 'U', scope: 'u', body: 'resource', bare: true },
  { method: 'POST', path: '[type]/[id]/$meta-delete', interaction: '$meta-delete', code: 'operation', action: 'U', scope: 'u', body: 'resource', bare: true },

  { method: 'POST', path: 'Patient/$match', interaction: '$match', code: 'operation', action: 'E', scope: 's', body: 'resource', bare: true, definition: 'http://hl7.org/fhir/OperationDefinition/Patient-match' },
  { method: 'POST', path: 'Patient/$merge', interaction: '$merge', code: 'operation', action: 'U', body: 'resource', bare: true, own: true },
  { method: 'GET', path: 'DocumentReference/$docref', interaction: '$docref', code: 'operation', action: 'E', scope: 's', ...DOCREF },
  { method: 'POST', path: 'DocumentReference/$docref', interaction: '$docref', code: 'operation', action: 'E', scope: 's', body: 'parameters', ...DOCREF },
  { method: 'POST', path: 'DocumentReference/$generate-metadata', interaction: '$generate-metadata', code: 'operation', action: 'C', scope: 'c', body: 'resource', bare: true, definition: 'https://profiles.ihe.net/ITI/MHD/OperationDefinition/generate-metadata' },
  { method: 'GET', path: 'Patient/[id]/$access-status', interaction: '$access-status', code: 'operation', action: 'E', scope: 'r', own: true },
  { method: 'POST', path: 'Patient/[id]/$access-status', interaction: '$access-status', code: 'operation', action: 'E', scope: 'r', body: 'parameters', own: true },
  { method: 'GET', path: 'Consent/[id]/$enforcement-status', interaction: '$enforcement-status', code: 'operation', action: 'R', scope: 'r', own: true },
  { method: 'GET', path: 'Patient/[id]/$enforcement-status', interaction: '$enforcement-status', code: 'operation', action: 'R', scope: 'r', own: true },
  { method: 'GET', path: 'Patient/[id]/$explain-access', interaction: '$explain-access', code: 'operation', action: 'R', scope: 'r', own: true },
  { method: 'POST', path: 'Patient/[id]/$access-preview', interaction: '$access-preview', code: 'operation', action: 'E', scope: 'r', body: 'resource', own: true },
  { method: 'GET', path: 'Patient/[id]/$access-history', interaction: '$access-history', code: 'operation', action: 'R', scope: 'r', own: true, forms: ['text/csv', 'application/pdf'] },
  { method: 'POST', path: 'Patient/[id]/$break-glass', interaction: '$break-glass', code: 'operation', action: 'U', scope: 'r', body: 'resource', bare: true, own: true },
  { method: 'GET', path: 'Patient/[id]/$everything', interaction: '$everything', code: 'operation', action: 'E', scope: 'r', definition: `${R4}Patient-everything` },
  { method: 'POST', path: 'Patient/[id]/$everything', interaction: '$everything', code: 'operation', action: 'E', scope: 'r', body: 'parameters', definition: `${R4}Patient-everything` },
  { method: 'GET', path: 'Encounter/[id]/$everything', interaction: '$everything', code: 'operation', action: 'E', scope: 'r', definition: `${R4}Encounter-everything` },
  { method: 'POST', path: 'Encounter/[id]/$everything', interaction: '$everything', code: 'operation', action: 'E', scope: 'r', body: 'parameters', definition: `${R4}Encounter-everything` },
  { method: 'GET', path: 'Patient/[id]/$summary', interaction: '$summary', code: 'operation', action: 'E', scope: 'r', definition: IPS, forms: ['application/pdf'] },
  { method: 'POST', path: 'Patient/[id]/$summary', interaction: '$summary', code: 'operation', action: 'E', scope: 'r', body: 'parameters', definition: IPS, forms: ['application/pdf'] },
  { method: 'GET', path: 'Patient/[id]/$export-record', interaction: '$export-record', code: 'operation', action: 'E', scope: 'r', own: true },
  { method: 'POST', path: 'Patient/[id]/$export-record', interaction: '$export-record', code: 'operation', action: 'E', scope: 'r', body: 'parameters', own: true },
  { method: 'GET', path: 'Patient/[id]/$export-record/[vid]', interaction: '$export-record-status', code: 'operation', action: 'R', scope: 'r', bare: true },
  { method: 'DELETE', path: 'Patient/[id]/$export-record/[vid]', interaction: '$export-record-cancel', code: 'operation', action: 'D', scope: 'r', bare: true },
  { method: 'GET', path: 'Patient/[id]/$export-record/[vid]/record.zip', interaction: '$export-record-file', code: 'operation', action: 'R', scope: 'r', bare: true, forms: ['application/zip'] },
  { method: 'GET', path: 'DocumentReference/[id]/$html', interaction: '$html', code: 'operation', action: 'R', scope: 'r', own: true, forms: ['text/html'] },
  { method: 'POST', path: 'DocumentReference/[id]/$html', interaction: '$html', code: 'operation', action: 'R', scope: 'r', body: 'parameters', own: true, forms: ['text/html'] },
  { method: 'GET', path: 'Patient/[id]/$notices', interaction: '$notices', code: 'operation', action: 'R', scope: 'r', own: true },
  { method: 'POST', path: 'Patient/[id]/$notices-read', interaction: '$notices-read', code: 'operation', action: 'U', scope: 'r', body: 'resource', bare: true, own: true },
  { method: 'GET', path: 'Practitioner/[id]/$notices', interaction: '$notices', code: 'operation', action: 'R', own: true },
  { method: 'POST', path: 'Practitioner/[id]/$notices-read', interaction: '$notices-read', code: 'operation', action: 'U', body: 'resource', bare: true, own: true },
  { method: 'GET', path: 'Organization/[id]/$notices', interaction: '$notices', code: 'operation', action: 'R', own: true },
  { method: 'POST', path: 'Organization/[id]/$notices-read', interaction: '$notices-read', code: 'operation', action: 'U', body: 'resource', bare: true, own: true },
  { method: 'GET', path: 'Device/[id]/$notices', interaction: '$notices', code: 'operation', action: 'R', own: true },
  { method: 'POST', path: 'Device/[id]/$notices-read', interaction: '$notices-read', code: 'operation', action: 'U', body: 'resource', bare: true, own: true },
  { method: 'GET', path: 'Patient/[id]/$notice-preferences', interaction: '$notice-preferences', code: 'operation', action: 'R', scope: 'r', own: true },
  { method: 'GET', path: 'Subscription/[id]/$status', interaction: '$status', code: 'operation', action: 'R', scope: 'r', definition: `${BACKPORT}status` },
  { method: 'GET', path: 'Subscription/$status', interaction: '$status', code: 'operation', action: 'E', scope: 's', definition: `${BACKPORT}status` },
  { method: 'POST', path: 'Subscription/$status', interaction: '$status', code: 'operation', action: 'E', scope: 's', body: 'parameters', definition: `${BACKPORT}status` },
  { method: 'GET', path: 'Subscription/[id]/$events', interaction: '$events', code: 'operation', action: 'E', scope: 'r', definition: `${BACKPORT}events` },
  { method: 'GET', path: 'Subscription/[id]/$get-ws-binding-token', interaction: '$get-ws-binding-token', code: 'operation', action: 'R', scope: 'r', definition: `${BACKPORT}get-ws-binding-token` },
  { method: 'GET', path: 'Subscription/$get-ws-binding-token', interaction: '$get-ws-binding-token', code: 'operation', action: 'E', scope: 's', definition: `${BACKPORT}get-ws-binding-token` },
  { method: 'POST', path: 'Subscription/$get-ws-binding-token', interaction: '$get-ws-binding-token', code: 'operation', action: 'E', scope: 's', body: 'parameters', definition: `${BACKPORT}get-ws-binding-token` },
  { method: 'POST', path: 'Patient/[id]/$notice-preferences-set', interaction: '$notice-preferences-set', code: 'operation', action: 'U', scope: 'u', body: 'resource', bare: true, own: true },

  { method: 'GET', path: 'ValueSet/$expand', interaction: '$expand', code: 'operation', action: 'E', definition: `${R4}ValueSet-expand` },
  { method: 'POST', path: 'ValueSet/$expand', interaction: '$expand', code: 'operation', action: 'E', body: 'resource', definition: `${R4}ValueSet-expand` },
  { method: 'GET', path: 'ValueSet/[id]/$expand', interaction: '$expand', code: 'operation', action: 'E', definition: `${R4}ValueSet-expand` },
  { method: 'POST', path: 'ValueSet/[id]/$expand', interaction: '$expand', code: 'operation', action: 'E', body: 'parameters', definition: `${R4}ValueSet-expand` },
  { method: 'GET', path: 'ValueSet/$validate-code', interaction: '$validate-code', code: 'operation', action: 'E', definition: `${R4}ValueSet-validate-code` },
  { method: 'POST', path: 'ValueSet/$validate-code', interaction: '$validate-code', code: 'operation', action: 'E', body: 'resource', definition: `${R4}ValueSet-validate-code` },
  { method: 'GET', path: 'ValueSet/[id]/$validate-code', interaction: '$validate-code', code: 'operation', action: 'E', definition: `${R4}ValueSet-validate-code` },
  { method: 'POST', path: 'ValueSet/[id]/$validate-code', interaction: '$validate-code', code: 'operation', action: 'E', body: 'parameters', definition: `${R4}ValueSet-validate-code` },
  { method: 'GET', path: 'CodeSystem/$validate-code', interaction: '$validate-code-system', code: 'operation', action: 'E', definition: `${R4}CodeSystem-validate-code` },
  { method: 'POST', path: 'CodeSystem/$validate-code', interaction: '$validate-code-system', code: 'operation', action: 'E', body: 'resource', definition: `${R4}CodeSystem-validate-code` },
  { method: 'GET', path: 'CodeSystem/$lookup', interaction: '$lookup', code: 'operation', action: 'E', definition: `${R4}CodeSystem-lookup` },
  { method: 'POST', path: 'CodeSystem/$lookup', interaction: '$lookup', code: 'operation', action: 'E', body: 'resource', definition: `${R4}CodeSystem-lookup` },
  { method: 'GET', path: 'ConceptMap/$translate', interaction: '$translate', code: 'operation', action: 'E', definition: `${R4}ConceptMap-translate` },
  { method: 'POST', path: 'ConceptMap/$translate', interaction: '$translate', code: 'operation', action: 'E', body: 'resource', definition: `${R4}ConceptMap-translate` },
  { method: 'GET', path: 'ConceptMap/[id]/$translate', interaction: '$translate', code: 'operation', action: 'E', definition: `${R4}ConceptMap-translate` },
  { method: 'POST', path: 'ConceptMap/[id]/$translate', interaction: '$translate', code: 'operation', action: 'E', body: 'parameters', definition: `${R4}ConceptMap-translate` },
] as const satisfies readonly Route[];

export type InteractionName = Exclude<(typeof ROUTES)[number]['interaction'], 'capabilities'>;

/** Served from files, unless a deployment serves the type from its store. */
export const DEFINITIONS: ReadonlySet<string> = new Set(Object.keys(FOLDERS));

/** https://hl7.org/fhir/R4/compartmentdefinition.html */
export const COMPARTMENTS = ['Patient', 'Encounter', 'RelatedPerson', 'Practitioner', 'Device'] as const;
