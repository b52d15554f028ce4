/** Who practises where, by the directory as it stands now: for a system that acts for one of its professionals. */
import { items } from '../fhir/items.ts';
import type { Person } from '../auth/accounts.ts';
import { personIdentifier } from '../auth/claims/directory.ts';
import type { Logins } from '../auth/logins.ts';
import { codingsOf } from '../consent/coding.ts';
import { memberIn, membersOf } from '../consent/members.ts';
import { Access } from '../enforcement/access.ts';
import type { ResourceStore } from '../enforcement/ports.ts';
import { parseJson } from '../fhir/json.ts';
import type { Resource } from '../fhir/resource.ts';
import { everythingOf, type Filter } from '../search/filter.ts';
import { nameOf } from './upstream/spaces.ts';

/**
 * @param who an RPPS number, or `Practitioner/x` @param organization `Organization/x`
 * @returns undefined: nobody, several, or somebody who practises there no more, or as nobody can say what
 */
export type Practising = (who: string, organization: string) => Promise<Person | undefined>;

/** Of one professional in one organization. */
const MOST_ROLES = 50;
const RPPS = /^\d{11}$/;
const REFERENCE = /^Practitioner\/([A-Za-z0-9\-.]{1,64})$/;

/**
 * @param base of this server: references may begin with it @param systems code systems of professions
 * @param logins of professionals: who is suspended there isn't named either
 */
export function practising(
  port: ResourceStore,
  base: string,
  systems: readonly string[],
  logins: Pick<Logins, 'asserted'>,
): Practising {
  const access = Access.internal('a professional for whom a system acts, in the directory');

  return async (who, organization) => {
    const id = await idOf(who);
    const stored = id === undefined ? undefined : await port.get(access, 'Practitioner', id);
    if (stored === undefined || stored.method === 'DELETE') return undefined;
    const practitioner = parseJson(stored.body) as Resource;
    const reference = `Practitioner/${id}`;
    const professions = await professionsOf(reference, organization);
    const [profession, ...others] = professions;
    const isActive = practitioner.active === undefined || practitioner.active === true;
    // a Consent may name a profession: who has two, or none that is known, can't be told
    if (!isActive || profession === undefined || others.length > 0) return undefined;
    const name = nameOf(practitioner);
    const life = await logins.asserted(reference);
    if (life === undefined) return undefined;
    return {
      life,
      role: 'professional',
      reference,
      related: [],
      organizations: [organization],
      profession,
      purposes: ['TREAT'],
      regulator: false,
      ...(name === undefined ? {} : { name }),
    };
  };

  async function idOf(who: string): Promise<string | undefined> {
    if (RPPS.test(who)) {
      const term = `identifier=${personIdentifier({ rpps: who })}`;
      const [first, ...others] = await port.byIdentity(access, 'Practitioner', term);
      return others.length > 0 ? undefined : first?.id;
    }
    return REFERENCE.exec(who.startsWith(`${base}/`) ? who.slice(base.length + 1) : who)?.[1];
  }

  /** Each once, of the roles that are held now in exactly this organization. */
  async function professionsOf(practitioner: string, organization: string): Promise<string[]> {
    const of: Filter[] = [
      { op: 'reference', param: 'practitioner', targets: [practitioner] },
      { op: 'reference', param: 'organization', targets: [organization] },
    ];
    const { matches } = await port.matching(access, {
      ...everythingOf(['PractitionerRole'], MOST_ROLES),
      filter: { op: 'and', of },
    });
    const now = Date.now();
    const held = matches
      .map(({ body }) => parseJson(body) as Resource)
      .filter((role) => memberIn(role.organization) === organization)
      .filter((role) => membersOf(role, 'permit', '', [organization], now).includes(practitioner));
    const codings = held.flatMap(({ code }) => items(code)).flatMap((concept) => codingsOf(concept) ?? []);
    return [...new Set(codings.filter(({ system }) => systems.includes(system)).map(({ code }) => code))];
  }
}
