/** The connection, the collections and their indexes. Nothing is served before the indexes stand. */
import {
  type Collection,
  GridFSBucket,
  type IndexDescription,
  MongoClient,
  MongoServerError,
  type Db,
} from 'mongodb';
import mongoose from 'mongoose';
import type { ArtifactDoc } from './records/artifacts.ts';
import type { LinkDoc } from './chain/link.ts';
import type { ClientDoc } from './records/clients.ts';
import type { Doc, HistoryDoc } from './document.ts';
import type { AssertedDoc, LoginDoc } from './records/logins.ts';
import { answerForLostSockets } from './lost-sockets.ts';
import type { LedgerDoc } from './traces/ledger.ts';
import type { ChoiceDoc, DeliveryDoc, GroupDoc, HoldDoc, NoticeDoc } from './outgoing/notices.ts';
import type { IssuerDoc, ListingDoc, ProposalDoc, ReportDoc } from './records/catalogue.ts';
import type { MergeDoc } from './merge/merges.ts';
import type { ExportDoc } from './records/exports.ts';
import type { GlassDoc } from './records/glass.ts';
import type { IssuerKeyDoc } from './keys/issuer-keys.ts';
import type { FollowerDoc, OutboxDoc } from './outgoing/outbox.ts';
import type { PieceDoc } from './content/pieces.ts';
import type { MailDoc } from './outgoing/post.ts';
import { type Records, recordsOf } from './records/records.ts';
import type { BindingDoc, EventDoc, SubscriptionDoc } from './outgoing/subscription-writes.ts';
import type { UpstreamKeyDoc } from './keys/upstream-keys.ts';

export interface PatientDoc {
  /** The patient's logical id. */
  _id: string;
  /** Raised by every write that can change a decision about the patient. */
  v: number;
  /** Some resource is the patient's and another's too. */
  shared?: boolean;
  /** The space isn't open. */
  closed?: boolean;
  /** Since then, milliseconds: the first write by which it closed. */
  closedAt?: number;
}

export interface LockDoc {
  _id: string;
  n: number;
  /** Locks that nobody has touched for a day are dropped. */
  touched: Date;
}

export interface Database {
  client: MongoClient;
  db: Db;
  /** Current versions of all types but AuditEvent. */
  resources: Collection<Doc>;
  history: Collection<HistoryDoc>;
  /** AuditEvents: the many that are written once and seldom read. */
  audit: Collection<Doc>;
  /** Of a patient's traces, how many there are of whom: see traces/ledger.ts. */
  tallies: Collection<LedgerDoc>;
  /** Links of the chains of traces that no record carries. */
  links: Collection<LinkDoc>;
  patients: Collection<PatientDoc>;
  locks: Collection<LockDoc>;
  outbox: Collection<OutboxDoc>;
  followers: Collection<FollowerDoc>;
  notices: Collection<NoticeDoc>;
  deliveries: Collection<DeliveryDoc>;
  mails: Collection<MailDoc>;
  holds: Collection<HoldDoc>;
  groups: Collection<GroupDoc>;
  choices: Collection<ChoiceDoc>;
  subscriptions: Collection<SubscriptionDoc>;
  subscriptionEvents: Collection<EventDoc>;
  bindings: Collection<BindingDoc>;
  listings: Collection<ListingDoc>;
  proposals: Collection<ProposalDoc>;
  reports: Collection<ReportDoc>;
  issuers: Collection<IssuerDoc>;
  glass: Collection<GlassDoc>;
  /** Records that were asked for as files. */
  exports: Collection<ExportDoc>;
  merges: Collection<MergeDoc>;
  /** Sessions, codes and tokens of the authorization server. */
  artifacts: Collection<ArtifactDoc>;
  clients: Collection<ClientDoc>;
  issuerKeys: Collection<IssuerKeyDoc>;
  /** Logins at OpenID providers. */
  logins: Collection<LoginDoc>;
  /** Professionals whom systems name, and those whom they may not name. */
  asserted: Collection<AssertedDoc>;
  upstreamKeys: Collection<UpstreamKeyDoc>;
  spill: GridFSBucket;
  /** Data of Binaries, once for each patient. */
  pieces: Collection<PieceDoc>;
  records: Records;
  /** Behind a mongos: counts must look at each document. */
  sharded: boolean;
  close(): Promise<void>;
}

