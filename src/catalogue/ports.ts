/** What the catalogue keeps, declared here and implemented by the store. */
import type { Issuer } from './issuer.ts';
import type { Listing, State } from './listing.ts';
import type { Proposal } from './proposal.ts';

export interface Report {
  id: string;
  listing: string;
  text: string;
  at: number;
}

export interface Shelf {
  listing(id: string): Promise<Listing | undefined>;
  /** By name; those in these states. At most `limit`. */
  listings(states: readonly State[], limit: number): Promise<Listing[]>;
  /** False: it has changed meanwhile, or is there already (version 1). */
  keep(listing: Listing): Promise<boolean>;

  proposal(id: string): Promise<Proposal | undefined>;
  /** The newest that is open. */
  openProposal(kind: Proposal['kind'], about: string): Promise<Proposal | undefined>;
  /** The newest first. */
  proposals(state: Proposal['state'], limit: number): Promise<Proposal[]>;
  propose(proposal: Proposal): Promise<void>;
  /** Once: false when it was decided before. */
  decide(proposal: Proposal): Promise<boolean>;
  /** All that are open about it. */
  refuse(kind: Proposal['kind'], about: string, decided: NonNullable<Proposal['decided']>): Promise<void>;
  /** What was decided didn't come to pass. @param proposal as it was */
  reopen(proposal: Proposal): Promise<void>;

  report(report: Report): Promise<void>;
  /** The newest first. */
  reports(limit: number): Promise<Report[]>;

  issuer(issuer: string): Promise<Issuer | undefined>;
  trust(issuer: Issuer): Promise<void>;
  /** False: it wasn't trusted. */
  distrust(issuer: string): Promise<boolean>;
}
