/**
 * From what happened to who is told what. INVARIANT: the gate decides, for each reader: of what they may not know
 * there is no notice, no count and no e-mail; of what is hidden from its patient for a while, not before it shows.
 */
import { matches, keyed } from '../condition/condition.ts';
import { Access } from '../enforcement/access.ts';
import type { HistoryScope, PolicySource, Stated, Stored } from '../enforcement/ports.ts';
import type { Resource } from '../fhir/resource.ts';
import { parseJson } from '../fhir/json.ts';
import { UNKNOWN_PATIENT } from '../fhir/subjects.ts';
import { connectionIn, looksAt } from './apps.ts';
import { isNear, remindsAt } from './appointments.ts';
import { type Of, isNews, isTold, kindOf, shownAs } from './changes.ts';
import { after } from './holds.ts';
import type { Notice } from './notice.ts';
import type { Changed, Due, Happened, Row, Visited } from './outbox.ts';
import { isDepositor, practitionersOf, readersOf, subjectOf } from './reader.ts';

/** The store, as far as notices ask it. */
export interface Source {
  readonly policies: PolicySource;
  /** Of the server, absolute. */
  readonly base: string;
  get(access: Access, type: string, id: string): Promise<Stored | undefined>;
  getVersion(access: Access, type: string, id: string, vid: string): Promise<Stored | undefined>;
  /** Newest first. */
  history(access: Access, scope: HistoryScope): Promise<{ matches: Stored[] }>;
  /** Which of these `Type/id` the caller may know of; what never was tells nothing. */
  knows(access: Access, names: readonly string[]): Promise<boolean[]>;
  /** The patient was in a consultation since. */
  consulted(patient: string, since: number): Promise<boolean>;
}

export interface Telling extends Omit<Notice, 'id'> {
  /** What comes with the same within an hour belongs to it. */
  group?: string;
  /** The reader may not know of it yet: it waits in the inbox, where the gate decides, and no e-mail does. */
  waits?: true;
}

export interface Hold {
  patient: string;
  cause: Due;
  due: number;
}

/** What a row comes to. */
export interface Told {
  tellings: Telling[];
  /** To be looked at again later. */
  holds: Hold[];
  /** `Type/id` that nothing holds any more. */
  released: string[];
}

/** A row of the outbox that was damaged, or sealed under another key. */
export class UnreadableRow extends Error {
  override readonly name = 'UnreadableRow';
}

/** Things of one visit that is told once they show. */
const MOST_HELD = 20;
/** Versions that are looked through for one before. */
const MOST_VERSIONS = 100;

const internal = Access.internal('what a notice would tell of');

export class Teller {
  readonly #source: Source;
  readonly #now: () => number;

  constructor(source: Source, now: () => number) {
    this.#source = source;
    this.#now = now;
  }

  /** @param isHeld whether something waits to be shown */
  async tell(row: Row, isHeld: (name: string) => boolean): Promise<Told> {
    const { cause } = row;
    const told: Told = { tellings: [], holds: [], released: [] };
    if (cause.cause === 'unreadable') throw new UnreadableRow();
    if (cause.cause === 'change' && !isNews(cause)) return told;
    const patients = row.patients.filter((patient) => patient !== UNKNOWN_PATIENT);
    const policies = await this.#source.policies.policies(patients);
    for (const stated of policies.values()) {
      if (cause.cause === 'change') await this.#changed(row, cause, stated, isHeld, told);
      else if (cause.cause === 'visit') await this.#visited(row, cause, stated, told);
      else if (cause.cause === 'account') await this.#happened(row, cause, stated, told);
      else await this.#due(row, cause, stated, told);
    }
    return told;
  }

