/**
 * The newest versions, by `Type/id`. Of those whose patient is remembered, the patient's version is read in the same call:
 * the gate needs it next, and a call of its own would cost a read a tenth of its CPU. It is as fresh as one that was
 * asked for alone, since both are read after the request began. So are the lives of a token of ours, where the request that
 * carries it asks for one resource by name, and the documents that name content: their patient is then remembered as its.
 */
import { withIds } from './query/query.ts';
import type { Ahead, AheadOfRead } from '../auth/grants.ts';
import type { Attributes } from '../condition/condition.ts';
import type { Versions } from '../enforcement/ports.ts';
import { isContent, locationOf } from '../fhir/content/attachment.ts';
import { aggregate, find } from './command.ts';
import type { Database, PatientDoc } from './database.ts';
import { type Doc, type HistoryDoc, WITHOUT_INDEX, attributes } from './document.ts';
import { Gather } from './gather.ts';
import { FACTS, type Identities } from './identities.ts';
import { areMet, type Artifact, ARTIFACTS, BETWEEN, nameIn } from './records/needs.ts';
import type { Terms } from './terms.ts';

export interface Current {
  doc: Doc;
  versions: Versions;
}

interface Read {
  /** Absent: there is none. */
  current: Current | undefined;
  /** Documents that name it as their content. */
  naming: readonly Attributes[];
  /** What was asked for with it is there, and what must not be isn't. */
  isMet: boolean;
}

/** The current version, or the mark of a deletion. */
export interface Newest {
  doc: Doc | HistoryDoc;
  versions?: Versions;
  naming?: readonly Attributes[];
}

/** Resources whose patient is remembered. It never changes: what is another patient's has another id. */
const REMEMBERED = 20_000;
const NAMES = 'DocumentReference';
const NONE: ReadonlyMap<never, never> = new Map<never, never>();
const NOTHING: ReadonlySet<string> = new Set();
const NO_ONE: readonly Attributes[] = [];
const UNINDEXED = Object.keys(WITHOUT_INDEX);
/** Documents that name the content of one call: of more, each content's are asked for alone. */
const MOST_NAMING = 1000;

export class Currents {
  readonly #database: Database;
  readonly #terms: Terms;
  readonly #identities: Identities;
  readonly #gather: Gather<Read>;
  readonly #deleted: Gather<HistoryDoc>;
  readonly #owners = new Map<string, string>();

