/** What the gate needs of the outside, declared here and implemented by the store. */
import type { Named } from '../consent/actors.ts';
import type { Policy } from '../consent/policy.ts';
import type { Rules } from '../consent/rules.ts';
import type { Subject } from '../consent/subject.ts';
import type { Attributes } from '../condition/condition.ts';
import type { ContentType } from '../fhir/content/attachment.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import type { Include, SearchQuery } from '../search/filter.ts';
import type { Access } from './access.ts';
import type { Glass } from './glass.ts';

/** One version of a resource, unsealed. */
export interface Stored extends Attributes {
  /** Labels that others than its depositor put on it, as the store keeps them. */
  imposed?: readonly string[];
  /** Those of them that its depositor hasn't put on it too. */
  unshown?: readonly string[];
  /** The version that its depositor is told it still is: others have done nothing since but what isn't shown. */
  told?: Told;
  /** As it is kept, where the caller is given it as it was deposited. */
  whole?: Stored;
  /** Counts from 1, never leaves the server. */
  version: number;
  /** `meta.versionId`: opaque, so that a gap tells nothing. */
  vid: string;
  /** `meta.lastUpdated`, milliseconds. */
  at: number;
  /** The method that made this version. */
  method: 'POST' | 'PUT' | 'DELETE';
  /** What was there before was deleted. */
  anew?: true;
  /** Of a history: the caller may be given none before it. */
  first?: true;
  /** The resource's JSON as it leaves; empty for a deletion. */
  body: Buffer;
  /** Of a Binary whose data lies apart: its JSON without, and the bytes that its data stands for. */
  parts?: { bare: Buffer; data: Buffer };
  /** `body` is not the resource but one that it contains: its type, and its id within. */
  inside?: { type: string; id: string };
  /** `param=Type/id`, where includes were asked for. */
  refs?: readonly string[];
  /** Of a Binary whose bytes lie apart: their id. */
  content?: string;
  /** Of a Binary whose content isn't known to be free of malware: nobody is given that. */
  held?: boolean;
  /** What was found in what was held back: it stays so. */
  malware?: string;
}

/** Content that lies apart from its Binary. */
export interface Content {
  /** Bytes. */
  size: number;
  /** Base64. */
  sha1: string;
  /** From the first of these bytes to the one before the second; all unless said. */
  read(from?: number, to?: number): AsyncIterable<Buffer>;
}

/** Content that was taken in. */
export interface Kept extends Pick<Content, 'size' | 'sha1'> {
  id: string;
}

export interface Told {
  vid: string;
  at: number;
}

/** What an answer shows: without what the gate looks at but labels, so that nothing can be decided on it. */
export type Shown = Omit<Stored, 'imposed' | 'codes' | 'from' | 'until' | 'about' | 'authors' | 'whole'> & {
  whole?: Shown;
};

export interface Change extends Pick<Attributes, 'type' | 'id' | 'patients' | 'by' | 'labels'> {
  method: 'POST' | 'PUT' | 'DELETE';
  /** Labels, `system|code`, that others than its depositor put on it. */
  imposed?: readonly string[];
  /** Those of them that its depositor hasn't put on it too. */
  unshown?: readonly string[];
  /** Its depositor is not shown what it changes. */
  hushed?: boolean;
  /** Of a Patient: another national number than before. */
  renumbers?: boolean;
  /** Whose rights a Subscription is delivered by; absent: as before. */
  subscriber?: Subject;
  /** Of a Binary whose bytes lie apart: their id. */
  content?: string;
  /** Its content isn't known to be free of malware: see screening.ts. */
  held?: boolean;
  /** Of content that is nobody's by itself: the patients of the documents that name it. Set by the store. */
  owners?: readonly string[];
  /** Without `meta.versionId` and `meta.lastUpdated`, which the store sets; absent for a deletion. */
  resource?: Resource;
  /** The version it replaces, which must still be the current one; absent: there must be no current one. */
  previous?: Stored;
}

