/**
 * Makes one file of two. First the source is closed and says what replaces it, in one transaction with the target: from
 * then on nobody is given anything of it. Then what it has is moved, what decides first, in small transactions, each
 * with its traces. What was killed goes on where it was: what is moved is the source's no more.
 */
import { tracesOf } from '../../audit/tracing.ts';
import type { AccountLog } from '../../audit/identity/log.ts';
import { isOpen } from '../../consent/policy.ts';
import type { Subject } from '../../consent/subject.ts';
import { Access } from '../../enforcement/access.ts';
import { type Grounds, Notes, secretLabels } from '../../enforcement/notes.ts';
import type { Change, ResourceStore, Stored } from '../../enforcement/ports.ts';
import { retrying } from '../../enforcement/retrying.ts';
import { contentIn } from '../../fhir/content/attachment.ts';
import type { Resource } from '../../fhir/resource.ts';
import { depositorIn, handed, moved, resourceIn, rewritten } from './moved.ts';
import { replaced, replacementOf, replacing } from './patients.ts';
import type { Claimed, Merge, Merges, Moving } from './ports.ts';

export interface MergerOptions {
  port: ResourceStore;
  merges: Merges;
  moving: Moving;
  log: AccountLog;
  base: string;
  /** Code system of professions, for traces. */
  professions: string;
  now(): number;
}

const OTHERS_WRITE = 'the files are being written by others';
const DAY = 'YYYY-MM-DD'.length;

/** A steward's. */
const BY_RIGHT: ReturnType<Grounds> = { standing: 'other', decided: { rule: 'right', because: [] } };

export class Merger {
  readonly #options: MergerOptions;
  readonly #access = Access.internal('two files of one person become one');

  constructor(options: MergerOptions) {
    this.#options = options;
  }

  /** Whether both are open spaces, each found by these identifiers, `system|value`. */
  async areThese(
    each: readonly { id?: string; identifiers: readonly string[] }[],
  ): Promise<string[] | undefined> {
    const found = await Promise.all(each.map((one) => this.#found(one)));
    const ids = found.filter((id) => id !== undefined);
    return ids.length === each.length && new Set(ids).size === ids.length ? ids : undefined;
  }

  /** Closes the source. False: one of them isn't open any more. Once it is done it does nothing. */
  async begin(merge: Merge): Promise<boolean> {
    return retrying(async () => {
      const [source, target] = await Promise.all([this.#patient(merge.source), this.#patient(merge.target)]);
      if (source === undefined || target === undefined) return false;
      const [from, to] = [resourceIn(source), resourceIn(target)];
      if (replacementOf(from) === merge.target) return true;
      if (!(await this.#isOpen(source)) || !(await this.#isOpen(target))) return false;
      const today = new Date(this.#options.now()).toISOString().slice(0, DAY);
      await this.#commit(merge, [
        this.#rewritten(source, replaced(from, merge.target)),
        this.#rewritten(target, replacing(to, from, today)),
      ]);
      return true;
    }, OTHERS_WRITE);
  }

  /** Moves what is due, until nothing is or it is told to end. */
  async run(signal: AbortSignal): Promise<void> {
    const { merges, now } = this.#options;
    while (!signal.aborted) {
      const merge = await merges.claim(now());
      if (merge === undefined) return;
      const isOn = merge.isAgain ? await this.#isReplaced(merge) : await this.begin(merge);
      if (isOn) await this.#one(merge, signal);
      else await merges.drop(merge.source);
    }
  }

  async #one(merge: Claimed, signal: AbortSignal): Promise<void> {
    const { merges, moving, now, log } = this.#options;
    while (!signal.aborted && (await retrying(() => this.#some(merge), OTHERS_WRITE)))
      await merges.renew(merge.source, now());
    while (!signal.aborted && (await moving.follow(merge)) > 0) await merges.renew(merge.source, now());
    // begun again by whoever comes next
    if (signal.aborted) return merges.release(merge.source, now());
    if (!merge.isAgain) await log.record(eventOf(merge));
    await merges.finish(merge, now());
  }

  /** False: there is nothing left. */
  async #some(merge: Merge): Promise<boolean> {
    const { port, moving, base } = this.#options;
    const batch = await moving.next(merge.source);
    if (batch.length === 0) return false;
    const documents = batch.filter(({ type }) => type === 'DocumentReference');
    for (const each of documents) await moving.hand(each, merge);
    const { rules, key } = port.policies;
    const reading = { base, rules, key: (term: string) => key(term) };
    const contents = await this.#contentsOf(documents, merge);
    await this.#commit(merge, [
      ...contents.map((each) => handed(each, merge, reading.key)),
      ...batch.map((each) => moved(each, merge, reading)),
    ]);
    return true;
  }

  /** What the person deposited themself, and documents of theirs name. */
  async #contentsOf(documents: readonly Stored[], merge: Merge): Promise<Stored[]> {
    const { moving, base } = this.#options;
    const own = documents.filter((each) => depositorIn(each, merge) !== each.by);
    const names = new Set(own.flatMap((each) => contentIn(resourceIn(each), base)));
    const found = names.size === 0 ? [] : await moving.named([...names]);
    return found.filter((each) => depositorIn(each, merge) !== each.by && each.patients.length === 0);
  }

  async #commit(merge: Merge, changes: readonly Change[]): Promise<void> {
    const { port, base, professions } = this.#options;
    const secret = secretLabels(port.policies);
    // INVARIANT: a trace of its own for each: what is hidden hides the trace of nothing else, and how many there are tells nothing
    const concerns = changes.flatMap(({ type, id, patients, by, labels, previous }) => {
      const notes = new Notes(secret);
      notes.wrote({ type, id, patients, by, labels, hidden: previous?.hidden }, 'U', () => BY_RIGHT);
      return notes.open();
    });
    const traced = {
      audit: { code: 'operation', action: 'U' as const },
      params: { type: 'Patient' },
      url: 'Patient/$merge',
      query: [],
      requestId: merge.requestId,
      subject: subjectOf(merge),
      base,
      address: merge.address,
    };
    await port.commit({
      changes,
      locks: [],
      isMove: true,
      audit: (at) => concerns.flatMap((each) => tracesOf(traced, [each], { outcome: '0', professions }, at)),
    });
  }

  #rewritten(stored: Stored, resource: Resource): Change {
    const { policies } = this.#options.port;
    return rewritten(stored, resource, stored.patients, (term) => policies.key(term));
  }

  async #isReplaced({ source, target }: Merge): Promise<boolean> {
    const patient = await this.#patient(source);
    return patient !== undefined && replacementOf(resourceIn(patient)) === target;
  }

