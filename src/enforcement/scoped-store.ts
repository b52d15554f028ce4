/** The store as one caller may use it, in one request. Whatever goes through it is noted for the traces. */
import type { Block } from '../consent/policy.ts';
import type { Rules } from '../consent/rules.ts';
import { sourceOf } from '../consent/supposed.ts';
import type { Refusal } from '../consent/writing.ts';
import type { Attributes } from '../condition/condition.ts';
import { type Known, isContentType } from '../fhir/content/attachment.ts';
import { identityOf } from '../fhir/identity.ts';
import type { Resource } from '../fhir/resource.ts';
import { UNKNOWN_PATIENT } from '../fhir/subjects.ts';
import { FhirError } from '../fhir/outcome.ts';
import { asksNational } from '../search/national.ts';
import type { Include, SearchQuery } from '../search/filter.ts';
import { Access } from './access.ts';
import { contentFor, goesWith, ownBytes, ownContent, ownNaming } from './document-content.ts';
import { Giving } from './giving.ts';
import { Insight } from './insight.ts';
import type { Labelled } from '../consent/labelling.ts';
import { depositNamed, patientNamed, patientOpen } from './known-by-name.ts';
import { type Relabelled, asGiven, labelled, labelledIn } from './labels.ts';
import { type AskedToWrite, mayNot } from './may-write.ts';
import type { Concern, Notes } from './notes.ts';
import { noteWrites } from './note-writes.ts';
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

import { TRACER } from './own-traces.ts';
import { links } from './links.ts';
import { isSortKnown } from './sorts.ts';
import { givesStill } from './still-given.ts';
import { Screening } from './screening.ts';
import type { Vet } from './vetting.ts';

/** Makes the traces of what was touched. */
export type Tracer = (concerns: readonly Concern[], at: number) => Trace[];

