/**
 * Keys: each patient's data key, wrapped by a key-encryption key that is kept apart; and the few keys of the
 * server's own (terms, page links). Destroying a patient's record here erases the patient.
 */
import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Gather } from './gather.ts';
import type { Records } from './records.ts';
import { seal, unseal } from './sealing.ts';

/** What a key management service must offer; a file does for one machine. */
export interface KeyEncryption {
  /** Name of the current key. */
  readonly current: string;
  wrap(key: Buffer, about: string): Promise<Buffer>;
  unwrap(wrapped: Buffer, kek: string, about: string): Promise<Buffer>;
  /** A key for one purpose of the server's own, the same each time. */
  derive(purpose: string): Buffer;
}

interface KeyFile {
  current: string;
  keys: Record<string, string>;
  root: string;
}

/** Key-encryption keys in a file that only its owner may read: `{current, keys: {name: base64}, root}`. */
export async function keyFile(path: string): Promise<KeyEncryption> {
  const file = await readOrMake(path);
  const keys = new Map(Object.entries(file.keys).map(([name, key]) => [name, Buffer.from(key, 'base64')]));
  const root = Buffer.from(file.root, 'base64');
  const keyOf = (name: string): Buffer => {
    const key = keys.get(name);
    if (key?.length !== 32) throw new Error(`key-encryption key ${name} is not in the key file`);
    return key;
  };
  keyOf(file.current);
  return {
    current: file.current,
    wrap: async (key, about) => seal(keyOf(file.current), key, about),
    unwrap: async (wrapped, kek, about) => unseal(keyOf(kek), wrapped, about),
    derive: (purpose) => Buffer.from(hkdfSync('sha256', root, Buffer.alloc(0), `carnet ${purpose}`, 32)),
  };
}

async function readOrMake(path: string): Promise<KeyFile> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as KeyFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const name = `k${new Date().toISOString().slice(0, 10)}`;
  const made: KeyFile = {
    current: name,
    keys: { [name]: randomBytes(32).toString('base64') },
    root: randomBytes(32).toString('base64'),
  };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.tmp`;
  await writeFile(draft, JSON.stringify(made, null, 2), { mode: 0o600 });
  await chmod(draft, 0o600);
  try {
    // a link never replaces: of two starts at once, one key file wins and both read it
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  return JSON.parse(await readFile(path, 'utf8')) as KeyFile;
}

const CACHED = 20_000;

export class KeyRing {
  readonly #records: Records['keys'];
  readonly #encryption: KeyEncryption;
  readonly #known = new Map<string, Buffer>();
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
    return this.#known.get(patient) ?? this.#loading.get(patient);
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
      for (const [patient, key] of await this.#load(missing)) found.set(patient, key);
    }
    return found;
  }

  async #make(patient: string): Promise<void> {
    const wrapped = await this.#encryption.wrap(randomBytes(32), about(patient));
    await this.#records.updateOne(
      { _id: patient },
      { $setOnInsert: { wrapped, kek: this.#encryption.current, madeAt: new Date() } },
      { upsert: true, writeConcern: { w: 'majority', j: true } },
    );
  }

  async #load(patients: string[]): Promise<Map<string, Buffer>> {
    const found = new Map<string, Buffer>();
    for (const record of await this.#records.find({ _id: { $in: patients } }).lean()) {
      const wrapped = Buffer.isBuffer(record.wrapped)
        ? record.wrapped
        : Buffer.from((record.wrapped as { buffer: Uint8Array }).buffer);
      const key = await this.#encryption.unwrap(wrapped, record.kek, about(record._id));
      found.set(record._id, key);
      if (this.#known.size >= CACHED) this.#known.delete(this.#known.keys().next().value!);
      this.#known.set(record._id, key);
    }
    return found;
  }
}

function about(patient: string): string {
  return `data key of ${patient}`;
}

/** Tells two term keys apart without telling either. */
export function fingerprint(key: Buffer): string {
  return createHmac('sha256', key).update('fingerprint').digest('hex').slice(0, 16);
}
