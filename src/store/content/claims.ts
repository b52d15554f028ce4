/**
 * Content that a document claims is its patient's: sealed under the patient's key from then on, in each version, so that
 * erasing the patient erases it. Only documents of the same depositor claim: others' naming of it opens nothing.
 *
 * INVARIANT: content that said by itself whose data it is (a Binary by `securityContext`, a FHIR document by what it says) is
 * nobody's by itself once a document of that patient claims it: what hides the document hides its content.
 */
import { ObjectId } from 'mongodb';
import type { Change, Commit } from '../../enforcement/ports.ts';
import { contentIn, isContentType, locationOf } from '../../fhir/content/attachment.ts';
import { parseJson, stringifyJson } from '../../fhir/json.ts';
import type { Resource } from '../../fhir/resource.ts';
import { UNKNOWN_PATIENT } from '../../fhir/subjects.ts';
import type { Contents } from './contents.ts';
import type { Database } from '../database.ts';
import { type Doc, type VersionDoc, sealBody, sealers } from '../document.ts';
import { SPILL } from '../write/encoder.ts';
import type { KeyRing } from '../keys/keys.ts';
import { Pieces, dropPiece, keeping, piecesOf } from './pieces.ts';
import type { Reading } from '../reading.ts';
import { Terms } from '../terms.ts';

const TIME = { maxTimeMS: 15_000 };
/** That name one content. */
const MOST_DOCUMENTS = 200;
const DURABLE = { writeConcern: { w: 'majority', journal: true } } as const;

interface Claim {
  /** Who deposited both it and the documents that name it. */
  by: string;
  /** `Type/id` */
  rid: string;
  /** Whose documents these are. */
  patients: string[];
}

export class Claims {
  readonly #database: Database;
  readonly #ring: KeyRing;
  readonly #reading: Reading;
  readonly #contents: Contents;
  readonly #pieces: Pieces;
  readonly #base: string;
  readonly #terms: Terms;

  constructor(database: Database, ring: KeyRing, reading: Reading, contents: Contents, base: string) {
    this.#database = database;
    this.#ring = ring;
    this.#reading = reading;
    this.#contents = contents;
    this.#pieces = new Pieces(database, ring);
    this.#base = base;
    this.#terms = new Terms(ring.derive('terms'));
  }

