/** From what a request touched to its traces: one for each patient, none naming a second. docs/audit.md */
import type { Subject } from '../consent/subject.ts';
import type { Concern, Noted, Written } from '../enforcement/notes.ts';
import { isTraced } from '../enforcement/own-traces.ts';
import type { Trace } from '../enforcement/ports.ts';
import { fewRandomBytes } from '../fhir/random.ts';
import {
  type Action,
  DISCLOSE,
  type Facts,
  type Kind,
  type Named,
  decisionOf,
  frameOf,
  ownOf,
} from './event.ts';
import { namesNobody } from './naming.ts';

/** What of a request its traces tell. */
export interface Traced {
  audit: { code: string; action: Action };
  params: { type?: string; id?: string };
  url: string;
  /** Decoded; the fields of a form with those of the address. */
  query: readonly (readonly [string, string])[];
  requestId: string;
  /** Of a distributed trace that the request is a part of. https://www.w3.org/TR/trace-context/#trace-id */
  traceId?: string;
  subject: Subject;
  base: string;
  /** Where the request came from. */
  address: string;
}

export type Outcome = Kind['outcome'];

export interface Tracing {
  outcome: Outcome;
  /** Code system of professions. */
  professions: string;
}

export function tracesOf(
  traced: Traced,
  concerns: readonly Concern[],
  { outcome, professions }: Tracing,
  at: number,
): Trace[] {
  const { audit, requestId, traceId, subject, base, address } = traced;
  const whole =
    outcome === '0' && isTraced(subject) ? wholes(concerns, subject.depositor) : new Map<string, Concern>();
  const told: [Concern, Trace['to']?][] = (outcome === '0' ? concerns : together(concerns)).map((each) =>
    !each.refused && whole.has(each.patient) ? [each, 'others'] : [each],
  );
  for (const each of whole.values()) told.push([each, 'asker']);
  return told.map(([concern, to]) => {
    const { patient, refused, named, count, standing, decided } = concern;
    const deed = deedOf(traced, concern, outcome);
    const frame = frameOf({
      subject,
      standing,
      interaction: audit.code,
      action: deed.action,
      outcome: refused && outcome === '0' ? '4' : outcome,
      profile: deed.profile,
      reason: reasonFor(subject, patient),
      server: base,
      address,
      professions,
    });
    const own = ownOf(idAt(at), {
      at,
      requestId,
      traceId,
      patient: patient === '' ? undefined : patient,
      data: deed.data,
      met: deed.met,
      count: count > named.size ? count : undefined,
      isQuery: deed.action === 'E',
      query:
        deed.action === 'E' ||
        audit.code === 'operation' ||
        audit.code === DISCLOSE ||
        traced.query.length > 0
          ? searchFor(traced, patient, isOfSeveral(concerns, concern)) || undefined
          : undefined,
    });
    return { frame, own, aside: decided.map(decisionOf), patient, to };
  });
}

type Deed = Pick<Kind, 'action' | 'profile'> & Pick<Facts, 'data' | 'met'>;

const PROFILES: Record<Action, string> = {
  C: 'Create',
  R: 'Read',
  U: 'Update',
  D: 'Delete',
  E: 'Query',
};

/**
 * What was done to one patient's data, as BALP has it: something was written; or one thing was read, the one that the
 * address names; or it was asked for in a query. What was refused is none of these.
 */
function deedOf(
  { audit, params }: Traced,
  { patient, refused, hidden, secret, named: noted, wrote }: Concern,
  outcome: Outcome,
): Deed {
  const named: Named[] = [...noted].map(([reference, each]) => ({
    reference,
    ...each,
    // INVARIANT: when that is shown its traces are told, and would tell of which sort an earlier version was that still isn't
    categories: hidden || secret ? [] : each.categories,
  }));
  const instance = `${params.type}/${params.id}`;
  if (refused || outcome !== '0') {
    const data = named.find(({ reference }) => reference === instance) ?? named[0];
    return audit.action === 'E' || data === undefined
      ? { action: audit.action, met: named }
      : { action: audit.action, data, met: named.filter((each) => each !== data) };
  }
  const claims = (action: Action, data?: Named): Deed => ({
    action,
    profile: `${patient === '' ? '' : 'Patient'}${PROFILES[action]}`,
    data,
    met: named.filter(({ reference }) => reference !== data?.reference),
  });
  if (wrote.length > 0) {
    const did = new Map(wrote.map((each) => [each.reference, each.did]));
    for (const each of named) each.did = did.get(each.reference);
    const { reference, did: action } = foremost(wrote, instance);
    return claims(action, named.find((each) => each.reference === reference) ?? { reference });
  }
  // of nobody's data nothing is disclosed
  if (audit.code === DISCLOSE && patient !== '')
    return { action: 'R', profile: 'PrivacyDisclosure.Source', met: named };
  const read = named.find(({ reference }) => reference === instance);
  if (read !== undefined) return claims('R', read);
  return instance === `Patient/${patient}` ? claims('R', { reference: instance }) : claims('E');
}

