/** What stewards do with apps, clients and issuers: each step is traced before it is answered. */
import type { AccountEvent } from '../audit/identity/event.ts';
import type { AccountLog } from '../audit/identity/log.ts';
import { type Client, type Clients, deviceOf, secretHash } from '../auth/clients.ts';
import { FhirError } from '../fhir/outcome.ts';
import { randomSecret } from './secret.ts';
import { type Duty, type Steward, requireDuty } from './duty.ts';
import { type Issuer, issuerIn } from './issuer.ts';
import { connects, endOf, requireReviewed, stepBetween } from './lifecycle.ts';
import {
  CRITERIA,
  type Description,
  type Listing,
  type Review,
  type State,
  STATES,
  clientOf,
} from './listing.ts';
import type { Report, Shelf } from './ports.ts';
import { type Proposal, requireSecond } from './proposal.ts';
import { systemIn } from './system.ts';

export interface DeskOptions {
  shelf: Shelf;
  /** Absent: there is no authorization server here, and nothing can be registered. */
  clients?: Clients;
  log: AccountLog;
  /** Only synthetic people live here: candidates may be tried. */
  isSandbox: boolean;
  /** Makes the Device that patients connect an app as, or what it is now. */
  device(listing: Listing): Promise<void>;
  newId(): string;
  now(): number;
}

/** Who does it, and from where. */
export interface Doing {
  steward: Steward;
  address: string;
  requestId: string;
}

/** What a step came to: done, or waiting for a second person. */
export type Outcome = { listing: Listing; secret?: string } | { proposal: Proposal };

/** A review before it is signed. */
export interface Judged extends Pick<Review, 'criterion' | 'verdict' | 'note'> {
  /** `YYYY-MM-DD` */
  until?: string;
}

const SECOND: readonly Duty[] = ['operator', 'reviewer', 'security-officer'];

export class Desk {
  readonly #options: DeskOptions;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** A new candidate, by an operator. */
  async enter(doing: Doing, description: Description): Promise<{ listing: Listing; secret?: string }> {
    requireDuty(doing.steward, ['operator']);
    const { shelf, clients, now } = this.#options;
    if ((await shelf.listing(description.id)) === undefined && (await clients?.isTaken(description.id)))
      // INVARIANT: one person puts nothing in place of what two let in
      throw new FhirError('duplicate', `\`${description.id}\` is a client that is registered already`);
    const by = [doing.steward.reference];
    const listing: Listing = {
      ...description,
      version: 1,
      state: 'candidate',
      reviews: [],
      changes: [{ state: 'candidate', by, at: now() }],
    };
    if (!(await shelf.keep(listing)))
      throw new FhirError('duplicate', `there is a listing \`${description.id}\``);
    const secret = await this.#connect(listing);
    await this.#listed(doing, listing);
    return { listing, ...(secret === undefined ? {} : { secret }) };
  }

  /** What its publisher says anew: whatever was reviewed is reviewed again. */
  async describe(doing: Doing, description: Description): Promise<Listing> {
    requireDuty(doing.steward, ['operator']);
    const before = await this.#listing(description.id);
    if (before.state !== 'candidate') {
      throw new FhirError(
        'business-rule',
        `only a candidate is described anew; this one is \`${before.state}\``,
      );
    }
    const listing = await this.#change(before, { ...description, reviews: [] });
    await this.#connect(listing);
    await this.#listed(doing, listing);
    return listing;
  }

