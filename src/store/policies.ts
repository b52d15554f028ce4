/**
 * Compiled policies, remembered under the patient's version. The version is read for every request after it began;
 * whatever can change a decision raises it in its own transaction, so a revocation holds on the next request in
 * every process. What a policy names besides (a CareTeam, a Group, a PractitionerRole) is read for every request.
 */
import type { Named } from '../consent/actors.ts';
import { DECIDING, type Part, type Policy, compilePart, policyOf, silent } from '../consent/policy.ts';
import type { Rules } from '../consent/rules.ts';
import type { PolicySource, Stated } from '../enforcement/ports.ts';
import type { Resource } from '../fhir/resource.ts';
import { find } from './command.ts';
import type { Database, PatientDoc } from './database.ts';
import { type Doc, WITHOUT_INDEX } from './document.ts';
import { Gather } from './gather.ts';
import type { Reading } from './reading.ts';
import type { Terms } from './terms.ts';

const TIME = { maxTimeMS: 10_000 };
const REMEMBERED = 20_000;
const ATTEMPTS = 5;
/** Of one policy; what it names beyond can't be told. */
const MOST_NAMED = 500;
/** Roles, teams and groups in which one caller is. */
const MOST_MEMBERSHIPS = 1000;
/** Of more that changed, all are read. */
const FEW = 100;
const NONE_NAMED: Named = new Map();

interface Compiled {
  /** The patient's version. */
  v: number;
  parts: Map<string, { v: number; part: Part }>;
  policy: Policy;
}

export class Policies implements PolicySource {
  readonly rules: Rules;
  readonly #database: Database;
  readonly #reading: Reading;
  readonly #terms: Terms;
  readonly #patients: Gather<PatientDoc>;
  readonly #named: Gather<Doc>;
  readonly #compiled = new Map<string, Compiled>();

