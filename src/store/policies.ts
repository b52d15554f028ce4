/**
 * Compiled policies, remembered under the patient's version. The version is read for every request after it began;
 * whatever can change a decision raises it in its own transaction, so a revocation holds on the next request in
 * every process.
 */
import { type Policy, compile } from '../consent/policy.ts';
import { find } from './command.ts';
import type { Database, PatientDoc } from './database.ts';
import { type Doc, WITHOUT_INDEX } from './document.ts';
import { Gather } from './gather.ts';
import type { Reading } from './reading.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Terms } from './terms.ts';

/** A write to one of these may change what a patient permits. */
export const DECIDING: ReadonlySet<string> = new Set([
  'Consent',
  'RelatedPerson',
  'CareTeam',
  'Group',
  'Encounter',
  'EpisodeOfCare',
  'Patient',
]);

const REMEMBERED = 20_000;
const ATTEMPTS = 5;
const NOTHING_SAID: Policy = { statements: new Map() };

export class Policies {
  readonly #database: Database;
  readonly #reading: Reading;
  readonly #terms: Terms;
  readonly #patients: Gather<PatientDoc>;
  readonly #compiled = new Map<string, { v: number; policy: Policy }>();

  constructor(database: Database, reading: Reading, terms: Terms) {
    this.#database = database;
    this.#reading = reading;
    this.#terms = terms;
    this.#patients = new Gather(async (ids) => {
      const found = await find(database.patients, { _id: { $in: ids } });
      return new Map(found.map((patient) => [patient._id, patient]));
    });
  }

  readonly key = (term: string): string => this.#terms.text(term);

  async policies(patients: readonly string[]): Promise<Map<string, Policy>> {
    const compiled = await Promise.all(patients.map((patient) => this.#policy(patient)));
    return new Map(patients.map((patient, index) => [patient, compiled[index]!]));
  }

  /** Which of these patients share a resource with another, or are mentioned in another's. */
  async shared(patients: readonly string[]): Promise<boolean> {
    const found = await Promise.all(patients.map((patient) => this.#patients.get(patient)));
    return found.some((patient) => patient?.shared === true);
  }

  async grantors(names: readonly string[], limit: number): Promise<string[]> {
    const found = await this.#database.resources
      .aggregate<{ _id: string }>(
        [
          { $match: { ids: { $in: names.map((name) => this.#terms.of(grantTerm(name))) }, type: 'Consent' } },
          { $group: { _id: '$patient' } },
          { $limit: limit + 1 },
        ],
        { hint: 'ids_type_date', maxTimeMS: 10_000 },
      )
      .toArray();
    return found.map(({ _id }) => _id);
  }

  async #policy(patient: string): Promise<Policy> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const v = (await this.#patients.get(patient))?.v ?? 0;
      // a patient of whom nothing that decides was ever written has said nothing
      if (v === 0) return NOTHING_SAID;
      const known = this.#compiled.get(patient);
      if (known?.v === v) return known.policy;
      const policy = compile(await this.#consents(patient));
      // the Consents were read at some moment between two readings of one version
      if (((await this.#patients.get(patient))?.v ?? 0) !== v) continue;
      if (this.#compiled.size >= REMEMBERED) this.#compiled.delete(this.#compiled.keys().next().value!);
      this.#compiled.set(patient, { v, policy });
      return policy;
    }
    throw new Error('the policy of a patient kept changing');
  }

  async #consents(patient: string): Promise<Resource[]> {
    const docs: Doc[] = await this.#database.resources
      .find(
        { patient, type: 'Consent' },
        { projection: WITHOUT_INDEX, hint: 'patient_type_date', maxTimeMS: 10_000 },
      )
      .toArray();
    const consents = await this.#reading.all(docs.map((doc) => ({ rid: doc._id, doc })));
    return consents.map(({ body }) => JSON.parse(body.toString()) as Resource);
  }
}

/** Under which a Consent is found by whom it permits. */
export function grantTerm(name: string): string {
  return `grantee=${name}`;
}
