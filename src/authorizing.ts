/** The authorization server, wired: its records, its keys, its screens. */
import type { JsonWebKey } from 'node:crypto';
import type { Provider } from 'oidc-provider';
import type { Accounts, PasswordLogin } from './auth/accounts.ts';
import { opaqueSubject } from './auth/opaque.ts';
import type { Own } from './auth/token.ts';
import { mount, type Mounted } from './oauth/mount.ts';
import { createProvider } from './oauth/provider.ts';
import { Screens } from './oauth/screens.ts';
import { smartConfiguration } from './oauth/smart.ts';
import type { Job } from './ops/jobs.ts';
import type { Log } from './ops/log.ts';
import { MongoArtifacts } from './store/artifacts.ts';
import { MongoClients } from './store/clients.ts';
import type { Database } from './store/database.ts';
import { IssuerKeys } from './store/issuer-keys.ts';
import type { KeyRing } from './store/keys.ts';

export interface AuthorizingOptions {
  /** Absolute, without a slash at the end. */
  issuer: string;
  accounts: Accounts;
  passwords?: PasswordLogin;
}

export interface Authorizing {
  mounted: Mounted;
  own: Own;
  /** `.well-known/smart-configuration` */
  smart: Buffer;
  clients: MongoClients;
  jobs: Job[];
}

/** Milliseconds between two looks at the keys: one that was added is published in every process soon. */
const KEYS_EVERY = 60_000;

export async function authorizing(
  { issuer, accounts, passwords }: AuthorizingOptions,
  { database, ring, base, log }: { database: Database; ring: KeyRing; base: string; log: Log },
): Promise<Authorizing> {
  const artifacts = new MongoArtifacts(database, ring);
  const clients = new MongoClients(database);
  const keys = new IssuerKeys(database, ring);
  const failed = (err: unknown): void => log.error({ err }, 'the authorization server failed');
  const made = async (): Promise<{ provider: Provider; names: string }> => {
    const all = await keys.all(Date.now());
    const provider = await createProvider({
      issuer,
      base,
      keys: all,
      cookieKey: ring.derive('authorization cookies'),
      pairwiseKey: ring.derive('pairwise subjects'),
      artifacts,
      clients,
      accounts,
      failed,
    });
    return { provider, names: namesOf(all) };
  };
  let now = await made();
  return {
    mounted: mount({
      issuer,
      provider: () => now.provider,
      screens: new Screens({ issuer, artifacts, accounts, passwords }),
      artifacts,
      failed,
    }),
    own: (token) => opaqueSubject(artifacts, token),
    smart: Buffer.from(JSON.stringify(smartConfiguration(issuer))),
    clients,
    jobs: [
      {
        name: 'issuer keys',
        every: KEYS_EVERY,
        async run() {
          if (namesOf(await keys.all(Date.now())) !== now.names) now = await made();
        },
      },
    ],
  };
}

const namesOf = (keys: readonly JsonWebKey[]): string =>
  keys.map(({ kid }: JsonWebKey & { kid?: string }) => kid).join(' ');
