/**
 * The one open space that five traits mean. There is no other answer: unknown, opposed, closed and ambiguous are one.
 */
import type { FiveTraits } from '../../auth/claims/franceconnect.ts';
import type { Person } from '../../auth/accounts.ts';
import { Access } from '../../enforcement/access.ts';
import type { ResourceStore } from '../../enforcement/ports.ts';
import { birthPlacesOf, nationalIn, traitsTerm } from '../../fhir/identity.ts';
import { parseJson } from '../../fhir/json.ts';
import type { Resource } from '../../fhir/resource.ts';

/** Namesakes born on one day who are looked at. */
const MOST = 20;

export class Spaces {
  readonly #port: ResourceStore;
  readonly #access = Access.internal('the space of a patient who logs in');

  constructor(port: ResourceStore) {
    this.#port = port;
  }

  /** Logical id. */
  async meant(traits: FiveTraits): Promise<string | undefined> {
    const found = await this.#port.byIdentity(this.#access, 'Patient', traitsTerm(traits));
    if (found.length > MOST) return undefined;
    const patients = await Promise.all(found.map(({ id }) => this.#opened(id)));
    const meant = patients.filter(
      (patient) => patient !== undefined && birthPlacesOf(patient).includes(traits.birthPlace),
    );
    return meant.length === 1 ? meant[0]!.id : undefined;
  }

  /** As whom the patient calls. Undefined: the space isn't open. */
  async person(patient: string): Promise<Person | undefined> {
    const resource = await this.#opened(patient);
    if (resource === undefined) return undefined;
    const name = nameOf(resource);
    return {
      role: 'patient',
      reference: `Patient/${patient}`,
      related: await this.#related(resource),
      organizations: [],
      purposes: ['PATRQT'],
      regulator: false,
      ...(name === undefined ? {} : { name }),
    };
  }

  /** Whom of other patients' families they are, by their national number there: what each link lets them do, the gate says. */
  async #related(patient: Resource): Promise<string[]> {
    const each = await Promise.all(
      nationalIn(patient).map((number) =>
        this.#port.byIdentity(this.#access, 'RelatedPerson', `identifier=${number}`),
      ),
    );
    return [...new Set(each.flat().map(({ id }) => `RelatedPerson/${id}`))];
  }

  async #opened(patient: string): Promise<Resource | undefined> {
    const stored = await this.#port.get(this.#access, 'Patient', patient);
    if (stored === undefined || stored.method === 'DELETE') return undefined;
    const { policy } = (await this.#port.policies.policies([patient])).get(patient)!;
    return policy.open ? (parseJson(stored.body) as Resource) : undefined;
  }
}

/** The name in use, else the first. */
export function nameOf({ name }: Resource): string | undefined {
  const names = (Array.isArray(name) ? name : []) as { use?: string; family?: string; given?: string[] }[];
  const shown = names.find(({ use }) => use === 'usual') ?? names[0];
  const text = [shown?.given?.[0], shown?.family].filter(Boolean).join(' ');
  return text === '' ? undefined : text;
}
