/** Who and what is found by a name that whoever asks must know: nothing but that is looked at. */
import { parseJson } from '../fhir/json.ts';
import type { Resource } from '../fhir/resource.ts';
import { Access } from './access.ts';
import { asGiven } from './labels.ts';
import type { ResourceStore, Stored } from './ports.ts';

/** Files under one number that are looked at. */
const MOST_NAMESAKES = 20;

/**
 * The one patient whom all these terms mean (`identifier=system|value`, `traits=…`), and whose space is open. Unknown,
 * opposed and closed are one.
 * @param but who isn't meant, by logical id
 */
export async function patientNamed(
  port: ResourceStore,
  terms: readonly string[],
  but?: string,
): Promise<Resource | undefined> {
  const access = Access.internal('a patient who is named by national identifier or all traits');
  const each = await Promise.all(terms.map((term) => port.byIdentity(access, 'Patient', term)));
  const [first = [], ...rest] = each.map((found) => found.map(({ id }) => id));
  const ids = first.filter((id) => id !== but && rest.every((others) => others.includes(id)));
  // one that isn't open doesn't count: it would show by hiding the other
  const open = (await Promise.all(ids.slice(0, MOST_NAMESAKES).map((id) => patientOpen(port, id)))).filter(
    (found) => found !== undefined,
  );
  return open.length === 1 && ids.length <= MOST_NAMESAKES ? open[0] : undefined;
}

/** Undefined: there is no such patient, or the space isn't open, which is the same. */
export async function patientOpen(port: ResourceStore, patient: string): Promise<Resource | undefined> {
  const access = Access.internal('whether the space of a patient is open');
  // both at once: who isn't there is looked up as long
  const [stored, stated] = await Promise.all([
    port.get(access, 'Patient', patient),
    port.policies.policies([patient]),
  ]);
  if (stored === undefined || stored.method === 'DELETE') return undefined;
  return stated.get(patient)!.policy.open ? (parseJson(stored.body) as Resource) : undefined;
}

/** What the caller deposited under an identifier, as it is kept and as they are given it. That others used it is not told. */
export async function depositNamed(
  port: ResourceStore,
  caller: Access,
  type: string,
  identifier: string,
  isMeant: (resource: Resource) => boolean,
): Promise<{ stored: Stored; given: Stored } | undefined> {
  const access = Access.internal('what its own depositor names by an identifier of theirs');
  const found = await port.byIdentity(access, type, `identifier=${identifier}`);
  for (const { id, by } of found) {
    if (by !== caller.depositor) continue;
    const stored = await port.get(access, type, id);
    if (stored === undefined || stored.method === 'DELETE') continue;
    const given = asGiven(stored, caller);
    if (isMeant(parseJson(given.body) as Resource)) return { stored, given };
  }
  return undefined;
}
