/** Labels of what is written and of what is given: who put which, who may take it off, and who is shown it. */
import {
  type Labelled,
  aliased,
  masked,
  overreaching,
  relabelled,
  strangeLabel,
  unknownLabel,
} from '../consent/labelling.ts';
import { isFamily } from '../consent/writing.ts';
import { parseJson, stringifyJson } from '../fhir/json.ts';
import { labelsIn, withoutLabels } from '../fhir/labels.ts';
import { withoutNational } from '../fhir/national.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import { Access } from './access.ts';
import type { ResourceStore, Shown, Stored } from './ports.ts';
import { asDeposited } from './stranger.ts';

interface Written {
  resource: Resource;
  patients: readonly string[];
  /** What it replaces, or the mark of its deletion. */
  before: Stored | undefined;
  /** Codes of labels that the writer says; absent: all that the resource has. */
  says?: ReadonlySet<string> | undefined;
}

/** `hushed`: who deposited it is not shown what was changed. */
export type Relabelled = Labelled & { hushed: boolean };

/**
 * The resource with the labels that the caller may not take off, and those that the patient chose for what is new.
 * @throws FhirError 422 for a label that isn't understood, 403 for one that isn't the caller's to put
 */
export async function labelled(
  port: ResourceStore,
  access: Access,
  { resource: sent, patients, before, says }: Written,
): Promise<Relabelled> {
  const { relations, rules, masksNew, key, depositor, mayAll, isApp } =
    await access.standings.towards(patients);
  const resource = aliased(sent, rules);
  const expression = `${resource.resourceType}.securityLabel`;
  const unknown = unknownLabel(resource, rules);
  if (unknown !== undefined) {
    const text = `the label \`${unknown.code}\` of \`${unknown.system}\` is not known`;
    throw new FhirError('code-invalid', text, { expression });
  }
  const isNew = before === undefined || before.method === 'DELETE';
  const held = await heldBefore(port, before, key);
  const isDepositor = before === undefined || before.by === depositor;
  const given = before === undefined ? undefined : access.deposit(before);
  const unseen = given === undefined ? [] : held.unshown;
  // what they aren't shown is as new to them as anything: else it would tell that it is there
  const strange = strangeLabel(
    resource,
    withoutLabels(held.resource, (name) => unseen.includes(name)),
    rules,
  );
  if (strange !== undefined) {
    const { code = '', system = '' } = strange;
    const text = `the label \`${code}\` of \`${system}\` would hide nothing: its system is not known here`;
    throw new FhirError('code-invalid', text, { expression });
  }
  // nor is what they put themselves theirs to take off for who put it too
  const others = before !== undefined && access.isStrangerTo(before) ? held.imposed : [];
  const who = { isDepositor, relations, mayAll, isApp, others, ...(says === undefined ? {} : { says }) };
  const hiding = overreaching(resource, held.resource, who, rules);
  if (hiding !== undefined) {
    throw new FhirError('forbidden', `the label \`${hiding.code}\` is not yours to put`, { expression });
  }
  const now = relabelled(resource, held, who, rules);
  const masks = isNew && masksNew && resource.resourceType === 'DocumentReference' && !isFamily(relations);
  const whole = masks ? masked(now, rules) : now;
  return { ...whole, hushed: !isNew && !isDepositor && asShown(held) === asShown(whole) };
}

/** To who deposited it, but for the version. */
function asShown({ resource, unshown }: Labelled): string {
  const told = { vid: '', at: 0 };
  return stringifyJson(asDeposited(resource, (name) => unshown.includes(name), told));
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

/** Its labels, and which of them others put on it. */
export function labelledIn({ body, imposed, unshown }: Stored, key: (term: string) => string): Labelled {
  const resource = parseJson(body) as Resource;
  const names = labelsIn(resource).map(({ name }) => name);
  const among = (keyed: readonly string[] = []): string[] =>
    names.filter((name) => keyed.includes(key(`label=${name}`)));
  return { resource, imposed: among(imposed), unshown: among(unshown) };
}

/**
 * As its caller is given it: a depositor without the labels that others put on it, a trace as far as they are told.
 * @param whose of a trace, the patients whose it is, where that isn't those whom it names
 */
export function asGiven<S extends Shown>(stored: S, access: Access, whose?: readonly string[]): S {
  const given = asAttributed(stored, access, whose);
  return access.isToldNational || given.method === 'DELETE'
    ? given
    : { ...given, whole: given.whole ?? stored, body: withoutNational(given.body) };
}

/** The same, but with the national identifiers that it has. */
export function asAttributed<S extends Shown>(stored: S, access: Access, whose?: readonly string[]): S {
  if (stored.type === 'AuditEvent') return access.told(stored, whose);
  const deposit = stored.method === 'DELETE' ? undefined : access.deposit(stored);
  if (deposit === undefined) return stored;
  const { isUnshown, told } = deposit;
  const own = { ...stored, ...told, whole: stored };
  // what it contains carries no label of its own
  if (stored.inside !== undefined) return own;
  const bare = asDeposited(parseJson(stored.body) as Resource, isUnshown, told);
  return { ...own, body: Buffer.from(stringifyJson(bare)) };
}
