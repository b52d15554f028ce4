/**
 * Keys: each patient's data key, wrapped by a key-encryption key that is kept apart; and the few keys of the
 * server's own (terms, page links). Destroying a patient's record here erases the patient.
 */
import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { FhirError } from '../../fhir/outcome.ts';
import { Gather } from '../gather.ts';
import { addKey, readKeyFile, readOrMakeKeyFile } from './key-file.ts';
import type { Records } from '../records/records.ts';
import { seal, unseal } from './sealing.ts';

export interface Wrapped {
  wrapped: Buffer;
  /** Name of the key-encryption key. */
  kek: string;
}

/** What a key management service must offer; a file does for one machine. */
export interface KeyEncryption {
  /** Under the current key. */
  wrap(key: Buffer, about: string): Promise<Wrapped>;
  unwrap(wrapped: Buffer, kek: string, about: string): Promise<Buffer>;
  /** A key for one purpose of the server's own, the same each time. */
  derive(purpose: string): Buffer;
}

export const WRONG_KEYS =
  'the key file is not the one that this database was written with: restore it beside the data';

/** Key-encryption keys in a file that only its owner may read; a rotation may add one at any time. */
export async function keyFile(path: string): Promise<KeyEncryption> {
  let file = await readOrMakeKeyFile(path);
  const keyOf = (name: string): Buffer | undefined =>
    Object.hasOwn(file.keys, name) ? Buffer.from(file.keys[name]!, 'base64') : undefined;
  return {
    async wrap(key, about) {
      // INVARIANT: under the key that is current now: one of before may be dropped
      file = await readKeyFile(path);
      return { wrapped: seal(keyOf(file.current)!, key, about), kek: file.current };
    },
    async unwrap(wrapped, kek, about) {
      if (keyOf(kek) === undefined) file = await readKeyFile(path);
      try {
        return unseal(keyOf(kek)!, wrapped, about);
      } catch (cause) {
        throw new Error(WRONG_KEYS, { cause });
      }
    },
    derive: (purpose) =>
      Buffer.from(
        hkdfSync('sha256', Buffer.from(file.root, 'base64'), Buffer.alloc(0), `carnet ${purpose}`, 32),
      ),
  };
}

/** For whoever works beside a server: none are made, for with others nothing would be right. */
export async function existingKeys(path: string): Promise<KeyEncryption> {
  await readKeyFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause;
    throw new Error(`there is no key file \`${path}\`: set KEY_FILE to the server's`, { cause });
  });
  return keyFile(path);
}

/** Makes a new key-encryption key and wraps all data keys under it; the data stays as it is. */
export async function rotate(
  records: Records['keys'],
  path: string,
  tell: (done: number) => void,
): Promise<number> {
  const used = new Set(await records.distinct('kek'));
  const { current } = await addKey(path, (name) => used.has(name));
  const encryption = await keyFile(path);
  let done = 0;
  const others = records.find({ kek: { $ne: current }, wrapped: { $exists: true } }).lean();
  for await (const { _id, wrapped, kek } of others.cursor({ batchSize: 500 })) {
    const key = await encryption.unwrap(bytesOf(wrapped!), kek!, about(_id));
    const set = await encryption.wrap(key, about(_id));
    done += (await records.updateOne({ _id, kek }, { $set: set }, DURABLE)).modifiedCount;
    if (done % 500 === 0) tell(done);
  }
  return done;
}

const CACHED = 20_000;
/** In another process an erased patient's key is forgotten after this. Milliseconds. */
const REMEMBERED = 60_000;
const DURABLE = { writeConcern: { w: 'majority', j: true } } as const;

export class KeyRing {
  readonly #records: Records['keys'];
  readonly #encryption: KeyEncryption;
  readonly #known = new Map<string, { key: Buffer; until: number }>();
  readonly #loading: Gather<Buffer>;

  constructor(records: Records['keys'], encryption: KeyEncryption) {
    this.#records = records;
    this.#encryption = encryption;
    this.#loading = new Gather((patients) => this.#load(patients));
  }

  derive(purpose: string): Buffer {
    return this.#encryption.derive(purpose);
  }

  /** Undefined when there is none: never made, or destroyed. */
  get(patient: string): Buffer | Promise<Buffer | undefined> {
    const known = this.#known.get(patient);
    return known !== undefined && known.until > Date.now() ? known.key : this.#loading.get(patient);
  }

  /** The data keys of these patients, made where there are none yet. */
  async ensure(patients: Iterable<string>): Promise<Map<string, Buffer>> {
    const found = new Map<string, Buffer>();
    const missing: string[] = [];
    for (const patient of new Set(patients)) {
      const key = await this.get(patient);
      if (key === undefined) missing.push(patient);
      else found.set(patient, key);
    }
    if (missing.length > 0) {
      await Promise.all(missing.map((patient) => this.#make(patient)));
      const made = await this.#load(missing);
      for (const patient of missing) {
        const key = made.get(patient);
        if (key === undefined)
          throw new FhirError('business-rule', 'the data of this patient was erased: nothing can be added');
        found.set(patient, key);
      }
    }
    return found;
  }

  /** INVARIANT: for good. What stays of the record keeps a new key from being made, under which nothing old would open. */
  async destroy(patient: string): Promise<void> {
    await this.#records.updateOne(
      { _id: patient },
      { $set: { destroyedAt: new Date() }, $unset: { wrapped: 1, kek: 1 } },
      { upsert: true, ...DURABLE },
    );
    this.#known.delete(patient);
  }

  async #make(patient: string): Promise<void> {
    const made = await this.#encryption.wrap(randomBytes(32), about(patient));
    await this.#records.updateOne(
      { _id: patient },
      { $setOnInsert: { ...made, madeAt: new Date() } },
      { upsert: true, ...DURABLE },
    );
  }

  async #load(patients: string[]): Promise<Map<string, Buffer>> {
    const found = new Map<string, Buffer>();
    for (const { _id, wrapped, kek } of await this.#records.find({ _id: { $in: patients } }).lean()) {
      if (wrapped === undefined || kek === undefined) continue;
      const key = await this.#encryption.unwrap(bytesOf(wrapped), kek, about(_id));
      found.set(_id, key);
      if (this.#known.size >= CACHED) this.#known.delete(this.#known.keys().next().value!);
      this.#known.set(_id, { key, until: Date.now() + REMEMBERED });
    }
    return found;
  }
}

/** What the driver hands over without mongoose's own casting. */
function bytesOf(wrapped: Buffer): Buffer {
  return Buffer.isBuffer(wrapped) ? wrapped : Buffer.from((wrapped as { buffer: Uint8Array }).buffer);
}

function about(patient: string): string {
  return `data key of ${patient}`;
}

/** Tells two term keys apart without telling either. */
export function fingerprint(key: Buffer): string {
  return createHmac('sha256', key).update('fingerprint').digest('hex').slice(0, 16);
}
