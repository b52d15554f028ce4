/** What one caller is given: as they are shown it, and noted for the traces. */
import type { Attributes } from '../condition/condition.ts';
import { DIRECTORY } from '../fhir/subjects.ts';
import type { SearchQuery } from '../search/filter.ts';
import type { Access } from './access.ts';
import { asAttributed, asGiven } from './labels.ts';
import type { Grounds, Notes } from './notes.ts';
import type { Page, Shown, Stored } from './ports.ts';

export class Giving {
  readonly #access: Access;
  readonly #notes: Notes;

  constructor(access: Access, notes: Notes) {
    this.#access = access;
    this.#notes = notes;
  }

  /** Of whom something was asked or written; no line decides of that. */
  readonly standing = (patient: string): ReturnType<Grounds> => this.#access.standings.of(patient);

  /** By what a number was told, where nothing else was. */
  readonly #ofCount: Grounds = (patient) => this.#access.groundsOfCount(patient) ?? this.standing(patient);

  /** What it was asked by says whether it is a number alone. */
  async page<S extends Shown>(
    page: Page<S>,
    { count, types }: Pick<SearchQuery, 'count' | 'types'>,
  ): Promise<Page<S>> {
    const { patients = [], counted = [] } = page;
    await this.#access.standings.meet([...patients, ...counted.flatMap((each) => each.patients)]);
    const ofTraces = types[0] === 'AuditEvent';
    const grounds = count === 0 && (!ofTraces || this.#access.isTold) ? this.#ofCount : this.standing;
    this.#notes.asked(patients, grounds);
    for (const each of counted) {
      if (each.type === 'AuditEvent') this.#found(each);
      else this.#notes.counted(each, grounds);
    }
    const matches = page.matches.map((match) => this.#noted(match, this.#access.groundsOfSearch(match)));
    return { ...page, matches };
  }

  /** What was asked for by name. */
  named<S extends Stored | undefined>(stored: S): S {
    if (stored?.type !== 'AuditEvent') return stored === undefined ? stored : this.met(stored);
    this.#looked(stored);
    return asGiven(stored, this.#access);
  }

  /** What came up beside it. @param via what led to it, `Type/id` */
  met<S extends Stored>(stored: S, via?: readonly string[]): S {
    return this.#noted(stored, this.#access.grounds(stored, true), via);
  }

  /** Who has seen a document's content has seen the document. What documents themselves say is given as it is. */
  asContent(content: Stored, document: Attributes): Stored {
    const { patients, labels, hidden } = document;
    // INVARIANT: not its body, which is put together when it is asked for
    const { type, id, by } = content;
    const grounds = this.#access.grounds(document, true);
    this.#notes.given(document, grounds);
    const contentOf = `${document.type}/${document.id}`;
    this.#notes.given({ type, id, by, patients, labels, hidden, contentOf }, grounds);
    return asAttributed(content, this.#access);
  }

  #noted<S extends Shown>(stored: S, grounds: Grounds, via?: readonly string[]): S {
    if (stored.type === 'AuditEvent') this.#found(stored);
    else if (!isDirectory(stored)) this.#notes.given(stored, grounds, via);
    return asGiven(stored, this.#access);
  }

  /**
   * A trace that was found. Who names no patient finds those of their own requests: of one that is hidden from its
   * patient no other may tell, so that they looked is told of nobody. The patients who are named are asked about anyway.
   */
  #found(trace: Pick<Shown, 'patients' | 'by'>): void {
    if (this.#access.isTold) this.#looked(trace);
    else this.#notes.asked([''], this.standing);
  }

  /** That traces were looked at is traced, not which: those of what is hidden from another reader would tell them. */
  #looked({ patients, by }: Pick<Shown, 'patients' | 'by'>): void {
    this.#notes.asked(patients.length === 0 ? [''] : patients, this.groundsOfTraces(by));
  }

  /** By what traces are given; one's own by no line. @param by whoever made them */
  groundsOfTraces(by: string): Grounds {
    if (!this.#access.isTold) return this.standing;
    const told = this.#access.groundsOfSearch({ by });
    return (patient) => told(patient) ?? this.standing(patient);
  }
}

function isDirectory({ type, patients }: Shown): boolean {
  return patients.length === 0 && DIRECTORY.has(type);
}
