/** Names of the topic-based backport: https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/artifacts.html */
const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/';

export const PROFILE = `${BACKPORT}backport-subscription`;
export const NOTIFICATION = `${BACKPORT}backport-subscription-notification-r4`;
export const STATUS = `${BACKPORT}backport-subscription-status-r4`;
export const FILTER = `${BACKPORT}backport-filter-criteria`;
export const CONTENT = `${BACKPORT}backport-payload-content`;
export const HEARTBEAT = `${BACKPORT}backport-heartbeat-period`;
export const TIMEOUT = `${BACKPORT}backport-timeout`;
export const MOST = `${BACKPORT}backport-max-count`;
export const CAPABILITY = `${BACKPORT}capabilitystatement-subscriptiontopic-canonical`;