/** Each chunk is a durable write of its own. Bytes. */
const SPILL_CHUNK = 4 * 1024 * 1024;

/** A compound index is sparse only where all its fields are missing: this leaves out what lacks the one that counts. */
const ONLY_WITH = (field: string) => ({ partialFilterExpression: { [field]: { $exists: true } } });

/** The index that serves a search is named here, so that a hint and a test can name it too. Each serves both orders. */
export const INDEXES = {
  resources: [
    { name: 'patient_type_date', key: { patient: 1, type: 1, date: -1, _id: 1, view: 1 } },
    {
      name: 'patient_type_terms_date',
      key: { patient: 1, type: 1, terms: 1, date: -1, _id: 1, view: 1 },
    },
    { name: 'patient_type_at', key: { patient: 1, type: 1, at: -1, _id: 1, view: 1 } },
    { name: 'patient_type_long', key: { patient: 1, type: 1 }, ...ONLY_WITH('long') },
    { name: 'others_type_date', key: { others: 1, type: 1, date: -1, _id: 1 }, ...ONLY_WITH('others') },
    { name: 'ids_type_date', key: { ids: 1, type: 1, date: -1, _id: 1 }, ...ONLY_WITH('ids') },
    { name: 'grants_patient', key: { grants: 1, patient: 1, _id: 1 }, ...ONLY_WITH('grants') },
    { name: 'type_at', key: { type: 1, at: -1, _id: 1 } },
    { name: 'by_type_at', key: { by: 1, type: 1, at: -1, _id: 1 } },
    { name: 'by_told', key: { by: 1, 'told.at': -1, _id: 1 }, ...ONLY_WITH('told') },
    { name: 'spill', key: { spill: 1 }, sparse: true },
    { name: 'content', key: { content: 1 }, sparse: true },
    { name: 'piece', key: { piece: 1 }, sparse: true },
    { name: 'inline', key: { 'inline.piece': 1 }, sparse: true },
    { name: 'held', key: { held: 1 }, sparse: true },
    { name: 'unclaimed', key: { unclaimed: 1 }, sparse: true },
  ],
  audit: [
    { name: 'patient_type_date', key: { patient: 1, type: 1, date: -1, _id: 1 } },
    { name: 'patient_type_at', key: { patient: 1, type: 1, at: -1, _id: 1 } },
    { name: 'patient_seek_date', key: { patient: 1, seek: 1, date: -1, _id: 1 } },
    { name: 'others_type_date', key: { others: 1, type: 1, date: -1, _id: 1 }, ...ONLY_WITH('others') },
    { name: 'ids_type_date', key: { ids: 1, type: 1, date: -1, _id: 1 }, ...ONLY_WITH('ids') },
    { name: 'type_at', key: { type: 1, at: -1, _id: 1 } },
    { name: 'authors_at', key: { authors: 1, at: -1, _id: 1 }, ...ONLY_WITH('authors') },
  ],
  history: [
    { name: 'rid_at', key: { rid: 1, at: -1 } },
    { name: 'patient_at', key: { patient: 1, at: -1, _id: 1 } },
    { name: 'others', key: { others: 1 }, ...ONLY_WITH('others') },
    { name: 'type_at', key: { type: 1, at: -1, _id: 1 } },
    { name: 'spill', key: { spill: 1 }, sparse: true },
    { name: 'content', key: { content: 1 }, sparse: true },
    { name: 'piece', key: { piece: 1 }, sparse: true },
    { name: 'inline', key: { 'inline.piece': 1 }, sparse: true },
    { name: 'held', key: { held: 1 }, sparse: true },
  ],
  'content.chunks': [{ name: 'files_id_1_n_1', key: { files_id: 1, n: 1 }, unique: true }],
  'content.files': [
    { name: 'digest', key: { 'metadata.digest': 1 } },
    { name: 'uploaded', key: { uploadDate: 1 } },
  ],
  links: [
    { name: 'at', key: { at: 1 } },
    { name: 'what_at', key: { what: 1, at: 1 }, ...ONLY_WITH('what') },
  ],
  patients: [{ name: 'closed', key: { closed: 1 }, sparse: true }],
  outbox: [
    { name: 'waiting', key: { waiting: 1, _id: 1 }, ...ONLY_WITH('waiting') },
    { name: 'n', key: { n: 1 }, unique: true, ...ONLY_WITH('n') },
    { name: 'parked', key: { parked: 1 }, ...ONLY_WITH('parked') },
  ],
  notices: [{ name: 'reader_patient_n', key: { reader: 1, patient: 1, n: -1, _id: 1 } }],
  deliveries: [
    { name: 'due', key: { due: 1 } },
    { name: 'reader_due', key: { reader: 1, due: 1 } },
  ],
  mails: [
    { name: 'reader', key: { reader: 1 }, unique: true, ...ONLY_WITH('open') },
    { name: 'next', key: { next: 1 }, ...ONLY_WITH('open') },
    { name: 'parked', key: { parked: 1 }, ...ONLY_WITH('parked') },
  ],
  holds: [
    { name: 'due', key: { due: 1 } },
    { name: 'name', key: { name: 1 } },
  ],
  subscriptions: [{ name: 'status_next', key: { status: 1, next: 1 } }],
  subscriptionEvents: [
    { name: 'subscription_number', key: { subscription: 1, number: 1 }, unique: true },
    { name: 'made', key: { made: 1 }, expireAfterSeconds: 604_800 },
  ],
  glass: [
    { name: 'who_until', key: { who: 1, until: -1 } },
    { name: 'until', key: { until: 1 }, expireAfterSeconds: 60 },
  ],
  exports: [
    { name: 'who_slot', key: { who: 1, slot: 1 }, unique: true },
    { name: 'open', key: { who: 1, open: 1 }, unique: true, ...ONLY_WITH('open') },
    { name: 'open_lease', key: { open: 1, lease: 1 }, ...ONLY_WITH('open') },
    { name: 'until', key: { until: 1 }, expireAfterSeconds: 0 },
  ],
  merges: [
    { name: 'due', key: { due: 1 } },
    { name: 'target', key: { target: 1 } },
  ],
  listings: [{ name: 'state', key: { state: 1 } }],
  proposals: [{ name: 'state_at', key: { state: 1, at: -1 } }],
  reports: [{ name: 'at', key: { at: -1 } }],
  bindings: [{ name: 'until', key: { until: 1 }, expireAfterSeconds: 60 }],
  artifacts: [
    { name: 'until', key: { until: 1 }, expireAfterSeconds: 0 },
    { name: 'uid', key: { uid: 1 }, ...ONLY_WITH('uid') },
    { name: 'grant', key: { grant: 1 }, ...ONLY_WITH('grant') },
    { name: 'session', key: { session: 1 }, ...ONLY_WITH('session') },
    { name: 'connection', key: { connection: 1 }, ...ONLY_WITH('connection') },
    { name: 'account', key: { account: 1 }, ...ONLY_WITH('account') },
  ],
  // as `rate-limiter-flexible` names them
  attempts: [
    { name: 'key_1', key: { key: 1 }, unique: true },
    { name: 'expire_-1', key: { expire: -1 }, expireAfterSeconds: 0 },
  ],
  logins: [{ name: 'account', key: { account: 1 } }],
  groups: [{ name: 'seen', key: { seen: 1 }, expireAfterSeconds: 172_800 }],
  locks: [{ name: 'touched', key: { touched: 1 }, expireAfterSeconds: 86_400 }],
} satisfies Record<string, IndexDescription[]>;