  constructor(database: Database, reading: Reading, terms: Terms, rules: Rules) {
    this.rules = rules;
    this.#database = database;
    this.#reading = reading;
    this.#terms = terms;
    this.#patients = new Gather(async (ids) => {
      const found = await find(database.patients, { _id: { $in: ids } });
      return new Map(found.map((patient) => [patient._id, patient]));
    });
    this.#named = new Gather(async (rids) => {
      const found = await find(database.resources, { _id: { $in: rids } }, { projection: WITHOUT_INDEX });
      return new Map(found.map((doc) => [doc._id, doc]));
    });
  }

  readonly key = (term: string): string => this.#terms.text(term);

  async policies(patients: readonly string[]): Promise<Map<string, Stated>> {
    const stated = await Promise.all(patients.map((patient) => this.#stated(patient)));
    return new Map(patients.map((patient, index) => [patient, stated[index]!]));
  }

  /** Which of these patients share a resource with another, or are mentioned in another's. */
  async shared(patients: readonly string[]): Promise<boolean> {
    const found = await Promise.all(patients.map((patient) => this.#patients.get(patient)));
    return found.some((patient) => patient?.shared === true);
  }

  async grantors(names: readonly string[], limit: number): Promise<string[]> {
    const memberships = await this.#database.resources
      .find(
        {
          ids: { $in: names.map((name) => this.#terms.of(memberTerm(name))) },
          type: { $in: ['CareTeam', 'Group', 'PractitionerRole'] },
        },
        { projection: { _id: 1 }, limit: MOST_MEMBERSHIPS, hint: 'ids_type_date', ...TIME },
      )
      .toArray();
    const all = [...names, ...memberships.map(({ _id }) => _id)];
    const found = await this.#database.resources
      .aggregate<{ _id: string }>(
        [
          {
            $match: {
              ids: { $in: all.map((name) => this.#terms.of(grantTerm(name))) },
              type: { $in: ['Consent', 'CareTeam', 'RelatedPerson'] },
            },
          },
          { $group: { _id: '$patient' } },
          { $limit: limit + 1 },
        ],
        { hint: 'ids_type_date', ...TIME },
      )
      .toArray();
    return found.map(({ _id }) => _id);
  }

  async closed(limit: number): Promise<string[]> {
    const found = await this.#database.patients
      .find({ closed: true }, { projection: { _id: 1 }, limit: limit + 1, hint: 'closed', ...TIME })
      .toArray();
    return found.map(({ _id }) => _id);
  }

  async #stated(patient: string): Promise<Stated> {
    const policy = await this.#policy(patient);
    if (policy.names.length === 0) return { policy, named: NONE_NAMED };
    const names = policy.names.slice(0, MOST_NAMED);
    const docs = await Promise.all(names.map((name) => this.#named.get(name)));
    const found = names.flatMap((rid, index) => {
      const doc = docs[index];
      return doc === undefined ? [] : [{ rid, doc }];
    });
    const read = await this.#reading.all(found);
    return { policy, named: new Map(read.map((each) => [`${each.type}/${each.id}`, resourceIn(each.body)])) };
  }

  async #policy(patient: string): Promise<Policy> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const { v = 0, closed = false } = (await this.#patients.get(patient)) ?? {};
      // a patient of whom nothing that decides was ever written has said nothing
      if (v === 0) return silent(patient);
      const known = this.#compiled.get(patient);
      if (known?.v === v) return known.policy;
      const parts = await this.#parts(patient, known?.parts);
      // they were read at some moment between two readings of one version
      if (((await this.#patients.get(patient))?.v ?? 0) !== v) continue;
      const whole = policyOf(
        patient,
        [...parts.values()].map(({ part }) => part),
      );
      const policy = closed ? { ...whole, open: false } : whole;
      if (this.#compiled.size >= REMEMBERED) this.#compiled.delete(this.#compiled.keys().next().value!);
      this.#compiled.set(patient, { v, parts, policy });
      return policy;
    }
    throw new Error('the policy of a patient kept changing');
  }

  /** What each of the patient's resources says; what hasn't changed is taken over. */
  async #parts(patient: string, known: Compiled['parts'] | undefined): Promise<Compiled['parts']> {
    if (known === undefined) return this.#read({ patient, type: { $in: [...DECIDING] } });
    const now = await this.#database.resources
      .find(
        { patient, type: { $in: [...DECIDING] } },
        { projection: { v: 1, vid: 1 }, hint: 'patient_type_date', ...TIME },
      )
      .toArray();
    const changed = now.filter(({ _id, v }) => known.get(_id)?.v !== v).map(({ _id }) => _id);
    if (changed.length > FEW) return this.#read({ patient, type: { $in: [...DECIDING] } });
    const read = changed.length === 0 ? new Map() : await this.#read({ _id: { $in: changed } });
    return new Map(
      now.flatMap(({ _id }) => {
        const part = read.get(_id) ?? known.get(_id);
        return part === undefined ? [] : [[_id, part] as const];
      }),
    );
  }

  async #read(which: { patient: string; type: object } | { _id: object }): Promise<Compiled['parts']> {
    const hint = '_id' in which ? '_id_' : 'patient_type_date';
    const docs: Doc[] = await this.#database.resources
      .find(which, { projection: WITHOUT_INDEX, hint, ...TIME })
      .toArray();
    const read = await this.#reading.all(docs.map((doc) => ({ rid: doc._id, doc })));
    return new Map(
      read.map(({ type, id, version, body }) => [
        `${type}/${id}`,
        { v: version, part: compilePart(resourceIn(body), this.rules) },
      ]),
    );
  }
}

function resourceIn(body: Buffer): Resource {
  return JSON.parse(body.toString()) as Resource;
}

/** Under which a resource is found by whom it opens something to. */
export function grantTerm(name: string): string {
  return `grantee=${name}`;
}

/** Under which a PractitionerRole, a CareTeam or a Group is found by who is in it. */
export function memberTerm(name: string): string {
  return `member=${name}`;
}
