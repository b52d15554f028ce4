/** Registered software: https://datatracker.ietf.org/doc/html/rfc7591#section-2 */
import { createHash, type JsonWebKey, timingSafeEqual } from 'node:crypto';
import type { CertificateName } from './certified.ts';

/**
 * How it shows that it is itself; `none`: a public client, that keeps no secret; `self_signed_tls_client_auth`: by a TLS
 * certificate that stands in its keys, https://datatracker.ietf.org/doc/html/rfc8705#section-2.2; `tls_client_auth`: by one of a
 * trusted authority that carries its name, see certified.ts
 */
export type ClientAuth =
  'none' | 'client_secret' | 'private_key_jwt' | 'self_signed_tls_client_auth' | 'tls_client_auth';

export interface Client {
  id: string;
  /** As people read it. */
  name: string;
  auth: ClientAuth;
  /** SHA-256 of the generated secret, in hex. */
  secretHash?: string;
  /** Its tokens hold over TLS with the certificate alone with which they were asked for; always where that is its `auth`. */
  certificateBound?: true;
  /** With `tls_client_auth`, and there alone. */
  certificateName?: CertificateName;
  /** Its public keys, here or where to read them. */
  jwks?: { keys: JsonWebKey[] };
  jwksUri?: string;
  /** Compared exactly. */
  redirectUris: string[];
  /** Where an EHR opens it. */
  launchUri?: string;
  /** The most that it may be given, as OAuth's string. */
  scope: string;
  /** `Device/x`: as whom patients connect it. */
  device?: string;
  /** Its listing justifies that it is told national identifiers. */
  ins?: boolean;
  /** Whom its listing was reviewed for: nobody else uses it. Absent: whoever it can be for. */
  audience?: 'patients' | 'professionals';
  /** What its listing tells people of it. */
  about?: { publisher: string; purpose: { fr: string; en: string } };
  /** Milliseconds: when the review of the app ends; patients are asked again then. */
  reviewedUntil?: number;
  /** `Organization/x`: whose system it is, with what its own tokens carry. */
  system?: { organization: string; rights: string[]; idPrefixes: string[] };
  /** A system that acts for professionals. */
  persons?: ForPersons;
  /** May ask about tokens that aren't its own. */
  introspects?: boolean;
  /** May begin the launch of an app. */
  launches?: boolean;
  idTokenAlgorithm?: 'RS256' | 'ES256';
}

export interface ForPersons {
  /** The most that their tokens may say. */
  scope: string;
  /** By which ids a provider of ours knows the system, to which they log in there. */
  upstreamClients?: readonly string[];
  /** It names them by its own word: docs/decisions/0029-asserted-persons.md */
  asserts?: true;
}

/** INVARIANT: who writes the directory names nobody: it would say itself who works there. */
export function mayAssert({ persons, system }: Pick<Client, 'persons' | 'system'>): boolean {
  return persons?.asserts === true && system !== undefined && !system.rights.includes('directory.write');
}

/** As whom patients connect an app of the catalogue. */
export const deviceOf = (id: string): string => `Device/app-${id}`;

export interface Clients {
  /** Undefined: unknown, or suspended. The life is what its tokens hang on, see grants.ts. */
  find(id: string): Promise<{ client: Client; life: string } | undefined>;
  /** Suspended or not: its id is another's no more. */
  isTaken(id: string): Promise<boolean>;
  /** New, or in place of what it was; tokens of what it was end. */
  register(client: Client): Promise<void>;
  /** Its tokens end with it, in every process; false: there is no such client. */
  suspend(id: string): Promise<boolean>;
  resume(id: string): Promise<boolean>;
}

export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

export function isSecret(secret: string, hash: string | undefined): boolean {
  if (hash === undefined) return false;
  return timingSafeEqual(Buffer.from(secretHash(secret), 'hex'), Buffer.from(hash, 'hex'));
}
