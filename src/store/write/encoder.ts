/** Changes as documents: versioned, rendered, sealed, with what they are found by. */
import { ObjectId } from 'mongodb';
import { lettingOf } from '../../consent/letting.ts';
import { everyMember } from '../../consent/members.ts';
import { grantees } from '../../consent/policy.ts';
import type { Rules } from '../../consent/rules.ts';
import { soughtIn } from '../../audit/history/sought.ts';
import { followsDocument } from '../../documents/document-bundle.ts';
import type { Change, Stored } from '../../enforcement/ports.ts';
import { FhirError } from '../../fhir/outcome.ts';
import { factsOf } from '../../fhir/facts.ts';
import { traitsOf, traitsTerm } from '../../fhir/identity.ts';
import type { Resource } from '../../fhir/resource.ts';
import type { Database } from '../database.ts';
import {
  type Doc,
  type HistoryDoc,
  type VersionDoc,
  indexed,
  newVid,
  render,
  sealBody,
  sealers,
} from '../document.ts';
import type { KeyRing } from '../keys/keys.ts';
import { mentionTerm } from '../query/narrowing.ts';
import { type PieceDoc, Pieces } from '../content/pieces.ts';
import { grantTerm, memberTerm } from '../policies.ts';
import type { Reading } from '../reading.ts';
import type { Terms } from '../terms.ts';
import { mentions } from './mentions.ts';
import { Veils } from '../veil.ts';

/**
 * Bodies beyond this go to GridFS, which is read once the gate has let it: what is hidden takes as long as what is
 * absent, however much it holds. Bytes.
 */
export const SPILL = 1024 * 1024;
/** What is read as part of the documents that name it. */
const CONTENT: ReadonlySet<string> = new Set(['Binary', 'Bundle']);
/** Each of them is told, in the same transaction, that something names it. */
const MOST_MENTIONED = 2_000;

export interface Encoded {
  change: Change;
  rid: string;
  version: VersionDoc;
  /** Absent for a deletion. */
  doc: Doc | undefined;
  /** What is replaced, as history keeps it. */
  previous: HistoryDoc | undefined;
  body: Buffer;
  /** Its data, that is kept once. */
  pieces: PieceDoc[];
}

export type Found = ReturnType<typeof indexed>;

/** All that a version is found by: what its parameters index, whom it mentions, whom it permits. */
export function foundBy(
  resource: Resource,
  patients: readonly string[],
  terms: Terms,
  base: string,
  rules: Rules,
  unshown: readonly string[] = [],
): Found {
  const found = indexed(resource, terms, base, unshown);
  const mentioned = mentions(resource, patients);
  if (mentioned.length > MOST_MENTIONED) {
    const text = `the resource names ${mentioned.length} patients; allowed: up to ${MOST_MENTIONED}`;
    throw new FhirError('business-rule', text);
  }
  if (mentioned.length > 0) found.ids = [...(found.ids ?? []), ...terms.all(mentioned.map(mentionTerm))];
  const traits = resource.resourceType === 'Patient' ? traitsOf(resource) : undefined;
  if (traits !== undefined) found.ids = [...(found.ids ?? []), terms.of(traitsTerm(traits))];
  const grants = [...grantees(resource, rules).map(grantTerm), ...everyMember(resource).map(memberTerm)];
  if (grants.length > 0) found.grants = terms.all(grants);
  if (resource.resourceType === 'AuditEvent') found.seek = soughtIn(resource);
  return found;
}

export class Encoder {
  readonly #database: Database;
  readonly #ring: KeyRing;
  readonly #terms: Terms;
  readonly #base: string;
  readonly #reading: Reading;
  readonly #rules: Rules;
  readonly #veils: Veils;
  readonly #pieces: Pieces;
  readonly #found = new WeakMap<Change, Found>();

