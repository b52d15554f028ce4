/** Listings, proposals, reports and trusted issuers as MongoDB holds them: nothing of patients, so in clear. */
import type { Issuer } from '../../catalogue/issuer.ts';
import type { Listing, State } from '../../catalogue/listing.ts';
import type { Report, Shelf } from '../../catalogue/ports.ts';
import type { Proposal } from '../../catalogue/proposal.ts';
import { find } from '../command.ts';
import type { Database } from '../database.ts';
import { isDuplicate } from '../fault.ts';

export interface ListingDoc {
  _id: string;
  version: number;
  state: State;
  listing: Listing;
}

export interface ProposalDoc {
  _id: string;
  state: Proposal['state'];
  at: number;
  proposal: Proposal;
}

export interface ReportDoc extends Omit<Report, 'id'> {
  _id: string;
}

export interface IssuerDoc extends Issuer {
  _id: string;
}

const TIME = { maxTimeMS: 10_000 };

export class MongoShelf implements Shelf {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async listing(id: string): Promise<Listing | undefined> {
    return (await find(this.#database.listings, { _id: id }))[0]?.listing;
  }

  async listings(states: readonly State[], limit: number): Promise<Listing[]> {
    const found = await find(
      this.#database.listings,
      { state: { $in: [...states] } },
      { limit, hint: 'state' },
    );
    return found.map(({ listing }) => listing).sort((a, b) => a.name.fr.localeCompare(b.name.fr, 'fr'));
  }

  async keep(listing: Listing): Promise<boolean> {
    const { id, version, state } = listing;
    const doc = { version, state, listing };
    if (version > 1) {
      const before = { _id: id, version: version - 1 };
      return (await this.#database.listings.replaceOne(before, doc, TIME)).matchedCount === 1;
    }
    return inserted(() => this.#database.listings.insertOne({ _id: id, ...doc }, TIME));
  }

  async proposal(id: string): Promise<Proposal | undefined> {
    return (await find(this.#database.proposals, { _id: id }))[0]?.proposal;
  }

  async proposals(state: Proposal['state'], limit: number): Promise<Proposal[]> {
    const options = { sort: { at: -1 as const }, limit, hint: 'state_at' };
    return (await find(this.#database.proposals, { state }, options)).map(({ proposal }) => proposal);
  }

  async openProposal(kind: Proposal['kind'], about: string): Promise<Proposal | undefined> {
    const asked = { state: 'open', 'proposal.kind': kind, 'proposal.about': about };
    const options = { sort: { at: -1 as const }, limit: 1, hint: 'state_at' };
    return (await find(this.#database.proposals, asked, options))[0]?.proposal;
  }

  async propose(proposal: Proposal): Promise<void> {
    const { id, state, at } = proposal;
    await this.#database.proposals.insertOne({ _id: id, state, at, proposal }, TIME);
  }

  async decide(proposal: Proposal): Promise<boolean> {
    const { id, state } = proposal;
    const decided = await this.#database.proposals.updateOne(
      { _id: id, state: 'open' },
      { $set: { state, proposal } },
      TIME,
    );
    return decided.matchedCount === 1;
  }

  async refuse(
    kind: Proposal['kind'],
    about: string,
    decided: NonNullable<Proposal['decided']>,
  ): Promise<void> {
    await this.#database.proposals.updateMany(
      { state: 'open', 'proposal.kind': kind, 'proposal.about': about },
      { $set: { state: 'refused', 'proposal.state': 'refused', 'proposal.decided': decided } },
      { hint: 'state_at', ...TIME },
    );
  }

  async reopen(proposal: Proposal): Promise<void> {
    const open = { $set: { state: 'open' as const, proposal } };
    await this.#database.proposals.updateOne({ _id: proposal.id, state: 'confirmed' }, open, TIME);
  }

  async report({ id, ...report }: Report): Promise<void> {
    await this.#database.reports.insertOne({ _id: id, ...report }, TIME);
  }

  async reports(limit: number): Promise<Report[]> {
    const found = await find(this.#database.reports, {}, { sort: { at: -1 }, limit, hint: 'at' });
    return found.map(({ _id: id, ...report }) => ({ id, ...report }));
  }

  async issuer(issuer: string): Promise<Issuer | undefined> {
    const [found] = await find(this.#database.issuers, { _id: issuer });
    return found === undefined ? undefined : issuerOf(found);
  }

  async trust(issuer: Issuer): Promise<void> {
    await this.#database.issuers.replaceOne({ _id: issuer.issuer }, issuer, { upsert: true, ...TIME });
  }

  async distrust(issuer: string): Promise<boolean> {
    return (await this.#database.issuers.deleteOne({ _id: issuer }, TIME)).deletedCount === 1;
  }
}

const issuerOf = ({ _id, ...issuer }: IssuerDoc): Issuer => issuer;

async function inserted(insert: () => Promise<unknown>): Promise<boolean> {
  try {
    await insert();
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}