const HOUR = 3_600_000;

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
  readonly #giving: Giving;

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
    this.#giving = new Giving(access, notes);
  }

  /**
   * Undefined: absent or hidden, which is the same. A deletion is a version without a body.
   * @param byDocument content may be read by who may read a document that names it: see document-content.ts
   */
  async read(type: string, id: string, { byDocument = false } = {}): Promise<Stored | undefined> {
    if (!isContentType(type)) return this.#giving.named(await this.#port.get(this.#access, type, id));
    const refused = (facts: Attributes): void => this.#access.refuse([facts]);
    const found = await contentFor(this.#port, this.#access, [type, id], { byDocument, refused });
    if (found === undefined) return undefined;
    const { content, document } = found;
    // who deposited content reads it by itself; it tells of the patient none the less
    return document === undefined ? this.#giving.named(content) : this.#asContent(content, document);
  }

  /** Content is given to who may read its document in its current version alone: no document may have named an earlier one. */
  async readVersion(type: string, id: string, vid: string): Promise<Stored | undefined> {
    const current = isContentType(type)
      ? await contentFor(this.#port, this.#access, [type, id], { byDocument: true })
      : undefined;
    const { content, document } = current ?? {};
    const isCurrent = content?.vid === vid && document !== undefined;
    const found = isCurrent ? content : await this.#port.getVersion(this.#access, type, id, vid);
    if (found === undefined || this.#access.keeps(found)) return undefined;
    return document === undefined ? this.#giving.named(found) : this.#asContent(found, document);
  }

  /** What is found is to be shown: it can't be replaced. */
  async search(query: SearchQuery, after?: unknown): Promise<Page<Shown>> {
    this.#requireTold(query);
    const page = await this.#port.search(this.#access, query, after);
    if (after !== undefined || page.next !== undefined) this.notes.paged(page.matches);
    return this.#giving.page(page, query);
  }

  /** The same, to be replaced. */
  async matching(query: SearchQuery): Promise<Page> {
    this.#requireTold(query);
    return this.#giving.page(await this.#port.matching(this.#access, query), query);
  }

  /** Of one patient, newest first. That traces were looked at is traced, not which. */
  async traces(asked: TracesAsked): Promise<TracesFound> {
    const found = await this.#port.traces(this.#access, asked);
    this.notes.asked([asked.patient], this.#giving.groundsOfTraces(TRACER));
    return { ...found, traces: found.traces.map((each) => asGiven(each, this.#access, [asked.patient])) };
  }

  /** Who made them, over all that are asked for. */
  async tracers(asked: TracersAsked): Promise<TracersFound> {
    const { tracers, next } = await this.#port.tracers(this.#access, asked);
    this.notes.asked([asked.patient], this.#giving.groundsOfTraces(TRACER));
    return {
      tracers: tracers.map((each) => ({
        ...each,
        trace: asGiven(each.trace, this.#access, [asked.patient]),
      })),
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
    const ledTo = links(matches, found);
    return found.map((each) => this.#giving.met(each, ledTo(each)));
  }

  async history(scope: HistoryScope): Promise<Page> {
    const page = await this.#port.history(this.#access, scope);
    return { ...page, matches: page.matches.map((match) => this.#giving.met(match)) };
  }

  /** With the document as it is, which says of which sort it is, unless that is remembered. */
  async #asContent(content: Stored, document: Attributes): Promise<Stored> {
    if (isSortKnown(document)) return this.#giving.asContent(content, document);
    const internal = Access.internal('of which sort the document of content that is given is');
    const stored = await this.#port.get(internal, document.type, document.id);
    const isSame = stored !== undefined && 'vid' in document && document.vid === stored.vid;
    return this.#giving.asContent(content, isSame ? stored : document);
  }

  /** What is deleted with a document of the caller's own. */
  contentOf(document: Stored, base: string): Promise<Stored[]> {
    return goesWith(this.#port, this.#access, document, base);
  }

  /**
   * Who it is that all these terms mean: see known-by-name.ts. Who knows them may know that there is such a space;
   * nothing but who it is is told.
   * @param but who isn't meant, by logical id
   */
  async whoIs(terms: readonly string[], but?: string): Promise<Resource | undefined> {
    const patient = await patientNamed(this.#port, terms, but);
    this.notes.asked([patient?.id ?? UNKNOWN_PATIENT], this.#giving.standing);
    return patient === undefined ? undefined : identityOf(patient);
  }

  /** Of who was found by `whoIs`: something beyond the caller's own deposits may be given to the caller now. */
  isAuthorised(patient: string): Promise<boolean> {
    return this.#access.isAuthorised(patient);
  }

  /** What the caller deposited under an identifier: that others used it is not told. */
  async ownDeposit(
    type: string,
    identifier: string,
    isMeant: (resource: Resource) => boolean,
  ): Promise<Stored | undefined> {
    const found = await depositNamed(this.#port, this.#access, type, identifier, isMeant);
    if (found !== undefined) this.notes.given(found.stored);
    return found?.given;
  }

  /** Length and hash of a Binary of the caller's own. */
  ownContent(id: string): Promise<Known | undefined> {
    return ownContent(this.#port, this.#access, id);
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
  givesAll(names: readonly string[]): Promise<boolean> {
    return givesStill(this.#port, this.#access, names);
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
      {
        own: (id) => ownContent(this.#port, this.#access, id),
        naming: (name) => ownNaming(this.#port, this.#access, name),
        content: (name) => ownBytes(this.#port, this.#access, name),
        patient: (id) => patientOpen(this.#port, id),
        tried: (patients) => this.notes.asked(patients),
      },
    );
    const accepted = (await this.#screening.of(changes)).map(this.#accept);
    noteWrites(this.notes, this.#access, accepted, this.#port.base);
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

  /** For a store of the same caller; what is accepted and vetted is so once. */
  protected static partsOf(store: ScopedStore): ConstructorParameters<typeof ScopedStore> {
    return [store.#port, store.#access, store.notes, store.#tracer];
  }

  /** Why the caller may not write it; undefined when they may. */
  refusesWrite(asked: AskedToWrite): Promise<Refusal> {
    return mayNot(this.#port, this.#access, asked);
  }

  /** @throws FhirError for a label that isn't understood, or isn't the caller's to put */
  labelled(
    resource: Resource,
    patients: readonly string[],
    before: Stored | undefined,
    says: ReadonlySet<string> | undefined,
  ): Promise<Relabelled> {
    return labelled(this.#port, this.#access, { resource, patients, before, says });
  }

  /** Who isn't told a number isn't told by a search whether it is the right one. @throws FhirError 403 */
  #requireTold(query: SearchQuery): void {
    if (this.#access.isToldNational || !asksNational(query)) return;
    throw new FhirError(
      'forbidden',
      'the app isn’t told national identifiers: identifiers are looked for as `system|value` of another system',
    );
  }
}