/** A number that a query's answer stands on: read before the search, held against the store's in the commit. */
export interface Lock {
  key: string;
  seen: number;
}

export interface Commit {
  changes: readonly Change[];
  locks: readonly Lock[];
  /** In whose name: told to those who follow what changes. */
  actor?: string;
  /** What it changes was there before, as the data of another file of the same person: nobody is told of each. */
  isMove?: true;
  /** The audit records of the commit, made when its time is known. Milliseconds. */
  audit: (at: number) => Trace[];
}

/** An AuditEvent in two parts that have no element in common, and the one patient whom it is about; empty: nobody. */
export interface Trace {
  /** What many have alike: one object for all of them, never changed, so that it is rendered and indexed once. */
  frame: Resource;
  /** The rest, with the id. */
  own: Resource;
  /** Entities that are told to few and that nothing is found by: see audit/aside.ts. */
  aside: readonly Json[];
  patient: string;
  /** Where what was asked is told in parts: this is one of them; or it is for who asked, alone. Absent: it is for both. */
  to?: 'others' | 'asker';
}

export interface Page<V = Stored> {
  matches: V[];
  total: number | undefined;
  /** Where the next page starts; absent on the last one. */
  next: unknown;
  /** Everything at or before this moment was visible to the search. Milliseconds. */
  watermark: number;
  /** The patients that the search named. */
  patients?: readonly string[];
  /**
   * Where only a number is told: whose it counts, by one of theirs that stands for all that are hidden alike, and by each
   * that may be hidden by what it names.
   */
  counted?: readonly Counted[];
  /** Of a history: there is a current version, or the mark of a deletion, that the caller may know of. */
  exists?: boolean;
}

export type Counted = Pick<Stored, 'type' | 'id' | 'patients' | 'by' | 'labels' | 'hidden' | 'unshown'>;

export interface HistoryScope {
  type?: string;
  id?: string;
  since?: number;
  at?: { lo: number; hi: number };
  count: number;
  after?: unknown;
}

/** What may be a document's content, with the documents that name it. */
export interface Attached {
  facts: Attributes;
  /** The caller may read it by itself. */
  isGiven: boolean;
  /** Those that the caller may read. */
  documents: readonly Attributes[];
  /** Undefined: its key was erased. INVARIANT: for nobody but who may read it, by itself or by such a document: see document-content.ts. */
  open(): Promise<Stored | undefined>;
}

