/**
 * `Patient/x/$access-history`: who looked at a patient's data, added to it or was refused, when and why, by visit, in
 * words. Told of the traces that the caller may be given, and of nothing else.
 * https://carnet.example/fhir/OperationDefinition/access-history
 */
import { type Happening, happeningOf } from '../audit/history/happening.ts';
import { type Line, lineOf } from '../audit/history/line.ts';
import { titleOf } from '../audit/history/title.ts';
import { type Resume, type VisitPage, Visits } from '../audit/history/visits.ts';
import { TRACER } from '../enforcement/own-traces.ts';
import type { Stored } from '../enforcement/ports.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { turnedPage } from '../interaction/turned-page.ts';
import { answerAs, answerOf } from './access-history-forms.ts';
import { type PersonsAfter, personParts, personsOf } from './access-history-persons.ts';
import { type Asked, type Form, askedIn } from './access-history-query.ts';

/** Of one page: visits unless told, visits at most, traces. A file holds more than what is shown at once. */
const SCREEN = { usual: 20, most: 80, traces: 80 };
const FILE = { usual: 500, most: 2000, traces: 4000 };
const SIZES: Readonly<Record<Form, typeof SCREEN>> = {
  parameters: SCREEN,
  bundle: SCREEN,
  csv: FILE,
  pdf: FILE,
};
/** Traces read at once: at first about as many as have to be, when most visits are short. */
const AT_FIRST = 16;
const AT_ONCE = 64;
/** Documents of a page whose titles are read: each is opened for it. */
const TITLED = 40;

/** A happening with the trace that tells it. */
export interface Traced extends Happening {
  stored: Stored;
}

export interface HistoryPage {
  lines: readonly Line[];
  traces: readonly Stored[];
  /** Where a GET finds what follows. */
  next?: string;
}

export async function accessHistory(context: Context, exchange: Exchange): Promise<Answer> {
  const { params, subject, prefer, base } = exchange;
  const path = `Patient/${params.id}/$access-history`;
  const state = turnedPage(context, exchange, path);
  const query = state?.query ?? exchange.query;
  const asked = askedIn(exchange, query);
  const clock = { language: asked.language, zone: asked.zone, now: context.now() };
  const sealed = (after: unknown): string => {
    const token = context.links.seal({ query, path, handling: prefer.handling, after }, subject);
    return `${base}/${path}?_page=${token}`;
  };
  if (asked.byPerson) {
    const [patient, page] = await Promise.all([
      exchange.store.read('Patient', params.id!),
      personsOf(context, exchange, asked, state?.after as PersonsAfter | undefined),
    ]);
    requireKnown(exchange, patient, page.tracers.length > 0);
    const parts = personParts(page, params.id!, clock, { visits: `${base}/${path}`, query });
    return answerOf(parts, clock, page.next === undefined ? {} : { next: sealed(page.next) });
  }
  const resume = state?.after as Resume | undefined;
  // at once: what both ask of the gate is read together
  const [patient, { visits, next }] = await Promise.all([
    exchange.store.read('Patient', params.id!),
    visitsOf(exchange, asked, resume),
  ]);
  requireKnown(exchange, patient, visits.length > 0);
  const titles = await titlesOf(exchange, visits);
  const page: HistoryPage = {
    lines: visits.map((visit) => lineOf(visit, subject.reference, clock, titles)),
    traces: visits.flatMap(({ happenings }) => happenings.map(({ stored }) => stored)),
  };
  if (next !== undefined) page.next = sealed(next);
  return answerAs(asked, page, { exchange, clock });
}

/** Of documents that the caller may be given now: of what is hidden from them, or is no more, nothing is said. */
async function titlesOf(
  { store }: Exchange,
  visits: readonly { happenings: readonly Happening[] }[],
): Promise<Map<string, string>> {
  const named = visits.flatMap(({ happenings }) => happenings.flatMap(({ resources }) => resources));
  const documents = [...new Set(named)].filter((name) => name.startsWith('DocumentReference/'));
  const found = documents.length === 0 ? new Map() : await store.whoIsWho(documents.slice(0, TITLED));
  const titles = new Map<string, string>();
  for (const name of documents) {
    const document = found.get(name);
    const title = document === undefined ? undefined : titleOf(document);
    if (title !== undefined) titles.set(name, title);
  }
  return titles;
}

/**
 * To who may not be given the patient, nor any trace of theirs, there is no such patient. Who was given something once
 * is told of that, and no refusal is noted. @throws FhirError not-found
 */
function requireKnown({ params, store }: Exchange, patient: Stored | undefined, hasVisited: boolean): void {
  const id = params.id!;
  if (patient !== undefined && patient.method !== 'DELETE') return;
  if (!hasVisited) throw new FhirError('not-found', 'not found');
  store.notes.pardoned({ type: 'Patient', id, patients: [id] });
}

async function visitsOf(
  { params, store }: Exchange,
  asked: Asked,
  resume: Resume | undefined,
): Promise<VisitPage<Traced>> {
  const patient = params.id!;
  const { sought, from, until } = asked;
  const size = SIZES[asked.form];
  const count = Math.min(asked.count ?? size.usual, size.most);
  const visits = new Visits<Traced>(count, size.traces, resume?.told);
  let start = resume?.from;
  let limit = Math.min(count + AT_FIRST, size.traces);
  do {
    const found = await store.traces({ patient, sought, from, until, start, limit });
    for (const stored of found.traces) {
      visits.add(tracedIn(stored, patient, asked.document));
      if (visits.isDone) return visits.page(false);
    }
    start = found.next;
    limit = Math.max(1, Math.min(AT_ONCE, size.traces - visits.read));
  } while (start !== undefined);
  return visits.page(true);
}

function tracedIn(stored: Stored, patient: string, document: string | undefined): Traced {
  // of a file that this one replaced it is about the patient by the id that they had
  const [own = patient] = stored.patients;
  const happening = happeningOf(JSON.parse(stored.body.toString()) as Resource, own);
  // who asks about one document is told of that, whatever else was seen with it
  const about = document === undefined ? {} : { resources: [document], count: 1 };
  return { ...happening, ...about, outside: stored.by !== TRACER, stored };
}
