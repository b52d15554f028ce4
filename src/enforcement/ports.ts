/** What the gate needs of the outside, declared here and implemented by the store. */
import type { Named } from '../consent/actors.ts';
import type { Policy } from '../consent/policy.ts';
import type { Rules } from '../consent/rules.ts';
import type { Attributes } from '../condition/condition.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Include, SearchQuery } from '../search/filter.ts';
import type { Access } from './access.ts';

/** One version of a resource, unsealed. */
export interface Stored extends Attributes {
  /** Labels that others than its depositor put on it, as the store keeps them. */
  imposed?: readonly string[];
  /** Those of them that its depositor hasn't put on it too. */
  unshown?: readonly string[];
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
  /** The resource's JSON as it leaves; empty for a deletion. */
  body: Buffer;
  /** `body` is not the resource but one that it contains: its type, and its id within. */
  inside?: { type: string; id: string };
  /** `param=Type/id`, where includes were asked for. */
  refs?: readonly string[];
}

export interface Change extends Pick<Attributes, 'type' | 'id' | 'patients' | 'by' | 'labels'> {
  method: 'POST' | 'PUT' | 'DELETE';
  /** Labels, `system|code`, that others than its depositor put on it. */
  imposed?: readonly string[];
  /** Those of them that its depositor hasn't put on it too. */
  unshown?: readonly string[];
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
  /** The audit records of the commit, made when its time is known. Milliseconds. */
  audit: (at: number) => Trace[];
}

/** An AuditEvent in two parts that have no element in common, and the one patient whom it is about; empty: nobody. */
export interface Trace {
  /** What many have alike: one object for all of them, never changed, so that it is rendered and indexed once. */
  frame: Resource;
  /** The rest, with the id. */
  own: Resource;
  patient: string;
}

export interface Page {
  matches: Stored[];
  total: number | undefined;
  /** Where the next page starts; absent on the last one. */
  next: unknown;
  /** Everything at or before this moment was visible to the search. Milliseconds. */
  watermark: number;
  /** The patients that the search named. */
  patients?: readonly string[];
  /** Of a history: there is a current version, or the mark of a deletion, that the caller may know of. */
  exists?: boolean;
}

export interface HistoryScope {
  type?: string;
  id?: string;
  since?: number;
  at?: { lo: number; hi: number };
  count: number;
  after?: unknown;
}

export interface ResourceStore {
  readonly policies: PolicySource;
  /** The current version; a deleted one is a version without a body. Undefined: absent, or not for this caller. */
  get(access: Access, type: string, id: string): Promise<Stored | undefined>;
  getVersion(access: Access, type: string, id: string, vid: string): Promise<Stored | undefined>;
  search(access: Access, query: SearchQuery, after?: unknown): Promise<Page>;
  /** What the includes bring beside the matches; at most `limit`, or an error. */
  include(
    access: Access,
    matches: readonly Stored[],
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
  /** Something of the types and of the one patient that the search names is kept from the caller: see `withheld`. */
  withholds(access: Access, query: SearchQuery): Promise<boolean>;
  lock(key: string): Promise<Lock>;
  /** All or nothing, durable when it returns. @throws Stale when a version or lock is no longer the current one. */
  commit(commit: Commit): Promise<Stored[]>;
  /** Durable when it returns. */
  record(traces: (at: number) => Trace[]): Promise<void>;
}

export interface Outlined {
  patient: string;
  types: readonly string[];
  /** Of these `Type/id` alone. */
  only?: readonly string[];
}

/** Somebody else wrote first: read again and decide again. */
export class Stale extends Error {}

export interface PolicySource {
  rules: Rules;
  /** What each of these patients has stated, as of a moment after the call. */
  policies(patients: readonly string[]): Promise<Map<string, Stated>>;
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