  async #patient(id: string): Promise<Stored | undefined> {
    const stored = await this.#options.port.get(this.#access, 'Patient', id);
    return stored === undefined || stored.method === 'DELETE' ? undefined : stored;
  }

  async #isOpen(patient: Stored): Promise<boolean> {
    const { policy } = (await this.#options.port.policies.policies([patient.id])).get(patient.id)!;
    return policy.open && isOpen(resourceIn(patient));
  }

  /** The one open space that carries all of them, and has the id where that is told too. */
  async #found({
    id,
    identifiers,
  }: {
    id?: string;
    identifiers: readonly string[];
  }): Promise<string | undefined> {
    const { port } = this.#options;
    const carriers = await Promise.all(
      identifiers.map((each) => port.byIdentity(this.#access, 'Patient', `identifier=${each}`)),
    );
    const [first = [], ...rest] = carriers.map((found) => found.map((each) => each.id));
    const ids = first.filter(
      (each) => (id === undefined || each === id) && rest.every((others) => others.includes(each)),
    );
    const open: string[] = [];
    for (const each of ids.slice(0, MOST_NAMESAKES)) {
      const patient = await this.#patient(each);
      if (patient !== undefined && (await this.#isOpen(patient))) open.push(each);
    }
    return open.length === 1 ? open[0] : undefined;
  }
}

/** Files under one number that are looked at. */
const MOST_NAMESAKES = 20;

/** Who confirmed it is who did it. */
function subjectOf({ by: [, second], client }: Merge): Subject {
  const { reference, name } = second;
  return {
    role: 'operator',
    reference,
    related: [],
    depositor: reference,
    organizations: [],
    purposes: [],
    emergencies: [],
    regulator: false,
    scopes: [],
    rights: [],
    idPrefixes: [],
    client,
    ...(name === undefined ? {} : { name }),
  };
}

function eventOf({ target, by: [, second], client, address, requestId }: Merge) {
  const { reference, name, duty } = second;
  const who = { reference, role: duty, ...(name === undefined ? {} : { name }) };
  return { what: 'record-merged' as const, patient: target, who, client, address, requestId };
}
