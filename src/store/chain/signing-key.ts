/** The key that signs the checkpoints of the chain: beside the key file, made at the first start. */
import {
  type KeyObject,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
} from 'node:crypto';
import { link, mkdir, open, readFile, readdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export const SIGNING_KEY = 'audit-signing.pem';
/** Those of before, and of other machines, may lie beside it: public halves are enough. */
const ANY = /^audit-signing[\w.-]*\.pem$/;

/** @param keyFile the file of the key-encryption keys */
export async function signingKey(keyFile: string): Promise<KeyObject> {
  const path = join(dirname(keyFile), SIGNING_KEY);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return createPrivateKey(text ?? (await makeKey(path)));
}

async function makeKey(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync('ed25519');
  const draft = `${path}.${randomUUID()}.tmp`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await file.sync();
  } finally {
    await file.close();
  }
  // of two starts at once one key wins, and both read it
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await unlink(draft);
  return readFile(path, 'utf8');
}

/** Every key whose signature counts. */
export async function trustedKeys(keyFile: string): Promise<KeyObject[]> {
  const folder = dirname(keyFile);
  const names = (await readdir(folder)).filter((name) => ANY.test(name)).sort();
  return Promise.all(names.map(async (name) => createPublicKey(await readFile(join(folder, name), 'utf8'))));
}

export async function publicKey(keyFile: string): Promise<string> {
  return createPublicKey(await signingKey(keyFile)).export({ format: 'pem', type: 'spki' }) as string;
}
