/** The store as one caller may use it, in one request. Whatever goes through it is noted for the traces. */
import type { Attributes, Condition } from '../condition/condition.ts';
import { isCollected } from '../consent/collected.ts';
import { everyMember, namedIn } from '../consent/members.ts';
import { grantees } from '../consent/policy.ts';
import type { Block } from '../consent/policy.ts';
import type { Rules } from '../consent/rules.ts';
import { sourceOf } from '../consent/supposed.ts';
import { type Refusal, type Writing, refusesWrite } from '../consent/writing.ts';
import { identityOf } from '../fhir/identity.ts';
import { parseJson } from '../fhir/json.ts';
import { items } from '../fhir/items.ts';
import type { Reference, Resource } from '../fhir/resource.ts';
import { DIRECTORY, UNKNOWN_PATIENT } from '../fhir/subjects.ts';
import { FhirError } from '../fhir/outcome.ts';
import { asksNational } from '../search/national.ts';
import { everythingOf, type Filter, type Include, type SearchQuery } from '../search/filter.ts';
import { Access } from './access.ts';
import { toldWith } from './beside.ts';
import { Insight } from './insight.ts';
import { type Known, contentIn, knownOf } from '../fhir/content/attachment.ts';
import { listType } from '../fhir/lists.ts';
import type { Labelled } from '../consent/labelling.ts';
import { type Relabelled, asGiven, labelled, labelledIn } from './labels.ts';
import type { Concern, Grounds, Notes, Written } from './notes.ts';
import type {
  Change,
  Content,
  HistoryScope,
  Kept,
  Lock,
  Page,
  ResourceStore,
  Shown,
  Stored,
  Trace,
  TracersAsked,
  TracersFound,
  TracesAsked,
  TracesFound,
} from './ports.ts';

import { Screening } from './screening.ts';
import type { Vet } from './vetting.ts';

/** Makes the traces of what was touched. */
export type Tracer = (concerns: readonly Concern[], at: number) => Trace[];

const HOUR = 3_600_000;
/** Files under one number that are looked at. */
const MOST_NAMESAKES = 20;
/** SubmissionSets of one document that go with it. */
const MOST_SETS = 20;
const KNOWN_AT_ONCE = 500;
const GROUPS = /^(PractitionerRole|CareTeam|Group)\//;

/** What the server makes of a change before it is written. @throws FhirError when it may not be */
export type Accept = (change: Change) => Change;

export class ScopedStore {
  /** Commits wait for those of the other entries of a transaction. */
  readonly staged: boolean = false;
  readonly #port: ResourceStore;
  readonly #access: Access;
  readonly notes: Notes;
  readonly #tracer: Tracer;
  readonly #accept: Accept;
  readonly #vet: Vet;
  readonly #screening: Screening;

  constructor(
    port: ResourceStore,
    access: Access,
    notes: Notes,
    tracer: Tracer,
    accept: Accept = (change) => change,
    vet: Vet = async () => {},
    screening: Screening = new Screening(undefined),
  ) {
    this.#screening = screening;
    this.#vet = vet;
    this.#port = port;
    this.#accept = accept;
    this.#access = access;
    this.notes = notes;
    this.#tracer = tracer;
  }

  /** Of whom something was asked or written; no line decides of that. */
  readonly #standing = (patient: string): ReturnType<Access['standing']> => this.#access.standing(patient);

