/** The fixed-schema records that are no FHIR resources. They live apart from health data and its backups. */
import mongoose, { type Connection, type Model, type Schema } from 'mongoose';

export interface DataKeyRecord {
  /** The patient's id; empty for what is nobody's. */
  _id: string;
  /** Absent, like `kek`, once it was destroyed: the patient is erased. */
  wrapped?: Buffer;
  /** Which key-encryption key wrapped it. */
  kek?: string;
  madeAt?: Date;
  destroyedAt?: Date;
}

export interface LayoutRecord {
  _id: string;
  /** Version of the stored form: see layout.ts. */
  layout: number;
  /** How far the documents have been indexed again for a layout. */
  reindexing?: { layout: number; rules?: string; among: string; after: string };
  /** Of the national rules that documents are found by: see layout.ts. */
  rules?: string;
  /** Where the last server to start serves it: own absolute addresses are known by it. */
  base?: string;
  /** Fingerprint of the term key, so that a restored database never meets another's keys. */
  termKey: string;
  migratedAt: Date;
  /** Persons of suspended accounts are marked: see shut-older.ts. */
  areShut?: boolean;
  /** Versions that came after a deletion say so: see anew-older.ts. */
  tellAnew?: boolean;
}

export interface Records {
  keys: Model<DataKeyRecord>;
  layout: Model<LayoutRecord>;
}

const options = {
  id: false,
  versionKey: false,
  autoIndex: false,
  autoCreate: false,
  bufferCommands: false,
} as const;

const dataKey: Schema<DataKeyRecord> = new mongoose.Schema<DataKeyRecord>(
  {
    _id: { type: String, required: false, maxLength: 80 },
    wrapped: { type: Buffer },
    kek: { type: String },
    madeAt: { type: Date },
    destroyedAt: { type: Date },
  },
  { ...options, collection: 'keys', _id: false },
);

const layout: Schema<LayoutRecord> = new mongoose.Schema<LayoutRecord>(
  {
    _id: { type: String, required: true },
    layout: { type: Number, required: true, min: 1 },
    reindexing: { type: { layout: Number, rules: String, among: String, after: String, _id: false } },
    rules: { type: String },
    base: { type: String },
    termKey: { type: String, required: true },
    migratedAt: { type: Date, required: true },
    areShut: { type: Boolean },
    tellAnew: { type: Boolean },
  },
  { ...options, collection: 'layout', _id: false },
);

export function recordsOf(keysConnection: Connection, dataConnection: Connection): Records {
  return {
    keys: keysConnection.model<DataKeyRecord>('DataKey', dataKey),
    layout: dataConnection.model<LayoutRecord>('Layout', layout),
  };
}