  /** The reader's own key, asked for nothing that would be traced. */
  accessOf(reader: string): Access {
    return Access.of(subjectOf(reader), this.#source.policies, this.#now, () => {});
  }

  async #changed(
    { at }: Row,
    cause: Changed,
    { policy }: Stated,
    isHeld: (name: string) => boolean,
    told: Told,
  ): Promise<void> {
    const { type, id, vid } = cause;
    const name = `${type}/${id}`;
    const { patient } = policy;
    const whole = await this.#source.getVersion(internal, type, id, vid);
    if (whole === undefined) return;
    const resource = type === 'DocumentReference' ? undefined : resourceIn(whole);
    if (type === 'Appointment') told.holds.push(...this.#reminding(patient, id, resource));
    for (const reader of readersOf(policy, this.#now())) {
      const given = await this.#source.getVersion(this.accessOf(reader), type, id, vid);
      if (given === undefined) {
        if (reader === `Patient/${patient}`) told.holds.push(...this.#holdsOf(whole, patient));
        continue;
      }
      const wasHeld = isHeld(name);
      if (wasHeld) told.released.push(name);
      if (cause.isMove === true || (cause.actor === reader && type !== 'Consent')) continue;
      const isFirst = wasHeld || (await this.#isFirst(reader, cause));
      const kind = kindOf(cause, resource, isFirst, this.#of(reader, patient));
      if (kind !== undefined) told.tellings.push({ patient, reader, kind, at, about: [name] });
    }
  }

  /** The reader may be given none before it: to them it is new, or they would be told that something was hidden. */
  async #isFirst(reader: string, { type, id, vid, version, method }: Changed): Promise<boolean> {
    if (version === 1 || method === 'DELETE') return false;
    const { matches } = await this.#source.history(this.accessOf(reader), { type, id, count: MOST_VERSIONS });
    const at = matches.findIndex((each) => each.vid === vid);
    return at >= 0 && at === matches.length - 1 && matches.length < MOST_VERSIONS;
  }

  #holdsOf({ type, id, hidden, method }: Stored, patient: string): Hold[] {
    if (hidden === undefined || method === 'DELETE' || !isTold(type)) return [];
    const { announcement } = this.#source.policies.rules;
    return (['invite', 'show'] as const).map((what) => ({
      patient,
      cause: { cause: 'due', type, id, what },
      due: after(hidden, announcement[what]),
    }));
  }

  #of(reader: string, patient: string): Of {
    return { reader, patient, base: this.#source.base, rules: this.#source.policies.rules };
  }

  /** When patients are reminded of it. */
  #reminding(patient: string, id: string, appointment: Resource | undefined): Hold[] {
    const due = appointment === undefined ? undefined : remindsAt(appointment, this.#now());
    return due === undefined
      ? []
      : [{ patient, cause: { cause: 'due', type: 'Appointment', id, what: 'near' }, due }];
  }

  async #near({ at }: Row, { id }: Due, { policy }: Stated, told: Told): Promise<void> {
    const { patient } = policy;
    const appointment = await this.#whole('Appointment', id);
    if (appointment === undefined) return;
    told.holds.push(...this.#reminding(patient, id, appointment));
    if (!isNear(appointment, this.#now())) return;
    const about = [`Appointment/${id}`];
    for (const reader of readersOf(policy, this.#now()))
      if ((await this.#known(reader, about)).length > 0)
        told.tellings.push({ patient, reader, kind: 'reminder', at, about });
  }

  async #visited(row: Row, cause: Visited, stated: Stated, told: Told): Promise<void> {
    if (cause.held === true) {
      told.tellings.push(...this.#heldVisits(row, cause, stated));
      return;
    }
    const { at } = row;
    const { policy, named } = stated;
    const { patient } = policy;
    const { who: reference, emergency, plain } = cause;
    const { who, kind } = visitIn(cause);
    const masked = emergency === undefined ? new Set<string>() : await this.#masked(cause.about);
    for (const reader of readersOf(policy, this.#now())) {
      const known = await this.#known(reader, cause.about);
      if (!plain && known.length === 0) continue;
      const common = { patient, reader, at, who };
      // of one thing that the reader knows of: what is hidden later hides no visit that was to others too
      const about = known.slice(0, 1);
      told.tellings.push({ ...common, kind, about, group: `${kind} ${reader} ${patient} ${reference}` });
      for (const document of known.filter((each) => masked.has(each))) {
        const group = `masked ${reader} ${patient} ${reference} ${document}`;
        told.tellings.push({ ...common, kind: 'emergency-masked', about: [document], group });
      }
    }
    if (emergency === undefined) return;
    const { rules } = this.#source.policies;
    for (const reader of practitionersOf(policy, rules, named, this.#now())) {
      if (reader === reference) continue;
      const group = `${kind} ${reader} ${patient} ${reference}`;
      told.tellings.push({ patient, reader, kind, at, about: [], who, group });
    }
  }

  /** For each thing apart: one may show before the others. */
  #heldVisits({ at }: Row, cause: Visited, { policy }: Stated): Telling[] {
    const { patient } = policy;
    const { who, kind } = visitIn(cause);
    return readersOf(policy, this.#now()).flatMap((reader) =>
      cause.about.slice(0, MOST_HELD).map((each): Telling => {
        const group = `held ${kind} ${reader} ${patient} ${who.reference} ${each}`;
        return { patient, reader, kind, at, about: [each], who, group, waits: true };
      }),
    );
  }

  /**
   * Of an account, who has it is told; of what was opened to an app, merged or withdrawn, who speaks for the patient too,
   * and who deposited what was withdrawn.
   */
  async #happened(
    { at }: Row,
    { kind, who, depositor, about }: Happened,
    { policy }: Stated,
    told: Told,
  ): Promise<void> {
    const { patient } = policy;
    const own = kind !== 'new-device' ? readersOf(policy, this.#now()) : who === undefined ? [] : [who];
    const readers = depositor !== undefined && isDepositor(depositor) ? [...own, depositor] : own;
    for (const reader of readers) {
      if ((await this.#known(reader, about)).length < about.length) continue;
      told.tellings.push({ patient, reader, kind, at, about });
    }
    const consent = about.find((name) => name.startsWith('Consent/'));
    if (kind === 'app-connected' && consent !== undefined)
      told.holds.push(...(await this.#lookingAt(patient, consent.slice('Consent/'.length))));
  }

  /** When patients are told of a connection again. */
  async #lookingAt(patient: string, id: string): Promise<Hold[]> {
    const connection = connectionIn(await this.#whole('Consent', id));
    const due = connection === undefined ? {} : looksAt(connection, this.#now());
    return (['remind', 'over'] as const).flatMap((what) =>
      due[what] === undefined
        ? []
        : [{ patient, cause: { cause: 'due', type: 'Consent', id, what }, due: due[what] }],
    );
  }

  async #connected({ at }: Row, { id, what }: Due, { policy }: Stated, told: Told): Promise<void> {
    const { patient } = policy;
    const connection = connectionIn(await this.#whole('Consent', id));
    if (connection === undefined || !connection.isActive) return;
    const isOver = connection.until <= this.#now();
    told.holds.push(...(await this.#lookingAt(patient, id)));
    if (isOver !== (what === 'over')) return;
    const kind = isOver ? 'app-ended' : 'app-reminder';
    const about = [`Consent/${id}`];
    for (const reader of readersOf(policy, this.#now())) {
      if ((await this.#known(reader, about)).length < 1) continue;
      // several apps: one reminder
      const group = isOver ? {} : { group: `${kind} ${reader} ${patient}` };
      told.tellings.push({ patient, reader, kind, at, about, ...group });
    }
  }

  async #whole(type: string, id: string): Promise<Resource | undefined> {
    return resourceIn(await this.#source.get(internal, type, id));
  }

  async #known(reader: string, names: readonly string[]): Promise<string[]> {
    if (names.length === 0) return [];
    const knows = await this.#source.knows(this.accessOf(reader), names);
    return names.filter((_, index) => knows[index]);
  }

  async #masked(names: readonly string[]): Promise<ReadonlySet<string>> {
    const { rules, key } = this.#source.policies;
    const isMasked = keyed({ is: 'label', among: rules.labels.masked }, key);
    const found = new Set<string>();
    for (const name of names) {
      const [type = '', id = ''] = name.split('/');
      const stored = await this.#source.get(internal, type, id);
      if (stored !== undefined && matches(isMasked, stored)) found.add(name);
    }
    return found;
  }

  async #due(row: Row, cause: Due, stated: Stated, told: Told): Promise<void> {
    const { type, id, what } = cause;
    if (what === 'near') return this.#near(row, cause, stated, told);
    if (what === 'remind' || what === 'over') return this.#connected(row, cause, stated, told);
    const { at } = row;
    const { policy } = stated;
    const { patient } = policy;
    const whole = await this.#source.get(internal, type, id);
    if (whole === undefined || whole.method === 'DELETE') return;
    const shown = await this.#source.get(this.accessOf(`Patient/${patient}`), type, id);
    const since = whole.hidden;
    if (what === 'invite') {
      if (shown !== undefined || since === undefined) return;
      if (await this.#source.consulted(patient, since)) return;
      for (const reader of readersOf(policy, this.#now()))
        told.tellings.push({
          patient,
          reader,
          kind: 'invitation',
          at,
          about: [],
          group: `invitation ${reader}`,
        });
      return;
    }
    // hidden anew since
    if (shown === undefined) {
      told.holds.push(...this.#holdsOf(whole, patient).filter(({ due }) => due > this.#now()));
      return;
    }
    for (const reader of readersOf(policy, this.#now())) {
      const given = await this.#source.get(this.accessOf(reader), type, id);
      if (given === undefined) continue;
      const kind = shownAs(type, resourceIn(whole), this.#of(reader, patient));
      if (kind !== undefined) told.tellings.push({ patient, reader, kind, at, about: [`${type}/${id}`] });
    }
  }
}

function visitIn({ who: reference, name, emergency }: Visited): Required<Pick<Telling, 'who' | 'kind'>> {
  return {
    who: { reference, ...(name === undefined ? {} : { name }) },
    kind: emergency === undefined ? 'visit' : 'emergency',
  };
}

function resourceIn(stored: Stored | undefined): Resource | undefined {
  if (stored === undefined || stored.method === 'DELETE' || stored.body.length === 0) return undefined;
  return parseJson(stored.body) as Resource;
}