const OPTIONS = {
  promoteBuffers: true,
  promoteLongs: true,
  ignoreUndefined: true,
  retryWrites: true,
  retryReads: true,
  readConcernLevel: 'majority',
  readPreference: 'primary',
  writeConcern: { w: 'majority', journal: true },
  serverSelectionTimeoutMS: 10_000,
  connectTimeoutMS: 10_000,
  maxPoolSize: 32,
  appName: 'carnet',
} as const;

export async function connect(uri: string, name: string): Promise<Database> {
  answerForLostSockets();
  const client = new MongoClient(uri, OPTIONS);
  await client.connect();
  const db = client.db(name);
  const [keys, data] = [`${name}_keys`, name].map((dbName) => {
    const connection = mongoose.createConnection();
    connection.setClient(client);
    return connection.useDb(dbName, { useCache: false });
  });
  return {
    client,
    db,
    resources: db.collection('resources'),
    history: db.collection('history'),
    audit: db.collection('audit'),
    tallies: db.collection('tallies'),
    links: db.collection('links'),
    patients: db.collection('patients'),
    locks: db.collection('locks'),
    outbox: db.collection('outbox'),
    followers: db.collection('followers'),
    notices: db.collection('notices'),
    deliveries: db.collection('deliveries'),
    mails: db.collection('mails'),
    holds: db.collection('holds'),
    groups: db.collection('groups'),
    choices: db.collection('choices'),
    subscriptions: db.collection('subscriptions'),
    subscriptionEvents: db.collection('subscriptionEvents'),
    bindings: db.collection('bindings'),
    listings: db.collection('listings'),
    proposals: db.collection('proposals'),
    reports: db.collection('reports'),
    issuers: db.collection('issuers'),
    glass: db.collection('glass'),
    exports: db.collection('exports'),
    merges: db.collection('merges'),
    artifacts: db.collection('artifacts'),
    clients: db.collection('clients'),
    issuerKeys: db.collection('issuerKeys'),
    logins: db.collection('logins'),
    asserted: db.collection('asserted'),
    upstreamKeys: db.collection('upstreamKeys'),
    spill: new GridFSBucket(db, { bucketName: 'spill', chunkSizeBytes: SPILL_CHUNK }),
    pieces: db.collection('pieces'),
    sharded: (await db.admin().command({ hello: 1 })).msg === 'isdbgrid',
    records: recordsOf(keys!, data!),
    close: () => client.close(),
  };
}

/** @param tell called before what may take long */
export async function ensureIndexes(database: Database, tell: (what: string) => void): Promise<void> {
  for (const [name, indexes] of Object.entries(INDEXES)) {
    tell(`indexes of ${name}`);
    const collection = database.db.collection(name);
    try {
      await collection.createIndexes(indexes as IndexDescription[]);
    } catch (error) {
      if (!(error instanceof MongoServerError && MADE_OTHERWISE.has(error.code))) throw error;
      await dropOthers(collection, indexes as IndexDescription[]);
      await collection.createIndexes(indexes as IndexDescription[]);
    }
  }
}

/** IndexOptionsConflict, IndexKeySpecsConflict: an earlier server made an index of this name otherwise. */
const MADE_OTHERWISE = new Set<unknown>([85, 86]);

async function dropOthers(collection: Collection, wanted: readonly IndexDescription[]): Promise<void> {
  const formOf = ({ key, partialFilterExpression, sparse }: Partial<IndexDescription>): string =>
    JSON.stringify([key, partialFilterExpression, sparse]);
  for (const { name, ...made } of await collection.indexes()) {
    const other = wanted.some((each) => each.name === name && formOf(each) !== formOf(made));
    if (other) await collection.dropIndex(name!);
  }
}
