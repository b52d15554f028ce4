/** The demo's people as accounts, and the form's check of their password. They exist only when DEMO is on. */
import type { Account, Accounts, PasswordLogin } from '../auth/accounts.ts';
import { isPassword, passwordHash } from '../auth/passwords.ts';
import { type CallerName, demoCallers } from './callers.ts';

/** Who logs in with a form: people, not systems. */
const PEOPLE: readonly CallerName[] = [
  'patient',
  'father',
  'child',
  'teen',
  'grandmother',
  'gp',
  'dentist',
  'emergency',
  'samu',
];

const accounts = new Map(PEOPLE.map((name) => [`demo ${name}`, accountOf(name)]));

export const demoAccounts: Accounts = { find: async (id) => accounts.get(id) };

export function demoPasswords(password: string): PasswordLogin {
  const hash = passwordHash(password);
  return {
    async check(user, sent) {
      // as long for a name that nobody has
      const isRight = await isPassword(sent, await hash);
      return isRight ? accounts.get(`demo ${user}`)?.id : undefined;
    },
  };
}

/** `{ gp: { user, password }, … }` */
export function demoLogins(password: string): Record<string, { user: string; password: string }> {
  return Object.fromEntries(PEOPLE.map((user) => [user, { user, password }]));
}

function accountOf(caller: CallerName): Account {
  const { role, reference, related, organizations, profession, purposes, regulator, name } =
    demoCallers[caller];
  const person = { role, reference, related, organizations, profession, purposes, regulator, name };
  return { id: `demo ${caller}`, persons: [person] };
}