  /** Undefined: absent or hidden, which is the same. A deletion is a version without a body. */
  async read(type: string, id: string): Promise<Stored | undefined> {
    const stored = await this.#port.get(this.#access, type, id);
    const isContent = type === 'Binary' && stored?.patients.length === 0 && stored.method !== 'DELETE';
    if (stored === undefined || !isContent) return this.#given(stored);
    // who deposited content reads it by itself; it tells of the patient none the less
    const documents = await this.#port.byIdentity(
      this.#access,
      'DocumentReference',
      `location=${type}/${id}`,
    );
    const document = documentOf(stored, documents);
    return document === undefined ? this.#given(stored) : this.#givenAsContent(stored, document);
  }

  async readVersion(type: string, id: string, vid: string): Promise<Stored | undefined> {
    const found = await this.#port.getVersion(this.#access, type, id, vid);
    return found !== undefined && this.#access.keeps(found) ? undefined : this.#given(found);
  }

  /** What is found is to be shown: it can't be replaced. */
  async search(query: SearchQuery, after?: unknown): Promise<Page<Shown>> {
    this.#requireTold(query);
    return this.#page(await this.#port.search(this.#access, query, after));
  }

  /** The same, to be replaced. */
  async matching(query: SearchQuery): Promise<Page> {
    this.#requireTold(query);
    return this.#page(await this.#port.matching(this.#access, query));
  }

  /** Of one patient, newest first. That traces were looked at is traced, not which. */
  async traces(asked: TracesAsked): Promise<TracesFound> {
    const found = await this.#port.traces(this.#access, asked);
    this.notes.asked([asked.patient], this.#standing);
    return { ...found, traces: found.traces.map((each) => asGiven(each, this.#access)) };
  }

  /** Who made them, over all that are asked for. */
  async tracers(asked: TracersAsked): Promise<TracersFound> {
    const { tracers, next } = await this.#port.tracers(this.#access, asked);
    this.notes.asked([asked.patient], this.#standing);
    return {
      tracers: tracers.map((each) => ({ ...each, trace: asGiven(each.trace, this.#access) })),
      next,
    };
  }

  /** Something of the one patient whom the search names is kept from the caller by masks or Consents. */
  withholds(query: SearchQuery): Promise<boolean> {
    this.#requireTold(query);
    return this.#port.withholds(this.#access, query);
  }

  async include(
    matches: readonly Shown[],
    includes: { forward: readonly Include[]; reverse: readonly Include[] },
    limit: number,
  ): Promise<Stored[]> {
    const found = await this.#port.include(this.#access, matches, includes, limit);
    return found.map((each) => this.#noted(each, this.#access.grounds(each, true)));
  }

  async history(scope: HistoryScope): Promise<Page> {
    const page = await this.#port.history(this.#access, scope);
    return {
      ...page,
      matches: page.matches.map((match) => this.#noted(match, this.#access.grounds(match, true))),
    };
  }

  /**
   * A Binary that the caller may not read by itself, read as part of a document that the caller may read. Only its
   * own depositor's documents count: naming somebody's Binary in a document of one's own opens nothing. One that says
   * by itself whose data it is follows that alone. A FHIR document that was deposited as a document's content is as a
   * Binary is.
   */
  async readNamed(type: 'Binary' | 'Bundle', id: string): Promise<Stored | undefined> {
    const term = `location=${type}/${id}`;
    const documents = await this.#port.byIdentity(this.#access, 'DocumentReference', term);
    if (documents.length === 0) return undefined;
    const ofThese: Condition = { is: 'by', among: documents.map(({ by }) => by) };
    const access = Access.internal('content that a readable document names', ofThese);
    const binary = await this.#port.get(access, type, id);
    if (binary === undefined || binary.patients.length > 0) return undefined;
    this.notes.pardoned(binary);
    return this.#givenAsContent(binary, documentOf(binary, documents)!);
  }

  /** Who has seen a document's content has seen the document. */
  #givenAsContent(content: Stored, document: Attributes): Stored {
    const { type, id, patients, labels, hidden } = document;
    const grounds = this.#access.grounds(document, true);
    this.notes.given(document, grounds);
    this.notes.given({ ...content, patients, labels, hidden, contentOf: `${type}/${id}` }, grounds);
    return content;
  }

  /** Content of the caller's own that no document of theirs names but this one, and SubmissionSets of nothing else: they go with it. */
  async contentOf(document: Stored, base: string): Promise<Stored[]> {
    const { by, id: named, body } = document;
    if (by !== this.#access.depositor) return [];
    const access = Access.internal('content that goes with its document', { is: 'by', among: [by] });
    const each = await Promise.all(
      contentIn(parseJson(body) as Resource, base).map(async (name) => {
        const [type = '', id = ''] = name.split('/');
        const [documents, content] = await Promise.all([
          this.#port.byIdentity(access, 'DocumentReference', `location=${name}`),
          this.#port.get(access, type, id),
        ]);
        const isThere = content !== undefined && content.method !== 'DELETE';
        return isThere && documents.every((other) => other.id === named) ? [content] : [];
      }),
    );
    return [...each.flat(), ...(await this.#setsOf(document))];
  }

  async #setsOf({ id, by, patients }: Stored): Promise<Stored[]> {
    const access = Access.internal('SubmissionSets that go with their document', { is: 'by', among: [by] });
    const about: Filter[] = [
      { op: 'reference', param: 'item', targets: [`DocumentReference/${id}`] },
      { op: 'reference', param: 'patient', targets: patients.map((patient) => `Patient/${patient}`) },
    ];
    const query = { ...everythingOf(['List'], MOST_SETS), filter: { op: 'and' as const, of: about } };
    const { matches } = await this.#port.matching(access, query);
    return matches.filter((list) => isSetOf(list, id));
  }

  /**
   * Who it is that all these terms mean (`identifier=system|value`, `traits=…`): one patient, whose space is open. Who
   * knows them may know that there is such a space; nothing but who it is is told. Unknown, opposed and closed are one.
   * @param but who isn't meant, by logical id
   */
  async whoIs(terms: readonly string[], but?: string): Promise<Resource | undefined> {
    const access = Access.internal('a patient who is named by national identifier or all traits');
    const each = await Promise.all(terms.map((term) => this.#port.byIdentity(access, 'Patient', term)));
    const [first = [], ...rest] = each.map((found) => found.map(({ id }) => id));
    const ids = first.filter((id) => id !== but && rest.every((others) => others.includes(id)));
    // one that isn't open doesn't count: it would show by hiding the other
    const open = (await Promise.all(ids.slice(0, MOST_NAMESAKES).map((id) => this.#opened(id)))).filter(
      (found) => found !== undefined,
    );
    const patient = open.length === 1 && ids.length <= MOST_NAMESAKES ? open[0] : undefined;
    this.notes.asked([patient?.id ?? UNKNOWN_PATIENT], this.#standing);
    return patient === undefined ? undefined : identityOf(patient);
  }

  /** Of who was found by `whoIs`: something beyond the caller's own deposits may be given to the caller now. */
  isAuthorised(patient: string): Promise<boolean> {
    return this.#access.isAuthorised(patient);
  }

  /** Undefined: there is no such patient, or the space isn't open, which is the same. */
  async #opened(patient: string): Promise<Resource | undefined> {
    const access = Access.internal('whether the space of a patient is open');
    const stored = await this.#port.get(access, 'Patient', patient);
    if (stored === undefined || stored.method === 'DELETE') return undefined;
    const { policy } = (await this.#port.policies.policies([patient])).get(patient)!;
    return policy.open ? (parseJson(stored.body) as Resource) : undefined;
  }

  /** What the caller deposited under an identifier: that others used it is not told. */
  async ownDeposit(
    type: string,
    identifier: string,
    isMeant: (resource: Resource) => boolean,
  ): Promise<Stored | undefined> {
    const access = Access.internal('what its own depositor names by an identifier of theirs');
    const found = await this.#port.byIdentity(access, type, `identifier=${identifier}`);
    for (const { id, by } of found) {
      if (by !== this.#access.depositor) continue;
      const stored = await this.#port.get(access, type, id);
      if (stored === undefined || stored.method === 'DELETE') continue;
      const given = asGiven(stored, this.#access);
      if (!isMeant(parseJson(given.body) as Resource)) continue;
      this.notes.given(stored);
      return given;
    }
    return undefined;
  }

  /** A resource of the caller's own as it is kept, for a change that leaves its labels alone. */
  held(stored: Stored): Labelled {
    return labelledIn(stored, (term) => this.#port.policies.key(term));
  }

  /**
   * Opens a patient's record to the caller in an emergency.
   * @returns until when, milliseconds; undefined: there is no such patient, or it would open nothing
   */
  async breakGlass(patient: string, reason: string, now: number): Promise<number | undefined> {
    const emergency = { patient: `Patient/${patient}`, reason, since: now };
    const internal = Access.internal('whether there is a patient whose record an emergency may open');
    const [space, as] = await Promise.all([
      this.#port.get(internal, 'Patient', patient),
      this.#access.inEmergency(emergency),
    ]);
    if (space === undefined || space.method === 'DELETE') return undefined;
    if (as === undefined) {
      this.#access.refuse([space]);
      return undefined;
    }
    const until = now + this.rules.emergency.BTG.hours * HOUR;
    await this.#port.glass.break(as.reference, emergency, until);
    this.notes.as = as;
    this.notes.asked([patient]);
    return until;
  }

  /** Undefined: the caller doesn't speak for the patient. */
  insight(patient: string): Promise<Insight | undefined> {
    return Insight.of(this.#port, this.#access, patient);
  }

  /** Nothing of these `Type/id`, which the caller was given before, is hidden from them by now. */
  async givesAll(names: readonly string[]): Promise<boolean> {
    for (let at = 0; at < names.length; at += KNOWN_AT_ONCE) {
      const asked = names.slice(at, at + KNOWN_AT_ONCE);
      const known = await this.#port.knows(this.#access, asked);
      for (const [index, name] of asked.entries())
        if (known[index] !== true && !(await this.#givesContent(name))) return false;
    }
    return true;
  }

  /** What is nobody's by itself is given with its document. */
  async #givesContent(name: string): Promise<boolean> {
    const [type, id] = name.split('/');
    if ((type !== 'Binary' && type !== 'Bundle') || id === undefined) return false;
    const content = await this.readNamed(type, id);
    return content !== undefined && content.method !== 'DELETE';
  }

  /** Those of these that the caller may be given: to name them beside what is given and traced. */
  async whoIsWho(names: readonly string[]): Promise<Map<string, Resource>> {
    const found = await this.#port.readable(this.#access, names);
    return new Map(found.map((each) => [`${each.resourceType}/${each.id}`, each]));
  }

  /** Those of the patient that the caller may know of. */
  async blocks(patient: string): Promise<readonly Block[]> {
    const { policy } = (await this.#port.policies.policies([patient])).get(patient)!;
    const seen = await this.whoIsWho(policy.blocks.map(({ because }) => sourceOf(because)));
    return policy.blocks.filter(({ because }) => seen.has(sourceOf(because)));
  }

  /** The country's. */
  get rules(): Rules {
    return this.#port.policies.rules;
  }

  /** Takes content in, which nobody finds until a Binary is committed with it. @param patient empty: nobody's */
  keep(source: AsyncIterable<Buffer>, patient: string): Promise<Kept & { held?: boolean }> {
    return this.#screening.keep(source, (screened) => this.#port.keep(screened, patient));
  }

  /** Of a Binary that was read here. Undefined: it is gone. */
  async content({ content, held }: Pick<Stored, 'content' | 'held'>): Promise<Content | undefined> {
    return content === undefined || held === true ? undefined : this.#port.content(content);
  }

  lock(key: string): Promise<Lock> {
    return this.#port.lock(key);
  }

  /** All or nothing, with its traces. @throws Stale */
  async commit(changes: readonly Change[], locks: readonly Lock[] = []): Promise<Stored[]> {
    await this.#vet(
      changes.filter(({ by }) => by === this.#access.depositor),
      (id) => this.#ownContent(id),
    );
    const accepted = (await this.#screening.of(changes)).map(this.#accept);
    for (const change of accepted) {
      const { type, id, by } = change;
      const owner = toldWith(change, accepted, this.#port.base);
      const { patients, labels } = owner;
      const hidden = this.#access.hides(owner) ? 0 : undefined;
      const contentOf = owner === change ? undefined : `${owner.type}/${owner.id}`;
      this.notes.wrote({ type, id, by, patients, labels, hidden, contentOf }, didOf(change), this.#standing);
    }
    const concerns = this.notes.open();
    const stored = await this.#port.commit({
      changes: accepted,
      locks,
      actor: this.#access.depositor,
      audit: (at) => this.#tracer(concerns, at),
    });
    this.notes.close(concerns);
    return stored.map((each) => asGiven(each, this.#access));
  }

  /** What is known of the content of a Binary that the caller deposited. */
  async #ownContent(id: string): Promise<Known | undefined> {
    const { depositor } = this.#access;
    if (depositor === undefined) return undefined;
    const own: Condition = { is: 'by', among: [depositor] };
    const access = Access.internal('what a document says of its depositor’s own content', own);
    const binary = await this.#port.get(access, 'Binary', id);
    if (binary === undefined || binary.method === 'DELETE') return undefined;
    const { contentType, data } = JSON.parse(binary.body.toString()) as Resource;
    if (typeof data === 'string') return knownOf(data, contentType);
    const content = binary.content === undefined ? undefined : await this.#port.content(binary.content);
    if (content === undefined) return undefined;
    return { contentType: contentType as string, size: content.size, sha1: () => content.sha1 };
  }

  /** For a store of the same caller; what is accepted and vetted is so once. */
  protected static partsOf(store: ScopedStore): ConstructorParameters<typeof ScopedStore> {
    return [store.#port, store.#access, store.notes, store.#tracer];
  }

  /** Why the caller may not write it; undefined when they may. @param resource as it will be */
  async refusesWrite({
    resource,
    ...writing
  }: Omit<Writing, 'relations' | 'opensTo' | 'collected' | 'adds'> & {
    resource?: Resource;
  }): Promise<Refusal> {
    const { type, patients } = writing.after;
    const { relations, rules, isApp } = await this.#access.towards(patients);
    const adds = isApp && (await this.#access.mayAdd(type, patients));
    if (resource === undefined) return refusesWrite({ ...writing, relations, adds }, rules.excluded);
    const collected = isCollected(resource, rules);
    const opensTo = await this.#opensTo(resource);
    return refusesWrite({ ...writing, relations, opensTo, collected, adds }, rules.excluded);
  }

  /** To whom it opens something, those who are in what it names too. */
  async #opensTo(resource: Resource): Promise<string[]> {
    if (resource.resourceType !== 'Consent') return namedIn(resource);
    const names = grantees(resource, this.rules);
    const groups = names.filter((name) => GROUPS.test(name));
    if (groups.length === 0) return names;
    const access = Access.internal('who is in what a Consent opens something to');
    return [...names, ...(await this.#port.readable(access, groups)).flatMap(everyMember)];
  }

  /** @throws FhirError for a label that isn't understood, or isn't the caller's to put */
  labelled(resource: Resource, patients: readonly string[], before: Stored | undefined): Promise<Relabelled> {
    return labelled(this.#port, this.#access, { resource, patients, before });
  }

  /** Who isn't told a number isn't told by a search whether it is the right one. @throws FhirError 403 */
  #requireTold(query: SearchQuery): void {
    if (this.#access.isToldNational || !asksNational(query)) return;
    throw new FhirError(
      'forbidden',
      'the app isn’t told national identifiers: identifiers are looked for as `system|value` of another system',
    );
  }

  async #page<S extends Shown>(page: Page<S>): Promise<Page<S>> {
    const { patients = [], counted = [] } = page;
    await this.#access.meet([...patients, ...counted.flatMap((each) => each.patients)]);
    this.notes.asked(patients, this.#standing);
    for (const each of counted) {
      if (each.type === 'AuditEvent') this.#found(each);
      else this.notes.counted(each, this.#standing);
    }
    const matches = page.matches.map((match) => this.#noted(match, this.#access.groundsOfSearch(match)));
    return { ...page, matches };
  }

  #given<S extends Stored | undefined>(stored: S): S {
    if (stored?.type !== 'AuditEvent')
      return stored === undefined ? stored : this.#noted(stored, this.#access.grounds(stored, true));
    this.#looked(stored);
    return asGiven(stored, this.#access);
  }

  #noted<S extends Shown>(stored: S, grounds: Grounds): S {
    if (stored.type === 'AuditEvent') this.#found(stored);
    else if (!isDirectory(stored)) this.notes.given(stored, grounds);
    return asGiven(stored, this.#access);
  }

  /**
   * A trace that was found. Who names no patient finds those of their own requests: of one that is hidden from its
   * patient no other may tell, so that they looked is told of nobody. The patients who are named are asked about anyway.
   */
  #found(trace: Pick<Shown, 'patients'>): void {
    if (this.#access.isTold) this.#looked(trace);
    else this.notes.asked([''], this.#standing);
  }

  /** That traces were looked at is traced, not which: those of what is hidden from another reader would tell them. */
  #looked({ patients }: Pick<Shown, 'patients'>): void {
    this.notes.asked(patients.length === 0 ? [''] : patients, this.#standing);
  }
}

/** Of those that name it, one by the same depositor: if there is one, one that isn't hidden from its patient. */
function documentOf({ by }: Stored, documents: readonly Attributes[]): Attributes | undefined {
  const naming = documents.filter((each) => each.by === by);
  return naming.find(({ hidden }) => hidden === undefined) ?? naming[0];
}

/** A PUT to an id that nothing has creates. */
function didOf({ method, previous }: Change): Written['did'] {
  if (method === 'DELETE') return 'D';
  return previous === undefined || previous.method === 'DELETE' ? 'C' : 'U';
}

function isDirectory({ type, patients }: Shown): boolean {
  return patients.length === 0 && DIRECTORY.has(type);
}

/** Whether it is a SubmissionSet of this document and of nothing else. */
function isSetOf({ body }: Stored, document: string): boolean {
  const list = parseJson(body) as Resource;
  return (
    listType(list) === 'submissionset' &&
    items(list.entry).every(
      ({ item }) => (item as Reference | undefined)?.reference === `DocumentReference/${document}`,
    )
  );
}
