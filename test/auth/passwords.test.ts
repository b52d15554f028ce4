/** Passwords are kept so that a stolen hash says little, and each costs whoever guesses. */
import { isPassword, passwordHash } from '../../src/auth/passwords.ts';

it('are kept by argon2id, each with a salt of its own', async () => {
  const [one, two] = await Promise.all([passwordHash('a password'), passwordHash('a password')]);
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  expect(one).not.toBe(two);
  for (const hash of [one, two]) expect(await isPassword('a password', hash)).toBe(true);
});

it.each(['', 'a passwor', 'a password ', 'A password', 'x'.repeat(200)])(
  'another is another: %j',
  async (sent) => {
    expect(await isPassword(sent, await passwordHash('a password'))).toBe(false);
  },
);

it('is checked against what others made: the vector of RFC 9106’s reference implementation', async () => {
  const hash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  expect(await isPassword('password', hash)).toBe(true);
  expect(await isPassword('passwort', hash)).toBe(false);
});
