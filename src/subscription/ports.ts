/** What delivering needs of the outside: the store implements it, and the channels. */
import type { Subject } from '../consent/subject.ts';
import type { Stored } from '../enforcement/ports.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Plan } from './plan.ts';

/** A Subscription as it is delivered by. */
export interface Kept {
  id: string;
  /** Of the version that says what is asked for. */
  vid: string;
  status: 'requested' | 'active';
  /** Of the outbox: all up to here is done. INVARIANT: stays inside. */
  place: number;
  /** What was made before isn't told. Milliseconds. */
  since: number;
  /** The number of the last event that arrived. */
  events: number;
  /** The last number that was given. */
  given: number;
  /** When something was sent last. */
  sent: number;
  tries: number;
  /** Of tries, since when. */
  failing?: number;
}

export interface Claimed extends Kept {
  claim: string;
}

/** Whose rights it is delivered by, and what it says. */
export interface Opened {
  subject: Subject;
  resource: Resource;
}

/** Something that the subscriber may know now. */
export interface Candidate {
  /** Of the row. */
  n: number;
  type: string;
  id: string;
  vid: string;
  /** Milliseconds. */
  at: number;
}

/** Given once: it keeps its number in each delivery. */
export interface Numbered extends Candidate {
  number: number;
}

export interface Desk {
  /** Those that may be tried now, and that nobody works on. */
  due(now: number): Promise<Kept[]>;
  open(kept: Kept): Promise<Opened | undefined>;
  /** Undefined: another was there first. */
  claim(kept: Kept, now: number, until: number): Promise<Claimed | undefined>;
  /** Numbered, and not known to have arrived. */
  pending(kept: Kept): Promise<Numbered[]>;
  /** Durable when it returns. @throws Lost */
  offer(claimed: Claimed, events: readonly Numbered[], until: number): Promise<void>;
  /** While it looks through many rows. @param place all up to here holds nothing for it. @throws Lost */
  renew(claimed: Claimed, until: number, place: number): Promise<void>;
  /** What arrived, or isn't to be told any more. @throws Lost */
  arrived(claimed: Claimed, done: { place: number; events: number; sent: number }): Promise<void>;
  later(claimed: Claimed, failed: { next: number; failing: number; fault: string }): Promise<void>;
  release(claimed: Claimed, next: number): Promise<void>;
  /**
   * As the subscriber reads it, unless it was written meanwhile. @param fault text for them
   * @returns its version; undefined: it was
   */
  become(kept: Kept, status: 'active' | 'error' | 'off', fault?: string): Promise<string | undefined>;
  /** All up to here holds nothing for it. */
  skip(kept: Kept, place: number): Promise<void>;
  /** Keeps the outbox from forgetting what somebody waits for. */
  hold(now: number): Promise<void>;
}

/** Somebody else works on it, or it was changed. */
export class Lost extends Error {}

/** The store with the subscriber's rights as they are now, for one notification. */
export interface Session {
  /** Undefined: absent or hidden. Of a deletion: a version without a body. */
  read(candidate: Candidate): Promise<Stored | undefined>;
  /** What a deletion deleted. Undefined: hidden, or made anew too often since. */
  before(candidate: Candidate): Promise<Buffer | undefined>;
  /** Traces what was read. Durable when it returns. */
  record(): Promise<void>;
}

/** Whether the rights that it was written with still hold, beside what the gate says. */
export type Stands = (subject: Subject) => Promise<boolean>;

export type OpenSession = (subject: Subject, subscription: string, to: string) => Session;

export interface Notification {
  kind: 'handshake' | 'heartbeat' | 'event-notification';
  subscription: string;
  /** By topic: the Bundle. Without a topic: the resource, where it is wanted. */
  body?: Buffer;
  /** Without a topic: what the body is. */
  about?: string;
}

/** The way to one subscriber; `to` says where, for traces. */
export interface Channel {
  /** Turns of one lane. */
  readonly atOnce: number;
  /** What a slow one may hold up. @param by whose it is */
  lane(plan: Plan, by: string): string;
  isHere(id: string): boolean;
  /** @throws Undelivered when there is nobody: nothing was told */
  reach(plan: Plan, id: string): Promise<Reached>;
}

export interface Reached {
  /** @throws Undelivered when it isn't known to have arrived */
  send(notification: Notification): Promise<void>;
  close(): void;
}

/** INVARIANT: its text is for the subscriber: nothing of this network is in it. */
export class Undelivered extends Error {
  /** The subscriber wants no more. */
  readonly isFinal: boolean;

  constructor(text: string, isFinal = false) {
    super(text);
    this.isFinal = isFinal;
  }
}

/** What a subscriber may ask of their Subscription. */
export interface Ledger {
  state(id: string): Promise<{ events: number; fault?: string } | undefined>;
  /** Those from and to these numbers, at most so many. */
  events(id: string, from: number, to: number, limit: number): Promise<Numbered[]>;
  /** Whose rights it is delivered by. */
  rights(id: string): Promise<Subject | undefined>;
  /** A token that binds one connection to these, once, until then. Milliseconds. */
  token(ids: readonly string[], until: number): Promise<string>;
}
