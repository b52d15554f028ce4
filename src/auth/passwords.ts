/** Passwords, as they are kept: by argon2id, https://datatracker.ietf.org/doc/html/rfc9106 */
import { randomBytes } from 'node:crypto';
import { argon2id, argon2Verify } from 'hash-wasm';

/** https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id; memory in KiB */
const COST = { memorySize: 19_456, iterations: 2, parallelism: 1, hashLength: 32 } as const;
const SALT = 16;

/** As text that says how it was made, with a salt of its own. */
export function passwordHash(password: string): Promise<string> {
  return argon2id({ ...COST, password, salt: randomBytes(SALT), outputType: 'encoded' });
}

export async function isPassword(sent: string, hash: string): Promise<boolean> {
  // the library takes none that is empty
  return sent !== '' && argon2Verify({ password: sent, hash });
}
