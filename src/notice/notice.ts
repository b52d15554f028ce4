/** A notice, and what the room needs of the outside. */
import type { Subject } from '../consent/subject.ts';
import type { Choices } from './choices.ts';
import type { Kind } from './kinds.ts';

export interface Notice {
  /** Opaque: numbers would tell how many there are that the reader isn't told. The same in each delivery. */
  id: string;
  patient: string;
  /** `Patient/x`, `RelatedPerson/x`, `Practitioner/x`, `Organization/x` or `Device/x` */
  reader: string;
  kind: Kind;
  /** When what it tells happened, milliseconds. */
  at: number;
  /** `Type/id`: the notice is told while its reader may know of all of these. */
  about: readonly string[];
  /** The professional. */
  who?: { reference: string; name?: string };
  read?: number;
}

/** An inbox: of one patient's notices, or of all that a practitioner or an organization is told. */
export interface Of {
  reader: string;
  patient?: string;
}

export interface NoticePage {
  /** Newest first. */
  notices: Notice[];
  /** Of all that the reader may be told now. */
  unread: number;
  /** Where the next page starts; absent on the last one. */
  next?: string;
}

/** The inbox of one reader. What its reader may not know of now is left out, of counts too. */
export interface Inbox {
  /** As whom the caller reads notices of this patient; undefined: as nobody. */
  readerFor(patient: string, subject: Subject): Promise<string | undefined>;
  list(of: Of, count: number, after?: string): Promise<NoticePage>;
  /** Marks as read. Which were the reader's. */
  read(of: Of, ids: readonly string[], now: number): Promise<string[]>;
  choices(of: { patient: string; reader: string }): Promise<Choices>;
  choose(of: { patient: string; reader: string }, choices: Choices): Promise<void>;
}
