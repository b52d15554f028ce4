/** A version of a resource as MongoDB holds it, and back. */
import { randomBytes } from 'node:crypto';
import type { ObjectId } from 'mongodb';
import { withoutAside } from '../audit/aside.ts';
import type { Shown, Stored, Told } from '../enforcement/ports.ts';
import { stringifyJson } from '../fhir/json.ts';
import { withoutLabels } from '../fhir/labels.ts';
import { fewRandomBytes } from '../fhir/random.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Range } from '../search/filter.ts';
import { indexResource } from '../search/index.ts';
import { keptApart } from '../search/unshown.ts';
import type { Link, Place } from './chain/link.ts';
import type { Cut } from './content/pieces.ts';
import type { KeyRing } from './keys/keys.ts';
import { primaryDate } from './query/primary-date.ts';
import { seal, unseal } from './keys/sealing.ts';
import type { Terms } from './terms.ts';

/** What any version carries. */
export interface VersionDoc {
  type: string;
  v: number;
  vid: string;
  at: number;
  method: Stored['method'];
  /** What was there before was deleted. */
  anew?: true;
  /** Whose data it is: scalar, first in each index; empty for nobody's. */
  patient: string;
  /** The other patients of the rare resource that has several. */
  others?: string[];
  by: string;
  /** Of content that is nobody's by itself: the patients of the documents that name it, whose keys seal it. */
  owners?: string[];
  /** Of a Binary: its data lies there, once for each patient: see pieces.ts. */
  piece?: string;
  /** Of a document that carries data in itself: where that lies, once for each patient. */
  inline?: Cut[];
  /** Of a Binary: its content isn't known to be free of malware, since when. See screening in enforcement. */
  held?: number;
  /** What was found in it. */
  malware?: string;
  /** Of a trace about somebody who doesn't exist: sealed with what is nobody's. */
  keyless?: true;
  labels: string[];
  hidden?: number;
  imposed?: string[];
  unshown?: string[];
  /** The version that its depositor is told it still is: see enforcement/stranger.ts. */
  told?: Told;
  /** Its depositor isn't told of the version that replaced it. */
  still?: true;
  codes?: string[];
  from?: number;
  until?: number;
  about?: string[];
  authors?: string[];
  /** Sealed JSON bytes; in `spill` when they are many; neither for a deletion. */
  body?: Buffer;
  spill?: ObjectId;
  /** With what is in `spill` or lies apart. Bytes. */
  size?: number;
  /** Of a Binary whose bytes lie apart: see contents.ts. */
  content?: ObjectId;
  /** When several patients share it: its own key, sealed under each one's. */
  keys?: { patient: string; key: Buffer }[];
}

/** The current version: with what it is found by. */
export interface Doc extends VersionDoc {
  /** Of a Binary: since when no document has named it. See sweep-contents.ts. */
  unclaimed?: number;
  /** `Type/id` */
  _id: string;
  terms: Buffer[];
  ids?: Buffer[];
  refs?: string[];
  /** Ranges by parameter. */
  r?: Record<string, Range[]>;
  /** Where the ranges of a parameter begin: the least and the greatest, to sort by. */
  o?: Record<string, { lo: number; hi: number }>;
  pairs?: { t: Buffer; lo: number; hi: number }[];
  /** The type's main date, for the index; `NO_DATE` without one. */
  date: number;
  /** One of the ranges of that date is longer than `LONG`. */
  long?: true;
  /** To whom it may open something, and who is in it: see policies.ts. */
  grants?: Buffer[];
  /** Of a trace, what an access history finds it by: see audit/history/sought.ts. */
  seek?: string[];
  /** For the index: see veil.ts. */
  view?: string;
  /** Of a trace: see chain.ts. */
  place?: Place;
  link?: Link;
}

/** What most dates and stays are shorter than: a month and a little. Milliseconds. */
export const LONG = 32 * 86_400_000;