  constructor(database: Database, terms: Terms, identities: Identities) {
    this.#database = database;
    this.#terms = terms;
    this.#identities = identities;
    this.#gather = new Gather((keys) => this.#fetch(keys));
    this.#deleted = new Gather(async (rids) => {
      const query = { rid: { $in: rids }, method: 'DELETE' } as const;
      const found = await find(database.history, query, { sort: { rid: 1, at: 1 }, hint: 'rid_at' });
      return new Map(found.map((doc) => [doc.rid, doc]));
    });
  }

  /** @param ahead read with the token of the request that asks */
  async newest(type: string, rid: string, ahead?: Ahead): Promise<Newest | undefined> {
    if (type === 'AuditEvent') {
      const [doc] = await find(this.#database.audit, { _id: rid }, { projection: WITHOUT_INDEX, limit: 1 });
      return doc === undefined ? undefined : { doc };
    }
    const isRead = ahead?.letter === 'r' && ahead.rid === rid && ahead.found !== undefined;
    const { current, naming } = isRead ? (ahead.found as Read) : await this.#read(rid);
    if (current !== undefined) return { ...current, naming };
    const doc = await this.#deleted.get(rid);
    return doc === undefined ? undefined : { doc, naming };
  }

  async get(rid: string): Promise<Current | undefined> {
    return (await this.#read(rid)).current;
  }

  /** Whether this holds of the records of `artifacts`; what was read with them is left for the request. */
  async ahead(ahead: AheadOfRead, needs: readonly string[]): Promise<boolean> {
    const read = await this.#read([ahead.rid, ...needs].join(BETWEEN));
    ahead.found = read;
    return read.isMet;
  }

  async #read(key: string): Promise<Read> {
    const read = (await this.#gather.get(key))!;
    const { current, naming } = read;
    if (current !== undefined) this.met(current.doc);
    const [rid = ''] = key.split(BETWEEN, 1);
    const [patient = ''] = naming[0]?.patients ?? [];
    this.met({ _id: rid, patient });
    return read;
  }

  /** It was found by a search, and may be read next. */
  met({ _id, patient }: Pick<Doc, '_id' | 'patient'>): void {
    if (patient === '' || this.#owners.get(_id) === patient) return;
    if (this.#owners.size >= REMEMBERED) this.#owners.delete(this.#owners.keys().next().value!);
    this.#owners.set(_id, patient);
  }

  async #fetch(keys: readonly string[]): Promise<Map<string, Read>> {
    const asked = keys.map((key) => {
      const [rid = '', ...needs] = key.split(BETWEEN);
      return { key, rid, needs };
    });
    const names = new Set(asked.flatMap(({ needs }) => needs.map(nameIn)));
    const rids = [...new Set(asked.map(({ rid }) => rid))];
    const { found, naming, there } = await this.#together(rids, [...names]);
    return new Map(
      asked.map(({ key, rid, needs }) => [
        key,
        { current: found.get(rid), naming: naming.get(rid) ?? NO_ONE, isMet: areMet(needs, there) },
      ]),
    );
  }

  async #together(rids: string[], names: string[]): Promise<Together> {
    const { resources } = this.#database;
    const query = withIds(rids);
    const patients = new Set(rids.flatMap((rid) => this.#owners.get(rid) ?? []));
    const contents = rids.filter(isContent);
    if (patients.size === 0 && names.length === 0 && contents.length === 0) {
      const docs = await find(resources, query, { projection: WITHOUT_INDEX });
      return { found: byId(docs, NONE), naming: NONE, there: NOTHING };
    }
    const locations = contents.map((rid) => this.#terms.of(locationOf(rid)));
    const read = await aggregate<Doc | PatientDoc | Artifact, Doc>(resources, [
      { $match: query },
      { $unset: UNINDEXED },
      ...(locations.length === 0 ? [] : [NAMING(locations)]),
      ...(patients.size === 0 ? [] : [VERSIONS([...patients])]),
      ...(names.length === 0 ? [] : [ARTIFACTS(names)]),
    ]);
    const versions = new Map([...patients].map((patient) => [patient, 0]));
    const docs: Doc[] = [];
    const documents: Doc[] = [];
    const there = new Set<string>();
    // no id of a patient has a slash, and none that is read by its name has `ids`
    for (const each of read)
      if ('kind' in each) there.add(each._id);
      else if ('ids' in each) documents.push(each);
      else if ('type' in each) docs.push(each);
      else versions.set(each._id, each.v);
    return { found: byId(docs, versions), naming: await this.#namedBy(contents, documents), there };
  }

  async #namedBy(contents: readonly string[], documents: readonly Doc[]): Promise<Together['naming']> {
    const naming = new Map<string, Attributes[]>(contents.map((rid) => [rid, []]));
    if (documents.length >= MOST_NAMING) {
      for (const rid of contents)
        naming.set(rid, await this.#identities.carrying(NAMES, this.#terms.of(locationOf(rid))));
      return naming;
    }
    const byTerm = new Map(contents.map((rid) => [this.#terms.text(locationOf(rid)), rid]));
    for (const doc of documents)
      for (const id of doc.ids ?? []) {
        const rid = byTerm.get(id.toString('base64url'));
        if (rid !== undefined) naming.get(rid)!.push(attributes(doc._id, doc));
      }
    return naming;
  }
}

interface Together {
  found: ReadonlyMap<string, Current>;
  naming: ReadonlyMap<string, readonly Attributes[]>;
  there: ReadonlySet<string>;
}

const VERSIONS = (patients: readonly string[]) => ({
  $unionWith: { coll: 'patients', pipeline: [{ $match: withIds(patients) }] },
});

/** Told by their `ids`. */
const NAMING = (locations: readonly Buffer[]) => ({
  $unionWith: {
    coll: 'resources',
    pipeline: [
      { $match: { ids: { $in: locations }, type: NAMES } },
      { $limit: MOST_NAMING },
      { $project: FACTS },
    ],
  },
});

function byId(docs: readonly Doc[], versions: Versions): Map<string, Current> {
  return new Map(docs.map((doc) => [doc._id, { doc, versions }]));
}
