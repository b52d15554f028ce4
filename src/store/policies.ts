/**
 * Compiled policies, remembered under the patient's version. The version is read for every request after it began;
 * whatever can change a decision raises it in its own transaction, so a revocation holds on the next request in
 * every process. What a policy names besides (a CareTeam, a Group, a PractitionerRole) is read for every request.
 */
import type { ClientSession } from 'mongodb';
import type { Ahead, AheadOfSearch } from '../auth/grants.ts';
import type { Named } from '../consent/actors.ts';
import { DECIDING, type Part, type Policy, compilePart, policyOf, silent } from '../consent/policy.ts';
import type { Rules } from '../consent/rules.ts';
import type { PolicySource, Stated, Versions } from '../enforcement/ports.ts';
import type { Resource } from '../fhir/resource.ts';
import { aggregate, find } from './command.ts';
import type { Database, PatientDoc } from './database.ts';
import { type Doc, WITHOUT_INDEX } from './document.ts';
import { Gather } from './gather.ts';
import { withIds } from './query/query.ts';
import type { Reading } from './reading.ts';
import { areMet, type Artifact, ARTIFACTS, BETWEEN, nameIn } from './records/needs.ts';
import type { Terms } from './terms.ts';
import { UNWATCHED, type Watch } from './watch.ts';

const TIME = { maxTimeMS: 10_000 };
const REMEMBERED = 20_000;
/** Of one policy; what it names beyond can't be told. */
const MOST_NAMED = 500;
/** Roles, teams and groups in which one caller is. */
const MOST_MEMBERSHIPS = 1000;
/** Of more that changed, all are read. */
const FEW = 100;
/** Patients in one query: it stays below 100 KB. */
const AT_ONCE = 1000;
const NONE_NAMED: Named = new Map();

/** Of one patient. */
export interface Begun {
  versions: Versions;
  /** See shared. */
  shared: boolean;
}

interface Compiled {
  /** The patient's version. */
  v: number;
  parts: Map<string, { v: number; part: Part }>;
  policy: Policy;
}

export class Policies implements PolicySource {
  readonly rules: Rules;
  readonly #watch: Watch;
  readonly #database: Database;
  readonly #reading: Reading;
  readonly #terms: Terms;
  readonly #patients: Gather<PatientDoc>;
  /** By a patient and what a token hangs on, with BETWEEN between them. */
  readonly #begun: Gather<Begun & { isMet: boolean }>;
  readonly #named: Gather<Doc>;
  readonly #compiled = new Map<string, Compiled>();
  readonly #compiling = new Map<string, Promise<Policy>>();