/** A version that has been replaced, or the mark that a deletion leaves. */
export interface HistoryDoc extends VersionDoc {
  /** `Type/id` */
  rid: string;
  /** When the next version came; absent for the mark of a deletion that still holds. */
  end?: number;
}

/** Before all that begins, open starts too. */
export const NO_DATE = -8.64e15 - 1;

/** What a query has to bring for `decode`: not what a version is found by. */
export const WITHOUT_INDEX = {
  terms: 0,
  ids: 0,
  refs: 0,
  r: 0,
  o: 0,
  pairs: 0,
  grants: 0,
  seek: 0,
  view: 0,
  place: 0,
  link: 0,
} as const;

/**
 * What it has to bring for what is only shown: not what the gate looks at, which the query itself has asked, but labels.
 * Named, in place of what is left out: MongoDB then copies fields as they are, where it else takes each document apart.
 */
export const FACE = {
  type: 1,
  v: 1,
  vid: 1,
  at: 1,
  method: 1,
  anew: 1,
  patient: 1,
  others: 1,
  by: 1,
  owners: 1,
  piece: 1,
  inline: 1,
  held: 1,
  malware: 1,
  keyless: 1,
  labels: 1,
  hidden: 1,
  unshown: 1,
  told: 1,
  still: 1,
  body: 1,
  spill: 1,
  size: 1,
  content: 1,
  keys: 1,
  date: 1,
} as const;

/** The same of a version that is to be decided on, or replaced. */
export const OF_VERSION: Readonly<Record<keyof VersionDoc | 'date' | 'unclaimed', 1>> = {
  ...FACE,
  imposed: 1,
  codes: 1,
  from: 1,
  until: 1,
  about: 1,
  authors: 1,
  unclaimed: 1,
};

const VID_BYTES = 10;

/** Opaque, so that a gap between versions tells nothing. */
export function newVid(): string {
  return fewRandomBytes(VID_BYTES).toString('hex');
}

/** The bytes that leave: with the server's own `meta` in front. */
export function render(resource: Resource, vid: string, at: number): Buffer {
  const { resourceType, id, meta, ...rest } = resource;
  const { versionId: _version, lastUpdated: _updated, ...others } = meta ?? {};
  const whole = {
    resourceType,
    id,
    meta: { versionId: vid, lastUpdated: new Date(at).toISOString(), ...others },
    ...rest,
  };
  return Buffer.from(stringifyJson(whole));
}

/** What is authenticated with a body: a body moved to another resource, version or patient doesn't open. */
export function about(
  rid: string,
  doc: Pick<VersionDoc, 'v' | 'vid' | 'patient' | 'content' | 'owners' | 'piece' | 'inline'>,
): string {
  const apart = doc.content === undefined ? '' : ` with ${doc.content.toHexString()}`;
  const owned = doc.owners === undefined ? '' : ` for ${doc.owners.join(' ')}`;
  const piece = doc.piece === undefined ? '' : ` in ${doc.piece}`;
  const cuts = doc.inline?.map((cut) => ` with ${cut.piece} at ${cut.at}`).join('') ?? '';
  return `${rid}/${doc.v}/${doc.vid} of ${doc.patient}${apart}${owned}${piece}${cuts}`;
}

type Indexed = Pick<
  Doc,
  'terms' | 'ids' | 'refs' | 'r' | 'o' | 'pairs' | 'date' | 'long' | 'grants' | 'seek'
>;