const BY_ACTION: readonly Written['did'][] = ['C', 'U', 'D'];
/** What others that are written with it belong to: a SubmissionSet before its documents, these before their content. */
const BY_TYPE: readonly string[] = ['List', 'DocumentReference'];

/**
 * BALP has one thing in an event. Of several that were written together it is the one that the address names, else one
 * that was created, if any was: the others are told beside it, each with what was done to it.
 */
function foremost(wrote: readonly Written[], instance: string): Written {
  const rank = ({ reference, did }: Written): number => {
    if (reference === instance) return -1;
    const type = BY_TYPE.findIndex((each) => reference.startsWith(`${each}/`));
    const isContent = reference.startsWith('Binary/');
    return (isContent ? 100 : 10 * BY_ACTION.indexOf(did)) + (type < 0 ? BY_TYPE.length : type);
  };
  return wrote.reduce((best, each) => (rank(each) < rank(best) ? each : best));
}

/**
 * Of whom a request is told in parts, all of them as one: who asked counts their own traces, and learns by their number
 * nothing of what is hidden from others. docs/decisions/0054-who-asked-is-told-all.md
 */
function wholes(concerns: readonly Concern[], depositor: string): Map<string, Concern> {
  const each = new Map<string, Concern[]>();
  for (const concern of concerns) {
    if (concern.refused) continue;
    const parts = each.get(concern.patient);
    if (parts === undefined) each.set(concern.patient, [concern]);
    else parts.push(concern);
  }
  return new Map(
    [...each]
      .filter(([, parts]) => parts.length > 1 || isUnshown(parts[0]!, depositor))
      .map(([patient, parts]): [string, Concern] => [
        patient,
        {
          ...parts[0]!,
          hidden: false,
          secret: false,
          // it may tell of everybody whom the request was about
          apart: true,
          named: new Map(
            parts.flatMap(met).sort(([, one], [, other]) => (one.order ?? 0) - (other.order ?? 0)),
          ),
          wrote: parts.flatMap(({ wrote }) => wrote),
          count: parts.reduce((sum, { count, counted }) => sum + count - (counted?.size ?? 0), 0),
          decided: [],
        },
      ]),
  );
}

/** Who deposited what is hidden may not be shown that it is: they are told as of all else. */
function isUnshown({ hidden, secret, named }: Concern, depositor: string): boolean {
  return (
    (hidden || secret) && [...named.values()].some(({ by, hushed }) => hushed !== false && by === depositor)
  );
}

/** What of it was given or written, not only counted. */
function met({ named, counted }: Concern): [string, Noted][] {
  return [...named].filter(([name]) => counted?.has(name) !== true);
}

/** When all was refused, what was read on the way is part of that. */
function together(concerns: readonly Concern[]): Concern[] {
  const each = new Map<string, Concern>();
  for (const concern of concerns) {
    const key = `${concern.apart === true ? '/' : ' '}${concern.hidden ? '?' : ' '}${concern.secret ? '!' : ' '}${concern.patient}`;
    const other = each.get(key);
    if (other === undefined) {
      each.set(key, concern);
      continue;
    }
    each.set(key, {
      ...concern,
      named: new Map([...other.named, ...concern.named]),
      count: Math.max(other.count, concern.count),
      decided: [...new Set([...other.decided, ...concern.decided])],
    });
  }
  return [...each.values()];
}

/** What was refused tells nothing in the traces of what was given, nor what is apart: their reader may not know of it. */
function isOfSeveral(concerns: readonly Concern[], { refused, apart = false }: Concern): boolean {
  const told = concerns
    .filter((each) => (refused || !each.refused) && (apart || each.apart !== true))
    // what was found and is nobody's is no second patient
    .filter((each) => each.patient !== '' || each.asked === true);
  return told.some(({ patient }) => patient !== told[0]!.patient);
}

/** Of the patient for whom the glass was broken alone. */
function reasonFor({ emergencies }: Subject, patient: string): string | undefined {
  return emergencies.find((each) => each.patient === `Patient/${patient}`)?.reason;
}

/**
 * The search as sent, as far as it can't tell of another patient: a trace names one only. Where several are concerned
 * any value may be another's id, name or number, and so may each of several values of what can name somebody.
 */
function searchFor({ url, query, params }: Traced, patient: string, several: boolean): string {
  const [path = ''] = url.split('?', 1);
  const pairs = query.map(([name, value]) => {
    const isTold = !several && (!value.includes(',') || namesNobody(params.type, name));
    return `${name}=${isTold ? value : '…'}`;
  });
  const asked = pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
  return asked.replace(/Patient\/([A-Za-z0-9\-.]{1,64})/g, (whole, id: string) =>
    id === patient ? whole : 'Patient/…',
  );
}

/** In the order of time, so that records are added at the end of their indexes. */
function idAt(at: number): string {
  return `${at.toString(16)}-${fewRandomBytes(8).toString('hex')}`;
}
