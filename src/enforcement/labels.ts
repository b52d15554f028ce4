/** Labels of what is written and of what is given: who put which, who may take it off, and who is shown it. */
import { type Labelled, masked, overreaching, relabelled, unknownLabel } from '../consent/labelling.ts';
import { isFamily } from '../consent/writing.ts';
import { parseJson, stringifyJson } from '../fhir/json.ts';
import { labelsIn, withoutLabels } from '../fhir/labels.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import { Access } from './access.ts';
import { asOthersAreTold } from './own-traces.ts';
import type { ResourceStore, Shown, Stored } from './ports.ts';

interface Written {
  resource: Resource;
  patients: readonly string[];
  /** What it replaces, or the mark of its deletion. */
  before: Stored | undefined;
}

/**
 * The resource with the labels that the caller may not take off, and those that the patient chose for what is new.
 * @throws FhirError 422 for a label that isn't understood, 403 for one that isn't the caller's to put
 */
export async function labelled(
  port: ResourceStore,
  access: Access,
  { resource, patients, before }: Written,
): Promise<Labelled> {
  const { relations, rules, masksNew, key, depositor, mayAll } = await access.towards(patients);
  const expression = `${resource.resourceType}.securityLabel`;
  const unknown = unknownLabel(resource, rules);
  if (unknown !== undefined) {
    const text = `the label \`${unknown.code}\` of \`${unknown.system}\` is not known`;
    throw new FhirError('code-invalid', text, { expression });
  }
  const isNew = before === undefined || before.method === 'DELETE';
  const held = await heldBefore(port, before, key);
  const who = { isDepositor: before === undefined || before.by === depositor, relations, mayAll };
  const hiding = overreaching(resource, held.resource, who, rules);
  if (hiding !== undefined) {
    throw new FhirError('forbidden', `the label \`${hiding.code}\` is not yours to put`, { expression });
  }
  const now = relabelled(resource, held, who, rules);
  const masks = isNew && masksNew && resource.resourceType === 'DocumentReference' && !isFamily(relations);
  return masks ? masked(now, rules) : now;
}

/**
 * What carried labels before. A label that others imposed outlives a deletion: nobody takes it off by making the same
 * anew; the depositor's own went with what they deleted.
 */
async function heldBefore(
  port: ResourceStore,
  before: Stored | undefined,
  key: (term: string) => string,
): Promise<Labelled> {
  if (before === undefined) return NOTHING;
  if (before.method !== 'DELETE') return labelledIn(before, key);
  const { type, id } = before;
  const access = Access.internal('the labels that were imposed on what is made anew');
  const { matches } = await port.history(access, { type, id, count: 2 });
  const last = matches.find(({ method }) => method !== 'DELETE');
  if (last === undefined) return NOTHING;
  const { resource, imposed, unshown } = labelledIn(last, key);
  return { resource: withoutLabels(resource, (name) => !imposed.includes(name)), imposed, unshown };
}

const NOTHING: Labelled = { resource: { resourceType: '' }, imposed: [], unshown: [] };

function labelledIn({ body, imposed, unshown }: Stored, key: (term: string) => string): Labelled {
  const resource = parseJson(body) as Resource;
  const names = labelsIn(resource).map(({ name }) => name);
  const among = (keyed: readonly string[] = []): string[] =>
    names.filter((name) => keyed.includes(key(`label=${name}`)));
  return { resource, imposed: among(imposed), unshown: among(unshown) };
}

/** As its caller is given it: a depositor without the labels that others put on it, a trace as far as they are told. */
export function asGiven<S extends Shown>(stored: S, access: Access): S {
  if (stored.type === 'AuditEvent' && !access.isTold && !access.hasDeposited(stored))
    return asOthersAreTold(stored);
  const unshown = access.unshown(stored);
  if (unshown === undefined || stored.method === 'DELETE') return stored;
  const bare = withoutLabels(parseJson(stored.body) as Resource, unshown);
  return { ...stored, body: Buffer.from(stringifyJson(bare)), whole: stored };
}
