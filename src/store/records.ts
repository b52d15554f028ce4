/** The fixed-schema records that are no FHIR resources. They live apart from health data and its backups. */
import mongoose, { type Connection, type Model, type Schema } from 'mongoose';

export interface DataKeyRecord {
  /** The patient's id; empty for what is nobody's. */
  _id: string;
  wrapped: Buffer;
  /** Which key-encryption key wrapped it. */
  kek: string;
  madeAt: Date;
}

export interface LayoutRecord {
  _id: string;
  /** Version of the stored form: see migrations.ts. */
  layout: number;
  /** Fingerprint of the term key, so that a restored database never meets another's keys. */
  termKey: string;
  migratedAt: Date;
}

export interface Records {
  keys: Model<DataKeyRecord>;
  layout: Model<LayoutRecord>;
}

const options = { id: false, versionKey: false, autoIndex: false, autoCreate: false, bufferCommands: false } as const;

const dataKey: Schema<DataKeyRecord> = new mongoose.Schema<DataKeyRecord>(
  {
    _id: { type: String, required: false, maxLength: 80 },
    wrapped: { type: Buffer, required: true },
    kek: { type: String, required: true },
    madeAt: { type: Date, required: true },
  },
  { ...options, collection: 'keys', _id: false },
);

const layout: Schema<LayoutRecord> = new mongoose.Schema<LayoutRecord>(
  {
    _id: { type: String, required: true },
    layout: { type: Number, required: true, min: 1 },
    termKey: { type: String, required: true },
    migratedAt: { type: Date, required: true },
  },
  { ...options, collection: 'layout', _id: false },
);

export function recordsOf(keysConnection: Connection, dataConnection: Connection): Records {
  return {
    keys: keysConnection.model<DataKeyRecord>('DataKey', dataKey),
    layout: dataConnection.model<LayoutRecord>('Layout', layout),
  };
}
