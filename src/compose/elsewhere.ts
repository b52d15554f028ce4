/** Logins at OpenID providers, wired: our keys towards them, the accounts that they open, the codes of spaces. */
import type { ActivationCodes } from '../auth/activation.ts';
import { Clock } from '../auth/clock.ts';
import type { Logins } from '../auth/logins.ts';
import type { Upstream } from '../auth/upstream.ts';
import type { ResourceStore } from '../enforcement/ports.ts';
import { admission } from '../oauth/upstream/admit.ts';
import { OWN_ALGS, type OwnKey, OwnKeys, SIGNING } from '../oauth/upstream/own-keys.ts';
import { type Elsewhere, parties } from '../oauth/upstream/parties.ts';
import { MongoActivationCodes } from '../store/records/activation-codes.ts';
import type { Database } from '../store/database.ts';
import type { KeyRing } from '../store/keys/keys.ts';
import { MongoLogins } from '../store/records/logins.ts';
import { UpstreamKeys } from '../store/keys/upstream-keys.ts';

/** Codes are tried too seldom for their clock to go by what the last took. */
const CODES_TICK_MS = 200;

export interface Entrance {
  elsewhere: Elsewhere;
  logins: Logins;
  codes: ActivationCodes;
  /** Reads our keys towards providers again: another process may have rotated them. */
  readKeys(): Promise<void>;
}

export async function entrance(
  upstreams: readonly Upstream[],
  issuer: string,
  { database, ring, port }: { database: Database; ring: KeyRing; port: ResourceStore },
): Promise<Entrance> {
  const logins = new MongoLogins(database, ring);
  const codes = new MongoActivationCodes(database, ring);
  const algs = OWN_ALGS.filter((alg) => upstreams.some((upstream) => needs(upstream, alg)));
  const kept = new UpstreamKeys(database, ring);
  const read = async (): Promise<OwnKey[]> => (await kept.all(algs, Date.now())) as OwnKey[];
  const keys = new OwnKeys(await read());
  return {
    logins,
    codes,
    async readKeys() {
      keys.replace(await read());
    },
    elsewhere: {
      upstreams,
      party: parties(upstreams, issuer, keys),
      ...admission({ logins, codes, port }),
      clock: new Clock(CODES_TICK_MS),
      async joinable(account) {
        const { persons = [] } = (await logins.find(account)) ?? {};
        return persons.length === 0 || persons.some(({ role }) => role === 'patient')
          ? []
          : upstreams.filter(({ claims }) => claims === 'franceconnect');
      },
      nameOf: (arrived) => logins.nameOf(arrived),
      published: () => keys.published(),
    },
  };
}

function needs({ client, encryption }: Upstream, alg: string): boolean {
  return alg === encryption || (alg === SIGNING && client.auth === 'private_key_jwt');
}
