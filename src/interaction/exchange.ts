/** What an interaction is given and what it answers: HTTP's facts without HTTP's library. */
import type { Ahead } from '../auth/grants.ts';
import type { Subject } from '../consent/subject.ts';
import type { ScopedStore } from '../enforcement/scoped-store.ts';
import type { Json, Resource } from '../fhir/resource.ts';

export interface Prefer {
  return?: 'minimal' | 'representation' | 'OperationOutcome';
  handling: 'strict' | 'lenient';
}

export type Body =
  | { kind: 'json'; contentType: string; value: Json; bytes: Buffer }
  /** anything that isn't FHIR JSON, JSON Patch or a form: content for Binary */
  | { kind: 'raw'; contentType: string; bytes: Buffer }
  /** the same, too large to be held: read once */
  | { kind: 'stream'; contentType: string; bytes: AsyncIterableIterator<Buffer>; expected?: number };

export interface Params {
  type?: string;
  id?: string;
  vid?: string;
  /** `$everything` without the `$` */
  operation?: string;
  /** `Patient/x/DocumentReference`: the `Patient/x`; `type` is DocumentReference, absent for all types. */
  compartment?: { type: string; id: string };
}

/** What is traced of an interaction: http://hl7.org/fhir/restful-interaction and AuditEvent.action. */
export interface AuditCodes {
  code: string;
  action: 'C' | 'R' | 'U' | 'D' | 'E';
}

export interface Entry {
  method: string;
  /** Below the base, or absolute below this base. */
  url: string;
  /** Lower-case names. */
  headers: Record<string, string>;
  body?: Body;
  /** The id that a transaction has given to what is created. */
  assignedId?: string;
  /** The address stands for a condition that a transaction has resolved. */
  byCondition?: true;
}

export interface Exchange {
  method: string;
  /** Path below the base and query, as sent: `DocumentReference?patient=x`. */
  url: string;
  /** Absolute address of the FHIR base, without a slash at the end. */
  base: string;
  params: Params;
  /** Name in the route table: `read`, `conditional-update`, `$meta`. */
  interaction: string;
  audit: AuditCodes;
  /** Decoded, in the order sent, without `_format` and `_pretty`; a form's fields (POST `_search`) after those of the URL. */
  query: [string, string][];
  /** `_format` as sent. */
  format?: string;
  assignedId?: string;
  /** The address stood for a condition, as an entry of a transaction had it. */
  byCondition?: true;
  /** Lower-case name. */
  header: (name: string) => string | undefined;
  prefer: Prefer;
  body?: Body;
  subject: Subject;
  /** The resource that the address names, where it was read with the token. */
  ahead?: Ahead;
  /** By resource type, the profiles of which what is written must hold to one; none where the deployment asks for none. */
  required?: ReadonlyMap<string, readonly string[]>;
  store: ScopedStore;
  /** X-Request-Id, as sent or made. */
  requestId: string;
  /** Of `traceparent`, as sent, or of the span that stands for the request. */
  traceId?: string;
  /** The network address that the request came from. */
  address: string;
  /**
   * Another interaction inside this one (batch, transaction entries): same caller; a store and a trace of its own
   * unless a store is given. Scope is checked as for a request of its own; throws FhirError.
   */
  dispatch: (entry: Entry, store?: ScopedStore) => Promise<Answer>;
}

/** An exchange before its store is open: what is known of a request that the scopes refuse. */
export type Trace = Omit<Exchange, 'store' | 'dispatch'>;

/** Bytes that leave as they are read. */
export class Flow {
  readonly size: number;
  readonly read: () => AsyncIterable<Buffer>;

  constructor(size: number, read: () => AsyncIterable<Buffer>) {
    this.size = size;
    this.read = read;
  }
}

export interface Answer {
  status: number;
  /** Lower-case names. */
  headers?: Record<string, string>;
  /** A resource to be rendered, or finished bytes of FHIR JSON, or content with its own `content-type` header. */
  body?: Resource | Buffer | Flow;
  /** It tells of absence: it leaves on a tick. */
  paced?: boolean;
  /** When the version was made, milliseconds: HTTP's own header tells seconds only. */
  at?: number;
}

export type Interaction = (exchange: Exchange) => Promise<Answer>;