  constructor(database: Database, reading: Reading, terms: Terms, rules: Rules, watch = UNWATCHED) {
    this.#watch = watch;
    this.rules = rules;
    this.#database = database;
    this.#reading = reading;
    this.#terms = terms;
    this.#patients = new Gather(async (ids) => {
      const found = new Map<string, PatientDoc>();
      for (let start = 0; start < ids.length; start += AT_ONCE) {
        const portion = await find(database.patients, withIds(ids.slice(start, start + AT_ONCE)));
        for (const patient of portion) found.set(patient._id, patient);
      }
      return found;
    });
    this.#begun = new Gather((keys) => this.#begin(keys), 1);
    this.#named = new Gather(async (rids) => {
      const found = await find(database.resources, withIds(rids), { projection: WITHOUT_INDEX });
      return new Map(found.map((doc) => [doc._id, doc]));
    });
  }

  readonly key = (term: string): string => this.#terms.text(term);

  async policies(patients: readonly string[], read?: Versions): Promise<Map<string, Stated>> {
    const stated = await Promise.all(patients.map((patient) => this.#stated(patient, read?.get(patient))));
    return new Map(patients.map((patient, index) => [patient, stated[index]!]));
  }

  /** Which of these patients share a resource with another, or are mentioned in another's. */
  async shared(patients: readonly string[]): Promise<boolean> {
    const found = await Promise.all(patients.map((patient) => this.#patients.get(patient)));
    return found.some((patient) => patient?.shared === true);
  }

  /** Whether this holds of the records of `artifacts`; what was read with them is left for the request. */
  async ahead(ahead: AheadOfSearch, needs: readonly string[]): Promise<boolean> {
    const { isMet, ...begun } = (await this.#begun.get([ahead.patient, ...needs].join(BETWEEN)))!;
    ahead.found = begun;
    return isMet;
  }

  /** What was read with the caller's token of a search's one patient, once: whatever is planned after asks anew. */
  takeUp(ahead: Ahead | undefined): Begun | undefined {
    if (ahead?.letter !== 's') return undefined;
    const begun = ahead.found as Begun | undefined;
    ahead.found = undefined;
    return begun;
  }

  async #begin(keys: readonly string[]): Promise<Map<string, Begun & { isMet: boolean }>> {
    const asked = keys.map((key) => {
      const [patient = '', ...needs] = key.split(BETWEEN);
      return { key, patient, needs };
    });
    const read = await aggregate<PatientDoc | Artifact, PatientDoc>(this.#database.patients, [
      { $match: withIds([...new Set(asked.map(({ patient }) => patient))]) },
      ARTIFACTS([...new Set(asked.flatMap(({ needs }) => needs.map(nameIn)))]),
    ]);
    const there = new Set(read.flatMap((each) => ('kind' in each ? [each._id] : [])));
    const found = new Map(read.flatMap((each) => ('kind' in each ? [] : [[each._id, each] as const])));
    return new Map(
      asked.map(({ key, patient, needs }) => {
        const { v = 0, shared = false } = found.get(patient) ?? {};
        return [key, { versions: new Map([[patient, v]]), shared, isMet: areMet(needs, there) }];
      }),
    );
  }

  async grantors(names: readonly string[], limit: number): Promise<string[]> {
    const memberships = await find(
      this.#database.resources,
      { grants: { $in: names.map((name) => this.#terms.of(memberTerm(name))) } },
      { projection: { _id: 1 }, limit: MOST_MEMBERSHIPS, hint: 'grants_patient' },
    );
    const all = [...names, ...memberships.map(({ _id }) => _id)];
    const found = await aggregate<{ _id: string }, Doc>(
      this.#database.resources,
      [
        { $match: { grants: { $in: all.map((name) => this.#terms.of(grantTerm(name))) } } },
        { $project: { _id: 0, patient: 1 } },
        { $group: { _id: '$patient' } },
        { $limit: limit + 1 },
      ],
      { hint: 'grants_patient' },
    );
    return found.map(({ _id }) => _id);
  }

  async closed(limit: number): Promise<string[]> {
    const found = await this.#database.patients
      .find({ closed: true }, { projection: { _id: 1 }, limit: limit + 1, hint: 'closed', ...TIME })
      .toArray();
    return found.map(({ _id }) => _id);
  }

  async #stated(patient: string, version: number | undefined): Promise<Stated> {
    const policy = await this.#policy(patient, version);
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

  async #policy(patient: string, version: number | undefined): Promise<Policy> {
    const v = version ?? (await this.#patients.get(patient))?.v ?? 0;
    // a patient of whom nothing that decides was ever written has said nothing
    if (v === 0) return silent(patient);
    const known = this.#compiled.get(patient);
    return known?.v === v ? known.policy : this.#compile(patient, v);
  }

  /** As of this version or a later one, once for all who ask for it. */
  #compile(patient: string, v: number): Promise<Policy> {
    const name = `${patient} ${v}`;
    let compiling = this.#compiling.get(name);
    if (compiling === undefined) {
      this.#watch.compiled();
      compiling = this.#compileOnce(patient).finally(() => this.#compiling.delete(name));
      this.#compiling.set(name, compiling);
    }
    return compiling;
  }

  /** The version and what it stands for are read in one snapshot of the primary. */
  async #compileOnce(patient: string): Promise<Policy> {
    const session = this.#database.client.startSession({ snapshot: true });
    try {
      const found = await this.#database.patients.findOne({ _id: patient }, { session, ...TIME });
      const { v = 0, closed = false } = found ?? {};
      const parts = await this.#parts(patient, this.#compiled.get(patient)?.parts, session);
      const whole = policyOf(
        patient,
        [...parts.values()].map(({ part }) => part),
      );
      const policy = closed ? { ...whole, open: false } : whole;
      this.#remember(patient, { v, parts, policy });
      return policy;
    } finally {
      await session.endSession();
    }
  }

  #remember(patient: string, compiled: Compiled): void {
    if ((this.#compiled.get(patient)?.v ?? 0) > compiled.v) return;
    this.#compiled.delete(patient);
    if (this.#compiled.size >= REMEMBERED) this.#compiled.delete(this.#compiled.keys().next().value!);
    this.#compiled.set(patient, compiled);
  }

  /** What each of the patient's resources says; what hasn't changed is taken over. */
  async #parts(
    patient: string,
    known: Compiled['parts'] | undefined,
    session: ClientSession,
  ): Promise<Compiled['parts']> {
    if (known === undefined) return this.#read({ patient, type: { $in: [...DECIDING] } }, session);
    const now = await this.#database.resources
      .find(
        { patient, type: { $in: [...DECIDING] } },
        { projection: { v: 1 }, hint: 'patient_type_date', session, ...TIME },
      )
      .toArray();
    const changed = now.filter(({ _id, v }) => known.get(_id)?.v !== v).map(({ _id }) => _id);
    if (changed.length > FEW) return this.#read({ patient, type: { $in: [...DECIDING] } }, session);
    const read = changed.length === 0 ? new Map() : await this.#read({ _id: { $in: changed } }, session);
    return new Map(
      now.flatMap(({ _id }) => {
        const part = read.get(_id) ?? known.get(_id);
        return part === undefined ? [] : [[_id, part] as const];
      }),
    );
  }

  async #read(
    which: { patient: string; type: object } | { _id: object },
    session: ClientSession,
  ): Promise<Compiled['parts']> {
    const hint = '_id' in which ? '_id_' : 'patient_type_date';
    const docs: Doc[] = await this.#database.resources
      .find(which, { projection: WITHOUT_INDEX, hint, session, ...TIME })
      .toArray();
    const read = await this.#reading.current(docs);
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
