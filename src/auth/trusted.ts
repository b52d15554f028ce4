/** Outside issuers that stewards trust while the server runs: looked up when a token names one, remembered briefly. */
import { KeySet, keySource } from './keys.ts';
import type { Bounds, Issuer } from './token.ts';
import type { Role } from '../consent/subject.ts';

/** As it is kept; see catalogue/issuer.ts. */
export interface Trusted extends Bounds {
  jwksUri: string;
  roles: readonly Role[];
}

/** Milliseconds: one that is trusted no more is refused within this, and a token of it that was good within a minute more. */
const REMEMBERED = 30_000;
/** Names that tokens made up are remembered too. */
const MOST = 1000;
/** Seconds. */
const LONGEST_TOKEN = 3600;

interface Known {
  issuer: Issuer | undefined;
  /** What it was made of. */
  made: string;
  at: number;
}

export class TrustedIssuers {
  readonly #find: (issuer: string) => Promise<Trusted | undefined>;
  readonly #audience: string;
  readonly #known = new Map<string, Known>();

  /** @param audience `aud` of their tokens */
  constructor(find: (issuer: string) => Promise<Trusted | undefined>, audience: string) {
    this.#find = find;
    this.#audience = audience;
  }

  async issuer(name: string): Promise<Issuer | undefined> {
    const known = this.#known.get(name);
    if (known !== undefined && Date.now() - known.at < REMEMBERED) return known.issuer;
    const trusted = await this.#find(name);
    const made = JSON.stringify(trusted) ?? '';
    // its keys stay read as long as it stays what it is
    const issuer = known?.made === made ? known.issuer : trusted && this.#made(name, trusted);
    if (this.#known.size >= MOST) this.#known.delete(this.#known.keys().next().value!);
    this.#known.delete(name);
    this.#known.set(name, { issuer, made, at: Date.now() });
    return issuer;
  }

  #made(issuer: string, { jwksUri, roles, organizations, purposes, emergencies }: Trusted): Issuer {
    return {
      issuer,
      audience: this.#audience,
      algorithms: ['RS256', 'RS384', 'ES256', 'ES384', 'PS256'],
      keys: new KeySet(keySource(jwksUri)),
      roles: new Set(roles),
      maxAge: LONGEST_TOKEN,
      bounds: {
        ...(organizations === undefined ? {} : { organizations }),
        purposes: purposes ?? ['TREAT', 'PATRQT'],
        emergencies,
      },
    };
  }
}