  /** What is written together says whose it is; what lies here already is sealed anew before that. */
  async settle(commit: Commit): Promise<Commit> {
    const claimed = claimedBy(commit.changes, this.#base);
    for (const { by, type, id } of commit.changes.filter(comesAnew)) {
      const claim = await this.of({ by, rid: `${type}/${id}` });
      if (claim !== undefined) claimed.set(keyOf(by, claim.rid), claim);
    }
    if (claimed.size === 0) return commit;
    const left = new Map(claimed);
    const changes = commit.changes.map((change): Change => {
      const key = keyOf(change.by, `${change.type}/${change.id}`);
      const claim = claimed.get(key);
      left.delete(key);
      return claim !== undefined && isContent(change, claim)
        ? { ...change, patients: [], owners: claim.patients }
        : change;
    });
    for (const claim of left.values()) await this.own(claim);
    return { ...commit, changes };
  }

  own({ rid, by, patients }: Claim): Promise<void> {
    return this.#reseal({ rid, by }, (before) => [...before, ...patients], patients);
  }

  /** By the documents that name it already. Undefined: there are none. */
  async of({ rid, by }: Pick<Claim, 'rid' | 'by'>): Promise<Claim | undefined> {
    const documents = await this.#database.resources
      .find(
        { ids: this.#terms.of(locationOf(rid)), type: 'DocumentReference', by },
        {
          projection: { _id: 1, patient: 1, others: 1 },
          limit: MOST_DOCUMENTS,
          hint: 'ids_type_date',
          ...TIME,
        },
      )
      .toArray();
    const patients = documents.flatMap(({ patient, others = [] }) => [patient, ...others]);
    const known = [...new Set(patients)].filter((each) => each !== '' && each !== UNKNOWN_PATIENT);
    return known.length === 0 ? undefined : { by, rid, patients: known };
  }

  /** What a document of one patient claims becomes another's in their place. */
  async hand(
    document: Resource,
    by: string,
    { source, target }: { source: string; target: string },
  ): Promise<void> {
    for (const rid of contentIn(document, this.#base))
      await this.#reseal({ rid, by }, (before) =>
        before.includes(source) ? before.map((each) => (each === source ? target : each)) : before,
      );
  }

  /** The same version as the data of others. Undefined: it can't be read any more. */
  async sealedFor(
    rid: string,
    doc: VersionDoc,
    whose: Pick<VersionDoc, 'patient' | 'others'>,
  ): Promise<Setting | undefined> {
    const { others: _others, ...rest } = doc;
    const owned: VersionDoc = {
      ...rest,
      patient: whose.patient,
      ...(whose.others === undefined ? {} : { others: whose.others }),
    };
    const set = await this.#sealed(rid, doc, owned, await this.#ring.ensure(sealers(owned)));
    if (set === undefined) return undefined;
    const isAlone = whose.others === undefined;
    return {
      $set: { ...set.$set, patient: whose.patient, ...(isAlone ? {} : { others: whose.others }) },
      $unset: { ...set.$unset, ...(isAlone ? { others: 1 as const } : {}) },
    };
  }

  async #reseal(
    { rid, by }: Pick<Claim, 'rid' | 'by'>,
    ownedBy: (before: readonly string[]) => readonly string[],
    /** Whose it may be by itself, until now. */
    from: readonly string[] = [],
  ): Promise<void> {
    const { resources, history } = this.#database;
    const doc = await resources.findOne({ _id: rid, by, patient: { $in: ['', ...from] } }, TIME);
    if (doc === null || doc.others !== undefined) return;
    const before = doc.owners ?? (doc.patient === '' ? [] : [doc.patient]);
    const owners = [...new Set(ownedBy(before))];
    const isSame = owners.length === before.length && owners.every((each) => before.includes(each));
    if (isSame && doc.patient === '') return;
    const keys = await this.#ring.ensure(owners);
    const owned = { patient: '', owners };
    for (const version of await history.find({ rid, method: { $ne: 'DELETE' } }, TIME).toArray()) {
      const set = await this.#sealed(rid, version, { ...version, ...owned }, keys);
      if (set !== undefined) await history.updateOne({ rid, vid: version.vid }, set, DURABLE);
    }
    if (doc.patient !== '')
      await history.updateMany({ rid, method: 'DELETE' }, { $set: { patient: '' } }, DURABLE);
    const set = await this.#sealed(rid, doc, { ...doc, ...owned }, keys);
    if (set !== undefined) await resources.updateOne({ _id: rid, v: doc.v, vid: doc.vid }, set, DURABLE);
    for (const piece of piecesOf(doc)) await dropPiece(this.#database, piece, Date.now());
  }

  /** The same version under other keys. Undefined: it can't be read any more. */
  async #sealed(
    rid: string,
    doc: VersionDoc,
    owned: VersionDoc,
    keys: ReadonlyMap<string, Buffer>,
  ): Promise<Setting | undefined> {
    const stored = await this.#reading.openHeld(rid, doc);
    if (stored === undefined) return undefined;
    const sealed: VersionDoc = { ...owned };
    const owners = sealers(owned);
    for (const name of ['body', 'keys', 'spill', 'size', 'piece', 'inline'] as const) delete sealed[name];
    if (doc.content !== undefined) {
      sealed.content = new ObjectId(await this.#contents.own(doc.content.toHexString(), owners));
      await this.#contents.disown(sealed.content.toHexString(), gone(sealers(doc), owners));
    }
    const resource = parseJson(stored.body) as Resource;
    const [owner = ''] = owners;
    const { left, pieces, named } = this.#pieces.split(
      resource,
      (each) => (each === resource ? stored.body : Buffer.from(stringifyJson(each))),
      { owner: owners.length > 1 ? '' : owner, key: keys.get(owner)!, at: Date.now() },
    );
    if (pieces.length > 0) await this.#database.pieces.bulkWrite(keeping(pieces), DURABLE);
    Object.assign(sealed, named);
    Object.assign(sealed, sealBody(left, rid, sealed, keys));
    if (sealed.body!.length > SPILL) await this.#spill(sealed, rid);
    const { body: bytes, spill, size, keys: wrapped, content } = sealed;
    const set = {
      patient: sealed.patient,
      owners: sealed.owners,
      body: bytes,
      spill,
      size,
      keys: wrapped,
      content,
      piece: sealed.piece,
      inline: sealed.inline,
    };
    const names = Object.keys(set) as (keyof typeof set)[];
    return {
      $set: Object.fromEntries(
        names.filter((name) => set[name] !== undefined).map((name) => [name, set[name]]),
      ),
      $unset: Object.fromEntries(
        names.filter((name) => set[name] === undefined).map((name) => [name, 1 as const]),
      ),
    };
  }

  #spill(sealed: VersionDoc, rid: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const stream = this.#database.spill.openUploadStream(rid);
      stream.on('error', reject);
      stream.on('finish', () => {
        sealed.spill = stream.id;
        sealed.size ??= sealed.body!.length;
        delete sealed.body;
        resolve();
      });
      stream.end(sealed.body);
    });
  }
}

type Setting = { $set: Partial<Doc>; $unset: Record<string, 1> };

const gone = (before: readonly string[], now: readonly string[]): string[] =>
  before.filter((each) => each !== '' && !now.includes(each));

function claimedBy(changes: readonly Change[], base: string): Map<string, Claim> {
  const claimed = new Map<string, Claim>();
  for (const { type, resource, patients, by } of changes) {
    if (type !== 'DocumentReference' || resource === undefined) continue;
    const known = patients.filter((patient) => patient !== UNKNOWN_PATIENT);
    if (known.length === 0) continue;
    for (const rid of contentIn(resource, base)) {
      const before = claimed.get(keyOf(by, rid))?.patients ?? [];
      claimed.set(keyOf(by, rid), { by, rid, patients: [...new Set([...before, ...known])] });
    }
  }
  return claimed;
}

const isContent = ({ type, patients }: Change, claim: Claim): boolean =>
  isContentType(type) && patients.every((each) => claim.patients.includes(each));

/** Content that says whose it is, under an address that documents may have named before. */
const comesAnew = ({ type, method, patients, previous }: Change): boolean =>
  isContentType(type) &&
  method === 'PUT' &&
  patients.length > 0 &&
  (previous === undefined || previous.method === 'DELETE');

const keyOf = (by: string, rid: string): string => JSON.stringify([by, rid]);
