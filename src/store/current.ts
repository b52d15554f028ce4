/**
 * The newest versions, by `Type/id`. Of those whose patient is remembered, the patient's version is read in the same call:
 * the gate needs it next, and a call of its own would cost a read a tenth of its CPU. It is as fresh as one that was
 * asked for alone, since both are read after the request began. So are the lives of a token of ours, where the request that
 * carries it asks for one resource by name.
 */
import { type Query } from './query/query.ts';
import type { Ahead } from '../auth/grants.ts';
import type { Versions } from '../enforcement/ports.ts';
import { aggregate, find } from './command.ts';
import type { Database, PatientDoc } from './database.ts';
import { type Doc, type HistoryDoc, WITHOUT_INDEX } from './document.ts';
import { Gather } from './gather.ts';
import type { ArtifactDoc } from './records/artifacts.ts';
import { areMet, BETWEEN, nameIn } from './records/needs.ts';

export interface Current {
  doc: Doc;
  versions: Versions;
}

interface Read {
  /** Absent: there is none. */
  current: Current | undefined;
  /** What was asked for with it is there, and what must not be isn't. */
  isMet: boolean;
}

/** The current version, or the mark of a deletion. */
export interface Newest {
  doc: Doc | HistoryDoc;
  versions?: Versions;
}

/** Resources whose patient is remembered. It never changes: what is another patient's has another id. */
const REMEMBERED = 20_000;
const NONE: Versions = new Map();
const UNINDEXED = Object.keys(WITHOUT_INDEX);

export class Currents {
  readonly #database: Database;
  readonly #gather: Gather<Read>;
  readonly #deleted: Gather<HistoryDoc>;
  readonly #owners = new Map<string, string>();

  constructor(database: Database) {
    this.#database = database;
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
    const isRead = ahead?.rid === rid && ahead.found !== undefined;
    const current = isRead ? (ahead.found as Read).current : await this.get(rid);
    if (current !== undefined) return current;
    const doc = await this.#deleted.get(rid);
    return doc === undefined ? undefined : { doc };
  }

  async get(rid: string): Promise<Current | undefined> {
    return (await this.#read(rid)).current;
  }

  /** Whether this holds of the records of `artifacts`; what was read with them is left for the request. */
  async ahead(ahead: Ahead, needs: readonly string[]): Promise<boolean> {
    const read = await this.#read([ahead.rid, ...needs].join(BETWEEN));
    ahead.found = read;
    return read.isMet;
  }

  async #read(key: string): Promise<Read> {
    const read = (await this.#gather.get(key))!;
    if (read.current !== undefined) this.met(read.current.doc);
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
    const { found, there } = await this.#together([...new Set(asked.map(({ rid }) => rid))], [...names]);
    return new Map(
      asked.map(({ key, rid, needs }) => [key, { current: found.get(rid), isMet: areMet(needs, there) }]),
    );
  }

  async #together(
    rids: string[],
    names: string[],
  ): Promise<{ found: Map<string, Current>; there: ReadonlySet<string> }> {
    const { resources } = this.#database;
    const there = new Set<string>();
    const query: Query = { _id: { $in: rids } };
    const patients = new Set(rids.flatMap((rid) => this.#owners.get(rid) ?? []));
    if (patients.size === 0 && names.length === 0)
      return { found: byId(await find(resources, query, { projection: WITHOUT_INDEX }), NONE), there };
    const read = await aggregate<Doc | PatientDoc | Artifact, Doc>(resources, [
      { $match: query },
      { $unset: UNINDEXED },
      ...(patients.size === 0
        ? []
        : [{ $unionWith: { coll: 'patients', pipeline: [{ $match: { _id: { $in: [...patients] } } }] } }]),
      ...(names.length === 0 ? [] : [ARTIFACTS(names)]),
    ]);
    const versions = new Map([...patients].map((patient) => [patient, 0]));
    const docs: Doc[] = [];
    // no id of a patient has a slash
    for (const each of read)
      if ('kind' in each) there.add(each._id);
      else if (each._id.includes('/')) docs.push(each as Doc);
      else versions.set(each._id, each.v);
    return { found: byId(docs, versions), there };
  }
}

type Artifact = Pick<ArtifactDoc, '_id' | 'kind'>;

/** Told by their kind, which nothing else has. */
const ARTIFACTS = (names: readonly string[]) => ({
  $unionWith: {
    coll: 'artifacts',
    pipeline: [{ $match: { _id: { $in: names } } }, { $project: { kind: 1 } }],
  },
});

function byId(docs: readonly Doc[], versions: Versions): Map<string, Current> {
  return new Map(docs.map((doc) => [doc._id, { doc, versions }]));
}
