/**
 * What happens to patients' data, told once to whoever follows it: notices, Subscriptions. A row is written in the
 * transaction of its cause and numbered after it, so that who reads in the order of numbers misses nothing, however
 * late a commit shows. Rows say which resources, never what is in them: the gate decides when something is told.
 */

/** A version was made. It may be replaced by now: ask the store for it, by an Access of who is told. */
export interface Changed {
  cause: 'change';
  type: string;
  id: string;
  vid: string;
  /** Counts from 1; never leaves the server. */
  version: number;
  method: 'POST' | 'PUT' | 'DELETE';
  /** In whose name it is kept. */
  by: string;
  /** Who made this change; absent for the server's own work. */
  actor?: string;
  /** It came from another file of the same person: one notice tells of all. */
  isMove?: true;
  /** A Patient has another national number than before. */
  renumbers?: true;
  /** A Communication that is sent, and wasn't before. */
  sends?: true;
}

/** A professional came to a patient's data. Sealed under the patient's key. */
export interface Visited {
  cause: 'visit';
  /** `Practitioner/x` */
  who: string;
  name?: string;
  emergency?: 'BTG' | 'ETREAT';
  /** The patient was asked for or given, and nothing else. */
  plain: boolean;
  /** All that was given is hidden from the patient for a while: the visit is told once it shows. */
  held?: true;
  /** What was given, `Type/id`: who may know of none of it isn't told of the visit. */
  about: readonly string[];
}

/** The time has come to look at what was hidden from its patient, the connection of an app, or an Appointment. */
export interface Due {
  cause: 'due';
  type: string;
  id: string;
  what: 'invite' | 'show' | 'remind' | 'over' | 'near';
}

/** Something happened to the account or the space itself. Sealed under the patient's key. */
export interface Happened {
  cause: 'account';
  kind: 'app-connected' | 'new-device' | 'record-merged' | 'document-unsafe';
  /** Who did it, where that is known: told of a new device alone. */
  who?: string;
  /** Of a document: in whose name it is kept, who is told too. */
  depositor?: string;
  /** `Type/id`: who may not know of one of these isn't told. */
  about: readonly string[];
}

/** What it was can't be opened. */
export interface Unreadable {
  cause: 'unreadable';
}

export type Cause = Changed | Visited | Due | Happened | Unreadable;

export interface Row {
  /** 1, 2, 3 … without gaps. INVARIANT: stays inside: it counts what is hidden too. */
  n: number;
  /** Milliseconds. */
  at: number;
  /** Logical ids of the patients whose data it is; empty: nobody's. */
  patients: readonly string[];
  cause: Cause;
}

/** A row that could not be judged, again and again: told to nobody until an operator lets it be tried anew. */
export interface ParkedRow {
  n: number;
  /** What it failed with, by its kind: never what it says. */
  fault: string;
}

export interface Outbox {
  /** Numbers what came in. Any process may, at any time. How many were numbered. */
  number(): Promise<number>;
  /** The rows after this number, in their order. */
  after(n: number, limit: number): Promise<Row[]>;
  /** How far a follower has got; a new one starts with what comes from now on. */
  position(follower: string): Promise<number>;
  /** Rows that were parked and are to be tried anew. */
  again(limit: number): Promise<Row[]>;
  /** Forgets what all followers have passed. How many rows. */
  prune(before: number): Promise<number>;
}
