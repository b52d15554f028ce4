/** A patient's space for one story: the patient, what a hospital deposited, what the patient says; and who sees what. */
import type { Resource } from '../../../src/fhir/resource.ts';
import type { Caller, CallerName } from '../../../src/demo/callers.ts';
import { POLICY } from '../../../src/consent/vocabulary.ts';
import { actor, document, person } from '../../leaks/support/content.ts';
import type { Client, Reply, TestServer } from '../../support/server.ts';

export const TRE_A07 =
  'https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument';
export const DELEGATION = 'https://carnet.example/fhir/CodeSystem/delegation';
const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';

export const label = (code: string, system = TRE_A07) => ({ system, code });
export const purpose = (...codes: string[]) => codes.map((code) => ({ system: ACT_REASON, code }));
export const names = (...references: string[]) => references.map(actor);

/** A Consent without an id. */
export function says(patient: string, provision: object | undefined, ...policies: string[]): Resource {
  return {
    resourceType: 'Consent',
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: { reference: `Patient/${patient}` },
    dateTime: '2024-01-01',
    policy: (policies.length === 0 ? ['https://policy.example/1'] : policies).map((uri) => ({ uri })),
    ...(provision === undefined ? {} : { provision }),
  };
}

export const permits = (...references: string[]) => ({ type: 'permit', actor: names(...references) });

let count = 0;

export class Space {
  readonly id: string;
  readonly me: Client;
  readonly #carnet: TestServer;

  private constructor(carnet: TestServer, id: string) {
    this.#carnet = carnet;
    this.id = id;
    this.me = this.caller('patient', { reference: `Patient/${id}`, related: [], idPrefixes: [`${id}-`] });
  }

  static async of(carnet: TestServer, more: object = {}): Promise<Space> {
    const space = new Space(carnet, `space-${(count += 1)}`);
    await space.is(more, 201);
    return space;
  }

  caller(like: CallerName, changes: Partial<Caller> = {}): Client {
    return this.#carnet.as({ token: this.#carnet.tokenFor(changes, like) });
  }

  /** Breaks the glass of this patient. */
  emergency(changes: object = {}, caller: Partial<Caller> = {}): Client {
    const emergency = {
      patient: `Patient/${this.id}`,
      reason: 'inconscient, sans famille',
      since: Date.now() - 60_000,
      ...changes,
    };
    return this.caller('emergency', { purposes: ['BTG'], emergency, ...caller });
  }

  /** The Patient becomes this. */
  async is(more: object, status = 200): Promise<void> {
    const patient = { ...person(this.id, 'Martin', '255069999999934'), ...more };
    await this.#made(this.registrar.put(`Patient/${this.id}`, patient), status);
  }

  get registrar(): Client {
    return this.caller('registrar', { idPrefixes: ['space-'] });
  }

  /** @returns its id */
  async deposit(more: object = {}, by: Client = this.#carnet.as('hospital')): Promise<string> {
    const { id: _, ...made } = document('', this.id, more);
    return this.#made(by.post('DocumentReference', made));
  }

  async says(provision: object | undefined, ...policies: string[]): Promise<string> {
    return this.#made(this.me.post('Consent', says(this.id, provision, ...policies)));
  }

  blocks(...references: string[]): Promise<string> {
    return this.says({ type: 'deny', actor: names(...references) }, POLICY.block);
  }

  async unblocks(block: string): Promise<void> {
    const patch = [{ op: 'replace', path: '/status', value: 'inactive' }];
    expect((await this.me.patch(`Consent/${block}`, patch)).status).toBe(200);
  }

  /** What the registrar keeps of the patient: a RelatedPerson, a CareTeam. */
  async registers(resource: object): Promise<string> {
    const { resourceType } = resource as Resource;
    return this.#made(this.registrar.post(resourceType, resource));
  }

  async links(kind: string, more: object = {}): Promise<string> {
    return this.registers({
      resourceType: 'RelatedPerson',
      patient: { reference: `Patient/${this.id}` },
      relationship: [{ coding: [{ system: DELEGATION, code: kind }] }],
      ...more,
    });
  }

  async withdraws(consent: string): Promise<void> {
    expect((await this.me.delete(`Consent/${consent}`)).status).toBe(204);
  }

  /** @throws when one door shows what another hides */
  sees(client: Client, id: string, type = 'DocumentReference'): Promise<boolean> {
    return sees(client, this.id, `${type}/${id}`);
  }

  async #made(reply: Promise<Reply>, wanted = 201): Promise<string> {
    const { status, json, text } = await reply;
    if (status !== wanted) throw new Error(`${status}, not ${wanted}: ${text}`);
    return json.id;
  }
}

/** By every door alike: read, search, compartment, history, `$meta`. */
async function sees(client: Client, patient: string, name: string): Promise<boolean> {
  const [type, id] = name.split('/');
  const found = await Promise.all([
    ...['', '/_history', '/$meta'].map(async (end) => reached(await client.get(`${name}${end}`))),
    ...[`${type}?patient=${patient}&_id=${id}`, `Patient/${patient}/${type}?_id=${id}`].map(async (search) =>
      counted(await client.get(search)),
    ),
  ]);
  if (new Set(found).size !== 1) throw new Error(`the doors to ${name} disagree: ${found.join(' ')}`);
  return found[0]!;
}

function reached({ status, text }: Reply): boolean {
  if (status !== 200 && status !== 404) throw new Error(`${status}: ${text}`);
  return status === 200;
}

function counted({ status, json, text }: Reply): boolean {
  if (status !== 200) throw new Error(`${status}: ${text}`);
  if (json.total !== (json.entry?.length ?? 0)) throw new Error(`a total of ${json.total}: ${text}`);
  return json.total === 1;
}