  /** One criterion, by a reviewer; security by the security officer. */
  async review(doing: Doing, id: string, { criterion, verdict, note, until }: Judged): Promise<Listing> {
    requireDuty(doing.steward, criterion === 'security' ? ['security-officer'] : ['reviewer']);
    const before = await this.#listing(id);
    if (before.state !== 'under-review' && before.state !== 'suspended') {
      throw new FhirError(
        'business-rule',
        `what is \`${before.state}\` isn't reviewed; allowed: under-review, suspended`,
      );
    }
    const review = { criterion, verdict, note, by: doing.steward.reference, at: this.#options.now() };
    const reviews = CRITERIA.flatMap((each) =>
      each === criterion ? review : (before.reviews.find((other) => other.criterion === each) ?? []),
    );
    const listing = await this.#change(before, {
      reviews,
      ...(until === undefined ? {} : { reviewedUntil: until }),
    });
    await this.#listed(doing, listing, { criterion, verdict });
    return listing;
  }

  /** To another state; what lets an app in waits for a second person. */
  async move(doing: Doing, id: string, to: State, reason?: string): Promise<Outcome> {
    const before = await this.#listing(id);
    const step = stepBetween(before.state, to);
    requireDuty(doing.steward, step.by);
    if (to === 'listed') requireReviewed(before, this.#options.now());
    if (step.second !== undefined) {
      const change = { state: to, ...(reason === undefined ? {} : { reason }) };
      return { proposal: await this.#propose(doing, 'listing', id, change, step.second, before.version) };
    }
    const listing = await this.#moved(before, to, [doing.steward.reference], reason);
    await this.#listed(doing, listing);
    return { listing };
  }

  /** A hospital's or laboratory's system, new or wider. */
  async registerSystem(doing: Doing, value: unknown): Promise<Proposal> {
    requireDuty(doing.steward, ['operator']);
    const client = systemIn(value);
    await this.#requireNoApp(client.id);
    return this.#propose(doing, 'client', client.id, client, SECOND);
  }

  async trustIssuer(doing: Doing, value: unknown): Promise<Proposal> {
    requireDuty(doing.steward, ['operator', 'security-officer']);
    const issuer = issuerIn(value);
    return this.#propose(doing, 'issuer', issuer.issuer, issuer, SECOND);
  }

  /** At once: its tokens end on the next request. */
  async suspendClient(doing: Doing, id: string): Promise<void> {
    if (!(await this.#clients.suspend(id))) throw new FhirError('not-found', 'not found');
    await this.#forget(doing, 'client', id);
    await this.#record(doing, { what: 'client-changed', subjects: [id], detail: { state: 'suspended' } });
  }

  async distrustIssuer(doing: Doing, issuer: string): Promise<void> {
    if (!(await this.#options.shelf.distrust(issuer))) throw new FhirError('not-found', 'not found');
    await this.#forget(doing, 'issuer', issuer);
    await this.#record(doing, {
      what: 'issuer-changed',
      subjects: [issuer],
      detail: { state: 'not trusted' },
    });
  }

  async confirm(doing: Doing, id: string): Promise<{ proposal: Proposal; secret?: string }> {
    const { shelf, now } = this.#options;
    const open = await this.#proposal(id);
    if (open.kind === 'merge')
      throw new FhirError('business-rule', 'a merge is confirmed by the same `Patient/$merge`');
    requireSecond(open, doing.steward, now());
    const proposal: Proposal = { ...open, state: 'confirmed', decided: { by: doing.steward, at: now() } };
    const before = open.kind === 'listing' ? await this.#still(open) : undefined;
    if (open.kind === 'client') await this.#requireNoApp(open.about);
    if (!(await shelf.decide(proposal))) throw new FhirError('duplicate', 'this was decided before');
    let secret: string | undefined;
    try {
      // before it takes effect: nobody is let in without a trace of who did
      const about = { subjects: [id, open.about], detail: { kind: open.kind } };
      await this.#record(doing, { what: 'step-approved', ...about });
      secret = await this.#apply(proposal, before);
    } catch (error) {
      await shelf.reopen(open);
      throw error;
    }
    return { proposal, ...(secret === undefined ? {} : { secret }) };
  }

  async refuse(doing: Doing, id: string, reason?: string): Promise<Proposal> {
    const open = await this.#proposal(id);
    const { now, shelf } = this.#options;
    const decided = { by: doing.steward, at: now(), ...(reason === undefined ? {} : { reason }) };
    const proposal: Proposal = { ...open, state: 'refused', decided };
    if (open.state !== 'open' || !(await shelf.decide(proposal))) {
      throw new FhirError('duplicate', 'this was decided before');
    }
    await this.#record(doing, {
      what: 'step-refused',
      subjects: [id, open.about],
      detail: { kind: open.kind },
    });
    return proposal;
  }

  proposals(): Promise<Proposal[]> {
    return this.#options.shelf.proposals('open', 200);
  }

  listings(states: readonly State[] = STATES): Promise<Listing[]> {
    return this.#options.shelf.listings(states, 500);
  }

  /** Of one that everybody may know of. @throws FhirError 404 */
  async shown(id: string): Promise<Listing> {
    const listing = await this.#listing(id);
    if (listing.state !== 'listed') throw new FhirError('not-found', 'not found');
    return listing;
  }

  async report(id: string, text: string): Promise<void> {
    const { shelf, newId, now } = this.#options;
    await this.shown(id);
    await shelf.report({ id: newId(), listing: id, text, at: now() });
  }

  reports(): Promise<Report[]> {
    return this.#options.shelf.reports(200);
  }

  /** @param before the listing that was reviewed, where it is about one */
  async #apply(
    { kind, change, by, decided }: Proposal,
    before: Listing | undefined,
  ): Promise<string | undefined> {
    if (kind === 'issuer') {
      await this.#options.shelf.trust(change as Issuer);
      return undefined;
    }
    if (kind === 'client') return this.#register(change as Client);
    const { state, reason } = change as { state: State; reason?: string };
    const who = [by.reference, decided!.by.reference];
    return this.#connect(await this.#moved(before!, state, who, reason));
  }

  /** What was asked for before it was shut out lets it in no more. */
  async #forget({ steward }: Doing, kind: Proposal['kind'], about: string): Promise<void> {
    const { shelf, now } = this.#options;
    await shelf.refuse(kind, about, { by: steward, at: now(), reason: 'it was shut out since' });
  }

  /** @throws FhirError 409: an app has this id, perhaps since it was asked for */
  async #requireNoApp(id: string): Promise<void> {
    if ((await this.#options.shelf.listing(id)) === undefined) return;
    throw new FhirError('duplicate', `\`${id}\` is an app of the catalogue`);
  }

  /** What was reviewed is what becomes listed. */
  async #still({ about, version }: Proposal): Promise<Listing> {
    const listing = await this.#listing(about);
    if (listing.version !== version) {
      throw new FhirError('conflict', 'the listing has changed since: ask anew', { status: 409 });
    }
    requireReviewed(listing, this.#options.now());
    return listing;
  }

  async #moved(before: Listing, state: State, by: string[], reason?: string): Promise<Listing> {
    const change = { state, by, at: this.#options.now(), ...(reason === undefined ? {} : { reason }) };
    const isOut = state === 'suspended' || state === 'delisted';
    // shut out first: what follows may fail
    if (isOut) await this.#options.clients?.suspend(before.id);
    return this.#change(before, { state, changes: [...before.changes, change] });
  }

  /** Its client may ask for what is described, where apps in its state may connect. */
  async #connect(listing: Listing): Promise<string | undefined> {
    const { isSandbox, clients } = this.#options;
    if (clients === undefined || !connects(listing.state, isSandbox)) return undefined;
    if (listing.audience === 'patients') await this.#options.device(listing);
    const known = await clients.find(listing.id);
    const { reviewedUntil } = listing;
    const client = {
      ...clientOf(listing),
      ...(reviewedUntil === undefined ? {} : { reviewedUntil: endOf(reviewedUntil) }),
    };
    return this.#register(client, known?.client.secretHash);
  }

  /** @returns a generated secret, told this once */
  async #register(client: Client, hash?: string): Promise<string | undefined> {
    if (client.auth !== 'client_secret') {
      await this.#clients.register(client);
      return undefined;
    }
    if (hash !== undefined) {
      await this.#clients.register({ ...client, secretHash: hash });
      return undefined;
    }
    const secret = randomSecret();
    await this.#clients.register({ ...client, secretHash: secretHash(secret) });
    return secret;
  }

  async #propose(
    doing: Doing,
    kind: Proposal['kind'],
    about: string,
    change: unknown,
    second: readonly Duty[],
    version?: number,
  ): Promise<Proposal> {
    const { newId, now, shelf } = this.#options;
    const proposal: Proposal = {
      id: newId(),
      kind,
      about,
      change,
      ...(version === undefined ? {} : { version }),
      by: doing.steward,
      second: second.filter((duty) => duty !== doing.steward.duty),
      at: now(),
      state: 'open',
    };
    await this.#record(doing, { what: 'step-proposed', subjects: [proposal.id, about], detail: { kind } });
    await shelf.propose(proposal);
    return proposal;
  }

  async #change(before: Listing, changes: Partial<Listing>): Promise<Listing> {
    const listing = { ...before, ...changes, version: before.version + 1 };
    if (!(await this.#options.shelf.keep(listing))) {
      throw new FhirError('conflict', 'the listing has changed meanwhile: try again', { status: 409 });
    }
    return listing;
  }

  #listed(
    doing: Doing,
    { id, state, audience }: Listing,
    detail: Record<string, string> = {},
  ): Promise<void> {
    const about = audience === 'patients' ? [deviceOf(id)] : [];
    return this.#record(doing, {
      what: 'listing-changed',
      subjects: [id],
      about,
      detail: { state, ...detail },
    });
  }

  #record(
    { steward, address, requestId }: Doing,
    event: Omit<AccountEvent, 'who' | 'address' | 'requestId'>,
  ): Promise<void> {
    const { reference, name, duty } = steward;
    const who = { reference, role: duty, ...(name === undefined ? {} : { name }) };
    return this.#options.log.record({ ...event, who, address, requestId });
  }

  get #clients(): Clients {
    const { clients } = this.#options;
    if (clients === undefined) {
      throw new FhirError('not-supported', 'there is no authorization server here: set `AUTH_SERVER=on`');
    }
    return clients;
  }

  async #listing(id: string): Promise<Listing> {
    const found = await this.#options.shelf.listing(id);
    if (found === undefined) throw new FhirError('not-found', 'not found');
    return found;
  }

  async #proposal(id: string): Promise<Proposal> {
    const found = await this.#options.shelf.proposal(id);
    if (found === undefined) throw new FhirError('not-found', 'not found');
    return found;
  }
}