export interface ResourceStore {
  /** Absolute FHIR base of the server: references below it are local. */
  readonly base: string;
  readonly policies: PolicySource;
  readonly glass: Glass;
  /** The current version; a deleted one is a version without a body. Undefined: absent, or not for this caller. */
  get(access: Access, type: string, id: string): Promise<Stored | undefined>;
  /** The current version, or the mark of a deletion. Undefined: absent. */
  attached(access: Access, type: ContentType, id: string): Promise<Attached | undefined>;
  getVersion(access: Access, type: string, id: string, vid: string): Promise<Stored | undefined>;
  search(access: Access, query: SearchQuery, after?: unknown): Promise<Page<Shown>>;
  /** The same, whole: what is found can be judged, and replaced. */
  matching(access: Access, query: SearchQuery): Promise<Page>;
  /** The patient's traces as far as the caller may be given them, newest first. */
  traces(access: Access, asked: TracesAsked): Promise<TracesFound>;
  /** Who made them, as far as the caller may be given them: whose last is newest first. */
  tracers(access: Access, asked: TracersAsked): Promise<TracersFound>;
  /** What the includes bring beside the matches; at most `limit`, or an error. */
  include(
    access: Access,
    matches: readonly Shown[],
    includes: { forward: readonly Include[]; reverse: readonly Include[] },
    limit: number,
  ): Promise<Stored[]>;
  /** Newest first. */
  history(access: Access, scope: HistoryScope): Promise<Page>;
  /** What the caller may see of the resources of a type that carry this term among their `ids`. */
  byIdentity(access: Access, type: string, term: string): Promise<Attributes[]>;
  /** What the caller may know that a patient has; at most `limit` and one more. */
  attributes(access: Access, of: Outlined, limit: number): Promise<Attributes[]>;
  /** Those of these `Type/id`, of types that say who is who, that the caller may be given. */
  readable(access: Access, names: readonly string[]): Promise<Resource[]>;
  /** Which of these `Type/id` the caller may know of; what never was tells nothing. */
  knows(access: Access, names: readonly string[]): Promise<boolean[]>;
  /** Which of these `Type/id` are, and name at any depth, only what is so; what never was says nothing. */
  namesOnly(names: readonly string[], isSo: (facts: Attributes) => boolean): Promise<boolean[]>;
  /** Something of the types and of the one patient that the search names is kept from the caller: see `withheld`. */
  withholds(access: Access, query: SearchQuery): Promise<boolean>;
  lock(key: string): Promise<Lock>;
  /** Takes content in, that a change names after. @param patient whose key seals it; empty: nobody's */
  keep(source: AsyncIterable<Buffer>, patient: string): Promise<Kept>;
  /** Undefined: swept, or its patient was erased. */
  content(id: string): Promise<Content | undefined>;
  /** All or nothing, durable when it returns. @throws Stale when a version or lock is no longer the current one. */
  commit(commit: Commit): Promise<Stored[]>;
  /** Durable when it returns. */
  record(traces: (at: number) => Trace[]): Promise<void>;
}

export interface TracesAsked {
  patient: string;
  /** Each of these finds it: see audit/history/sought.ts. */
  sought: readonly string[];
  /** When it was recorded, milliseconds UTC, from <= t < until. */
  from?: number;
  until?: number;
  /** The first that may be told: when it was recorded, and its id. */
  start?: { at: number; id: string };
  limit: number;
}

export interface TracesFound {
  traces: Stored[];
  /** Where what follows starts; absent when nothing does. */
  next: { at: number; id: string } | undefined;
}

export interface TracersAsked extends Omit<TracesAsked, 'start'> {
  /** No trace is counted that was written after. Milliseconds. */
  asOf: number;
  /** The last of the page before. */
  after?: { last: number; newest: string };
}

export interface TracersFound {
  tracers: {
    /** `Practitioner/x`, or where they acted; empty: the traces name nobody. */
    who: string;
    /** Told by another system. */
    outside: boolean;
    /** How many traces. */
    count: number;
    /** When the first and the last was recorded. Milliseconds. */
    first: number;
    last: number;
    /** The last. */
    trace: Stored;
  }[];
  next: TracersAsked['after'];
}

export interface Outlined {
  patient: string;
  types: readonly string[];
  /** Of these `Type/id` alone. */
  only?: readonly string[];
}

/** Somebody else wrote first: read again and decide again. */
export class Stale extends Error {}

/** Of patients, what a compiled policy is remembered under; read after the request began. */
export type Versions = ReadonlyMap<string, number>;

export interface PolicySource {
  rules: Rules;
  /** What each of these patients has stated, as of a moment after the call, or of the versions that were read. */
  policies(patients: readonly string[], read?: Versions): Promise<Map<string, Stated>>;
  /**
   * Patients of whom something opens anything to one of these, or to a PractitionerRole, CareTeam or Group of one of
   * these; at most `limit` and one more.
   */
  grantors(names: readonly string[], limit: number): Promise<string[]>;
  /** Patients whose space isn't open; at most `limit` and one more. */
  closed(limit: number): Promise<string[]>;
  /** A label or code as the store keeps it. */
  key(term: string): string;
}

export interface Stated {
  policy: Policy;
  /** The resources that the policy names, as they are now. */
  named: Named;
}
