/**
 * Professionals who log in, found in the directory or entered there. What a register keeps is the register's word and
 * stays as it is; what was entered here before is refreshed by what their provider says now.
 */
import type { Person } from '../../auth/accounts.ts';
import {
  idOf,
  personIdentifier,
  practitionerOf,
  roleOf,
  structureIdentifier,
  structureOf,
} from '../../auth/claims/directory.ts';
import type { Professional, Situation } from '../../auth/claims/pro-sante-connect.ts';
import { Access } from '../../enforcement/access.ts';
import { type Change, type ResourceStore, Stale, type Stored } from '../../enforcement/ports.ts';
import { parseJson } from '../../fhir/json.ts';
import type { Resource } from '../../fhir/resource.ts';

/** In whose name what is entered here is kept. */
const KEEPER = 'Organization/carnet-logins';
const TRIES = 5;
/** `amr` of a session in which its provider said that the person answers for an emergency call centre. */
export const REGULATION = 'regulation';

export interface Entered {
  persons: Person[];
  /** `Type/id` of what was made or changed. */
  changed: string[];
}

/**
 * @param method by which alone a session opens these roles: somebody's login as a patient makes no professional of them
 * @returns undefined: the directory doesn't know them as one who practises
 */
export async function enterProfessional(
  port: ResourceStore,
  professional: Professional,
  before: readonly Person[],
  method: string,
): Promise<Entered | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await enter(port, professional, before, method);
    } catch (error) {
      // the same person came at the same time, elsewhere
      if (!(error instanceof Stale) || tries === TRIES) throw error;
    }
  }
}

async function enter(
  port: ResourceStore,
  professional: Professional,
  before: readonly Person[],
  method: string,
): Promise<Entered | undefined> {
  const desk = new Entries(port);
  const { rpps, family, given, regulator, situations } = professional;
  const practitioner = await desk.keep('Practitioner', personIdentifier(professional), (id) =>
    practitionerOf(professional, id ?? idOf('practitioner', rpps)),
  );
  if (practitioner === undefined) return undefined;
  const persons: Person[] = [];
  const roles = new Set<string>();
  for (const situation of situations) {
    const organization = await enterStructure(desk, situation);
    if (organization === undefined && situation.structure !== undefined) continue;
    const id = idOf('role', practitioner, situation.profession, organization ?? '');
    const about = { id, practitioner, ...(organization === undefined ? {} : { organization }) };
    await desk.put(roleOf(situation, about));
    roles.add(id);
    const person = personOf(`${given} ${family}`.trim(), situation, practitioner, organization);
    persons.push({ ...person, only: method });
  }
  for (const { reference, profession = '', organizations } of before) {
    const id = idOf('role', reference, profession, organizations[0] ?? '');
    if (!roles.has(id)) await desk.end('PractitionerRole', id);
  }
  await desk.commit();
  const calls = regulator ? persons.map(asRegulator) : [];
  return persons.length === 0 ? undefined : { persons: [...persons, ...calls], changed: desk.changed };
}

/** `Organization/x`; undefined: it names none, or one that has closed. */
async function enterStructure(desk: Entries, { structure, setting }: Situation): Promise<string | undefined> {
  if (structure === undefined) return undefined;
  const identifier = structureIdentifier(structure);
  return desk.keep('Organization', identifier, (id) =>
    structureOf(structure, setting, id ?? idOf('structure', identifier)),
  );
}

function personOf(
  name: string,
  { profession, structure }: Situation,
  reference: string,
  organization: string | undefined,
): Person {
  return {
    role: 'professional',
    reference,
    related: [],
    organizations: organization === undefined ? [] : [organization],
    profession,
    purposes: ['TREAT'],
    regulator: false,
    name,
    ...(structure?.name === undefined ? {} : { place: structure.name }),
  };
}

/** A role beside the others: nobody answers a call centre's calls in each of their consultations. */
function asRegulator(person: Person): Person {
  return { ...person, purposes: ['ETREAT'], regulator: true, only: REGULATION };
}

/** What is looked up and changed for one login, committed together. */
class Entries {
  readonly #port: ResourceStore;
  readonly #access = Access.internal('a professional who logs in, in the directory');
  readonly #changes: Change[] = [];

  constructor(port: ResourceStore) {
    this.#port = port;
  }

  get changed(): string[] {
    return this.#changes.map(({ type, id }) => `${type}/${id}`);
  }

  /**
   * @param make of what is entered here, anew or again
   * @returns `Type/id`; undefined: it isn't active, or several have this identifier
   */
  async keep(
    type: 'Practitioner' | 'Organization',
    identifier: string,
    make: (id?: string) => Resource,
  ): Promise<string | undefined> {
    const found = await this.#port.byIdentity(this.#access, type, `identifier=${identifier}`);
    const [first, ...others] = found;
    if (others.length > 0) return undefined;
    if (first !== undefined && first.by !== KEEPER) {
      const stored = await this.#port.get(this.#access, type, first.id);
      const isActive = stored !== undefined && bodyOf(stored)?.active !== false;
      return isActive ? `${type}/${first.id}` : undefined;
    }
    const resource = make(first?.id);
    await this.put(resource);
    return `${type}/${resource.id}`;
  }

  /** @throws Error when its id is somebody else's */
  async put(resource: Resource): Promise<void> {
    const { resourceType: type, id } = resource as { resourceType: string; id: string };
    if (this.#changes.some((change) => change.type === type && change.id === id)) return;
    const previous = await this.#port.get(this.#access, type, id);
    const body = previous === undefined ? undefined : bodyOf(previous);
    if (body !== undefined && previous!.by !== KEEPER) throw new Error(`the id of a ${type} is taken`);
    if (body !== undefined && isSame(body, resource)) return;
    this.#changes.push(changeOf(resource, previous));
  }

  async end(type: string, id: string): Promise<void> {
    const previous = await this.#port.get(this.#access, type, id);
    const body = previous === undefined ? undefined : bodyOf(previous);
    if (body === undefined || previous!.by !== KEEPER || body.active === false) return;
    const { meta: _meta, ...rest } = body;
    this.#changes.push(changeOf({ ...rest, resourceType: type, active: false }, previous));
  }

  async commit(): Promise<void> {
    if (this.#changes.length === 0) return;
    await this.#port.commit({ changes: this.#changes, locks: [], actor: KEEPER, audit: () => [] });
  }
}

function changeOf(resource: Resource, previous: Stored | undefined): Change {
  return {
    method: previous === undefined ? 'POST' : 'PUT',
    type: resource.resourceType,
    id: resource.id!,
    patients: [],
    by: KEEPER,
    labels: [],
    resource,
    ...(previous === undefined ? {} : { previous }),
  };
}

/** Undefined of what was deleted. */
function bodyOf(stored: Stored): Resource | undefined {
  return stored.method === 'DELETE' ? undefined : (parseJson(stored.body) as Resource);
}

function isSame({ meta: _meta, ...kept }: Resource, resource: Resource): boolean {
  const sorted = (value: object): string =>
    JSON.stringify(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(kept) === sorted(resource);
}