  constructor(database: Database, ring: KeyRing, terms: Terms, reading: Reading, base: string, rules: Rules) {
    this.#database = database;
    this.#ring = ring;
    this.#terms = terms;
    this.#reading = reading;
    this.#base = base;
    this.#rules = rules;
    this.#veils = new Veils(terms, rules);
    this.#pieces = new Pieces(database, ring);
  }

  /** What takes long and doesn't hang on the time of the write. */
  async prepare(changes: readonly Change[]): Promise<void> {
    for (const change of changes) if (change.resource !== undefined) this.#foundBy(change, change.resource);
    await this.#ring.ensure(this.#sealersOf(changes));
  }

  async encode(changes: readonly Change[], now: number): Promise<Encoded[]> {
    const keys = await this.#ring.ensure(this.#sealersOf(changes));
    const encoded: Encoded[] = [];
    for (const change of changes) encoded.push(await this.#one(change, now, keys));
    return encoded;
  }

  #sealersOf(changes: readonly Change[]): string[] {
    return changes.flatMap((change) => {
      const [patient = '', ...others] = change.patients;
      return sealers({ patient, others, owners: this.#ownersOf(change) });
    });
  }

  /** Claimed once, it stays so. */
  #ownersOf({ type, patients, owners = [], previous }: Change): string[] | undefined {
    if (patients.length > 0 || !CONTENT.has(type)) return undefined;
    const before = previous === undefined ? [] : (this.#reading.documentOf(previous).owners ?? []);
    const all = [...new Set([...before, ...owners])];
    return all.length === 0 ? undefined : all;
  }

  async #one(change: Change, now: number, keys: ReadonlyMap<string, Buffer>): Promise<Encoded> {
    const { type, id, previous, resource } = change;
    const rid = `${type}/${id}`;
    const at = Math.max(now, (previous?.at ?? 0) + 1);
    const [patient = '', ...others] = change.patients;
    const owners = this.#ownersOf(change);
    const version: VersionDoc = {
      type,
      v: (previous?.version ?? 0) + 1,
      vid: newVid(),
      at,
      method: change.method,
      ...(previous?.method === 'DELETE' && resource !== undefined ? { anew: true as const } : {}),
      patient,
      ...(others.length > 0 ? { others } : {}),
      ...(owners === undefined ? {} : { owners }),
      ...(change.held === true && resource !== undefined ? { held: at } : {}),
      by: change.by,
      ...(change.content === undefined ? {} : { content: new ObjectId(change.content) }),
      ...(resource === undefined
        ? kept(previous)
        : {
            ...gateFacts(resource, change.labels, this.#terms, this.#base),
            ...hiddenSince(change.labels, previous, at, this.#rules),
            ...imposedOn(change, this.#terms),
            ...toldOf(change),
          }),
    };
    const replaced =
      previous === undefined || previous.method === 'DELETE'
        ? undefined
        : {
            ...this.#replaced(previous, rid, at),
            ...(version.told === undefined ? {} : { still: true as const }),
          };
    if (resource === undefined)
      return { change, rid, version, doc: undefined, previous: replaced, body: Buffer.alloc(0), pieces: [] };
    const [sealer = '', ...more] = sealers(version);
    const { whole, left, pieces, named } = this.#pieces.split(
      resource,
      (each) => render(each, version.vid, at),
      { owner: more.length > 0 ? '' : sealer, key: keys.get(sealer)!, at },
    );
    Object.assign(version, named);
    Object.assign(version, sealBody(left, rid, version, keys));
    if (version.body !== undefined && version.body.length > SPILL) {
      version.spill = await this.#spill(version.body, rid);
      version.size ??= version.body.length;
      delete version.body;
    }
    if (type === 'AuditEvent') version.authors = withDepositor(version);
    const doc: Doc = { _id: rid, ...version, ...this.#foundBy(change, resource) };
    if ((type === 'Binary' || followsDocument(resource)) && patient === '' && change.owners === undefined) {
      // claimed once, it stays so
      const since = previous === undefined ? at : (this.#reading.documentOf(previous) as Doc).unclaimed;
      if (since !== undefined) doc.unclaimed = since;
    }
    if (type !== 'AuditEvent') Object.assign(doc, this.#veils.over(doc));
    if (doc.seek !== undefined) doc.seek = [...doc.seek, change.by];
    return { change, rid, version, doc, previous: replaced, body: whole, pieces };
  }

  #foundBy(change: Change, resource: Resource): Found {
    let found = this.#found.get(change);
    if (found === undefined) {
      const { patients, unshown } = change;
      found = foundBy(resource, patients, this.#terms, this.#base, this.#rules, unshown);
      this.#found.set(change, found);
    }
    return found;
  }

  #replaced(previous: Stored, rid: string, end: number): HistoryDoc {
    const held = this.#reading.documentOf(previous);
    const {
      _id: _,
      terms: _t,
      ids: _i,
      refs: _f,
      r: _r,
      o: _o,
      pairs: _p,
      long: _l,
      grants: _g,
      seek: _s,
      view: _v,
      unclaimed: _u,
      date: _d,
      ...version
    } = held as Doc;
    return { ...version, rid, end };
  }

  #spill(sealed: Buffer, rid: string): Promise<ObjectId> {
    return new Promise((resolve, reject) => {
      const stream = this.#database.spill.openUploadStream(rid);
      stream.on('error', reject);
      stream.on('finish', () => resolve(stream.id));
      stream.end(sealed);
    });
  }
}

/** What the gate knows of a version, labels and codes keyed. */
export function gateFacts(resource: Resource, labels: readonly string[], terms: Terms, base: string): Facts {
  const { codes: coded, from, until, about, authors } = factsOf(resource, base);
  const codes = [...lettingOf(resource), ...coded];
  const key = (clear: readonly string[]): string[] => clear.map((term) => terms.text(term));
  return {
    labels: key(labels.map((label) => `label=${label}`)),
    ...(codes.length > 0 ? { codes: key(codes) } : {}),
    ...(from === undefined ? {} : { from, until }),
    ...(about.length > 0 ? { about } : {}),
    ...(authors.length > 0 ? { authors } : {}),
  };
}

/** Who deposited a trace finds it among their own. */
export function withDepositor({ authors = [], by }: Pick<VersionDoc, 'authors' | 'by'>): string[] {
  return [...new Set([...authors, by])];
}

function imposedOn(
  { imposed = [], unshown = [] }: Change,
  terms: Terms,
): Pick<VersionDoc, 'imposed' | 'unshown'> {
  const key = (clear: readonly string[]): string[] => clear.map((label) => terms.text(`label=${label}`));
  return {
    ...(imposed.length > 0 ? { imposed: key(imposed) } : {}),
    ...(unshown.length > 0 ? { unshown: key(unshown) } : {}),
  };
}

function toldOf({ hushed, previous }: Change): Pick<VersionDoc, 'told'> {
  if (hushed !== true || previous === undefined) return {};
  const { vid, at, told } = previous;
  return { told: told ?? { vid, at } };
}

/** A break in carrying the label begins the announcement anew. */
export function hiddenSince(
  labels: readonly string[],
  previous: Stored | undefined,
  at: number,
  { labels: { hiddenFromPatient } }: Rules,
): Pick<VersionDoc, 'hidden'> {
  if (!labels.some((label) => hiddenFromPatient.includes(label))) return {};
  return { hidden: (previous?.method === 'DELETE' ? undefined : previous?.hidden) ?? at };
}

type Facts = Pick<VersionDoc, 'hidden' | 'labels' | 'codes' | 'from' | 'until' | 'about' | 'authors'>;

/** The mark of a deletion keeps what the gate knows of the last version. */
function kept(previous: Stored | undefined): Facts {
  const { labels = [], hidden, codes = [], from, until, about = [], authors = [] } = previous ?? {};
  return {
    labels: [...labels],
    hidden,
    codes: [...codes],
    from,
    until,
    about: [...about],
    authors: [...authors],
  };
}