/** Everything a resource is found by. @param unshown labels that its depositor isn't shown */
export function indexed(
  resource: Resource,
  terms: Terms,
  base: string,
  unshown: readonly string[] = [],
): Indexed {
  // nobody finds a trace by what few are told of it
  const entries = indexResource(
    resource.resourceType === 'AuditEvent' ? withoutAside(resource) : resource,
    base,
  );
  if (unshown.length > 0) {
    const shown = withoutLabels(resource, (label) => unshown.includes(label));
    entries.terms = keptApart(entries.terms, indexResource(shown, base).terms);
  }
  const found: Indexed = {
    terms: [...new Set([...entries.terms, ...entries.refs])].map((term) => terms.of(term)),
    date: NO_DATE,
  };
  if (entries.ids.length > 0) found.ids = terms.all(entries.ids);
  if (entries.refs.length > 0) found.refs = entries.refs;
  const params = Object.keys(entries.ranges);
  if (params.length > 0) {
    found.r = entries.ranges;
    found.o = {};
    for (const param of params) {
      const starts = entries.ranges[param]!.map(({ lo }) => lo);
      found.o[param] = { lo: Math.min(...starts), hi: Math.max(...starts) };
    }
    const primary = primaryDate(resource.resourceType) ?? '';
    found.date = found.o[primary]?.hi ?? NO_DATE;
    if (entries.ranges[primary]?.some(({ lo, hi }) => hi - lo > LONG) === true) found.long = true;
  }
  if (entries.pairs.length > 0) {
    found.pairs = entries.pairs.map(({ t, lo, hi }) => ({ t: terms.of(t), lo, hi }));
  }
  return found;
}

/** Seals a body; for several patients under a key of its own, which is sealed under each one's. */
export function sealBody(
  bytes: Buffer,
  rid: string,
  doc: VersionDoc,
  keys: ReadonlyMap<string, Buffer>,
): Pick<VersionDoc, 'body' | 'keys'> {
  const [first, ...others] = sealers(doc);
  if (others.length === 0) return { body: seal(keys.get(first!)!, bytes, about(rid, doc)) };
  const own = randomBytes(32);
  return {
    body: seal(own, bytes, about(rid, doc)),
    keys: [first!, ...others].map((patient) => ({
      patient,
      key: seal(keys.get(patient)!, own, about(rid, doc)),
    })),
  };
}

/** Whose keys seal it. */
export function sealers({
  patient,
  others = [],
  owners,
}: Pick<VersionDoc, 'patient' | 'others' | 'owners'>): string[] {
  return owners ?? [patient, ...others];
}

/** Undefined when the key is gone: the patient was erased. */
export async function openBody(
  sealed: Buffer,
  rid: string,
  doc: VersionDoc,
  ring: KeyRing,
): Promise<Buffer | undefined> {
  if (doc.keys === undefined) {
    const held = ring.get(doc.keyless === true ? '' : (doc.owners?.[0] ?? doc.patient));
    const key = Buffer.isBuffer(held) ? held : await held;
    return key === undefined ? undefined : unseal(key, sealed, about(rid, doc));
  }
  for (const { patient, key: wrapped } of doc.keys) {
    const key = await ring.get(patient);
    if (key !== undefined) return unseal(unseal(key, wrapped, about(rid, doc)), sealed, about(rid, doc));
  }
  return undefined;
}

const NOTHING: readonly string[] = [];

export function face(rid: string, doc: VersionDoc): Omit<Shown, 'body'> {
  return {
    type: doc.type,
    id: rid.slice(doc.type.length + 1),
    patients: doc.patient === '' ? [] : [doc.patient, ...(doc.others ?? [])],
    by: doc.by,
    labels: doc.labels,
    hidden: doc.hidden ?? undefined,
    unshown: doc.unshown,
    told: doc.told,
    version: doc.v,
    vid: doc.vid,
    at: doc.at,
    method: doc.method,
    anew: doc.anew,
    content: doc.content?.toHexString(),
    held: doc.held === undefined ? undefined : true,
    malware: doc.malware,
  };
}

export function attributes(rid: string, doc: VersionDoc): Omit<Stored, 'body'> {
  const whole = face(rid, doc) as Omit<Stored, 'body'>;
  whole.imposed = doc.imposed;
  whole.codes = doc.codes ?? NOTHING;
  whole.from = doc.from ?? undefined;
  whole.until = doc.until ?? undefined;
  whole.about = doc.about ?? NOTHING;
  whole.authors = doc.authors ?? NOTHING;
  return whole;
}
