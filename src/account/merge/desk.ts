/** A merge takes two people of different duties who say the same: the first asks for it, the second confirms it. */
import { createHash } from 'node:crypto';
import type { AccountLog } from '../../audit/identity/log.ts';
import type { Steward } from '../../catalogue/duty.ts';
import { DUTIES } from '../../catalogue/duty.ts';
import type { Shelf } from '../../catalogue/ports.ts';
import { OPEN_FOR, type Proposal, requireSecond } from '../../catalogue/proposal.ts';
import { FhirError } from '../../fhir/outcome.ts';
import type { Between } from './moved.ts';
import type { Merger } from './merger.ts';
import type { Merges } from './ports.ts';

export interface MergeDeskOptions {
  shelf: Pick<Shelf, 'openProposal' | 'propose' | 'decide' | 'reopen'>;
  merges: Merges;
  merger: Pick<Merger, 'areThese' | 'begin'>;
  log: AccountLog;
  /** There is something to move. */
  wake(): void;
  newId(): string;
  now(): number;
}

/** Who asks, and from where. */
export interface Asking {
  steward: Steward;
  client: string;
  address: string;
  requestId: string;
}

export interface Named {
  /** Logical id. */
  id?: string;
  /** `system|value`, at least one: an id alone tells nobody that there is somebody. */
  identifiers: readonly string[];
}

/** `waits`: for the word of a second person. */
export type Step = 'possible' | 'waits' | 'begun';

export class MergeDesk {
  readonly #options: MergeDeskOptions;

  constructor(options: MergeDeskOptions) {
    this.#options = options;
  }

  /**
   * @param isTrial nothing is asked for or begun
   * @param met told who they are
   * @throws FhirError 404 when either isn't one open space; 403 for a second word that is no second person's
   */
  async merge(
    asking: Asking,
    [source, target]: readonly [Named, Named],
    isTrial: boolean,
    met: (patients: readonly string[]) => void,
  ): Promise<Step> {
    const { shelf, merger, now } = this.#options;
    const [from, to] = (await merger.areThese([source, target])) ?? [];
    if (from === undefined || to === undefined) throw new FhirError('not-found', 'not found');
    met([from, to]);
    if (isTrial) return 'possible';
    const between = { source: from, target: to };
    const open = await shelf.openProposal('merge', nameOf(between));
    if (open === undefined || now() >= open.at + OPEN_FOR) return this.#propose(asking, between);
    // who says it twice has said it once
    if (open.by.reference === asking.steward.reference) return 'waits';
    return this.#confirm(asking, between, open);
  }

  async #propose(asking: Asking, between: Between): Promise<Step> {
    const { shelf, newId, now } = this.#options;
    const { steward } = asking;
    const proposal: Proposal = {
      id: newId(),
      kind: 'merge',
      about: nameOf(between),
      change: between,
      by: steward,
      second: DUTIES.filter((duty) => duty !== steward.duty),
      at: now(),
      state: 'open',
    };
    await this.#record('step-proposed', asking, between, proposal.id);
    await shelf.propose(proposal);
    return 'waits';
  }

  async #confirm(asking: Asking, between: Between, open: Proposal): Promise<Step> {
    const { shelf, merges, merger, wake, now } = this.#options;
    const { steward, client, address, requestId } = asking;
    requireSecond(open, steward, now());
    const at = now();
    if (!(await shelf.decide({ ...open, state: 'confirmed', decided: { by: steward, at } })))
      throw new FhirError('duplicate', 'this was decided before');
    const merge = { ...between, by: [open.by, steward] as const, client, address, requestId, at };
    try {
      // before it takes effect: nothing is moved without a trace of who did
      await this.#record('step-approved', asking, between, open.id);
      await merges.begin(merge);
    } catch (error) {
      await shelf.reopen(open);
      throw error;
    }
    if (!(await merger.begin(merge))) {
      await merges.drop(between.source);
      throw new FhirError('not-found', 'not found');
    }
    wake();
    return 'begun';
  }

  /** In each one's traces, without the other. */
  #record(
    what: 'step-proposed' | 'step-approved',
    { steward, client, address, requestId }: Asking,
    { source, target }: Between,
    proposal: string,
  ): Promise<void> {
    const { reference, name, duty } = steward;
    const who = { reference, role: duty, ...(name === undefined ? {} : { name }) };
    const common = { what, who, client, address, requestId, subjects: [proposal], detail: { kind: 'merge' } };
    return this.#options.log.record({ ...common, patient: source }, { ...common, patient: target });
  }
}

/** Tells neither. */
function nameOf({ source, target }: Between): string {
  return createHash('sha256').update(`${source} ${target}`).digest('hex').slice(0, 32);
}
