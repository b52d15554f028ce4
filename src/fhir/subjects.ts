/**
 * Whose data a resource is. The patients it merely mentions (an author, a recipient, a member) grant nothing and
 * need nothing: only the elements named here make a resource somebody's. R4's compartment definition is wider and
 * serves compartment searches only.
 */
import type { Json, Reference, Resource } from './resource.ts';

/** Types that have no patient and that every authenticated caller may read. */
export const DIRECTORY: ReadonlySet<string> = new Set([
  'Practitioner',
  'PractitionerRole',
  'Organization',
  'Location',
  'HealthcareService',
  'Questionnaire',
  'Medication',
  'Device',
  'Schedule',
  'Slot',
]);

/** Elements that name the patient in most types, then the few types that have another way. */
const USUAL = ['patient', 'subject', 'for', 'beneficiary', 'individual'];
const OWN: Record<string, (resource: Resource) => unknown[]> = {
  Appointment: (resource) => each(resource.participant).map((participant) => participant.actor),
  AppointmentResponse: (resource) => [resource.actor],
  Schedule: (resource) => (Array.isArray(resource.actor) ? (resource.actor as unknown[]) : []),
  Provenance: (resource) => each(resource.target),
  Person: (resource) => each(resource.link).map((link) => link.target),
  Binary: (resource) => [resource.securityContext],
  AuditEvent: (resource) => [
    ...each(resource.agent).map((agent) => agent.who),
    ...each(resource.entity).map((entity) => entity.what),
  ],
  Bundle: (resource) => each(resource.entry).flatMap((entry) => subjectsOf(entry.resource)),
  Group: () => [],
};

/** A patient that can't be named here: a foreign address, a contained resource. Never permits anything. */
export const UNKNOWN_PATIENT = '?';

/**
 * Logical ids of the patients whose data it is, without doubles, in the order of the resource.
 * `base`: the server's own FHIR base; references that begin with it are local.
 */
export function patientsOf(resource: Resource, base = ''): string[] {
  if (resource.resourceType === 'Patient') return [resource.id ?? UNKNOWN_PATIENT];
  const found = new Set<string>();
  for (const reference of subjectsOf(resource)) {
    const patient = patientIn(reference as Reference | undefined, resource, base);
    if (patient !== undefined) found.add(patient);
  }
  return [...found];
}

function subjectsOf(resource: unknown): unknown[] {
  if (typeof resource !== 'object' || resource === null) return [];
  const { resourceType } = resource as Resource;
  if (resourceType === 'Patient') return [{ reference: `Patient/${(resource as Resource).id ?? ''}` }];
  const own = OWN[resourceType];
  if (own !== undefined) return own(resource as Resource);
  return USUAL.flatMap((name) => {
    const value = (resource as Resource)[name];
    return Array.isArray(value) ? (value as unknown[]) : [value];
  });
}

const LOCAL = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(\/_history\/[A-Za-z0-9\-.]{1,64})?$/;
const ABSOLUTE = /\/([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/** INVARIANT: what may be a patient, and can't be told, is an unknown one. */
function patientIn(reference: Reference | undefined, holder: Resource, base: string): string | undefined {
  if (typeof reference !== 'object' || reference === null) return undefined;
  const { type } = reference;
  let literal = reference.reference;
  const other = type !== undefined && type !== 'Patient' ? undefined : UNKNOWN_PATIENT;
  if (typeof literal !== 'string') return reference.identifier === undefined ? undefined : other;
  if (base !== '' && literal.startsWith(`${base}/`)) literal = literal.slice(base.length + 1);
  const local = LOCAL.exec(literal);
  if (local !== null) return local[1] === 'Patient' ? local[2] : undefined;
  if (literal.startsWith('#')) {
    const contained = each(holder.contained).find(({ id }) => id === literal.slice(1));
    return contained === undefined || contained.resourceType === 'Patient' ? UNKNOWN_PATIENT : undefined;
  }
  const named = ABSOLUTE.exec(literal)?.[1];
  return named === undefined ? other : named === 'Patient' ? UNKNOWN_PATIENT : undefined;
}

function each(value: unknown): Json[] {
  return (Array.isArray(value) ? value : []).filter(
    (item): item is Json => typeof item === 'object' && item !== null,
  );
}
