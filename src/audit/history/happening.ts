/**
 * What an AuditEvent says happened, for a history that people read: who, what, when, why. It takes the traces of this
 * server and those of other systems, and is silent on what a trace doesn't say. https://hl7.org/fhir/R4/auditevent.html
 */
import { dateRange } from '../../fhir/dates.ts';
import type { Coding, Json, Reference, Resource } from '../../fhir/resource.ts';
import { isAsserted } from '../asserted.ts';
import { type Told, kindsOf } from './kinds.ts';

export type Mode = 'usual' | 'emergency' | 'call-centre';

export type Standing = 'patient' | 'person' | 'family' | 'professional' | 'system' | 'app' | 'unknown';

export interface Who {
  /** `Practitioner/x`; absent: the trace names nobody here. */
  reference?: string;
  name?: string;
  is: Standing;
  /** What they are to the patient: `representative`, `caregiver`. */
  standing?: string;
  /** A code of a profession. */
  profession?: string;
  /** Its name, where the trace has one. */
  professionName?: string;
  organization?: { reference?: string; name?: string };
  /** Named by their software, without a login of theirs. */
  isAsserted?: true;
}

export interface Happening extends Told {
  id: string;
  /** Milliseconds. */
  at: number;
  who: Who;
  mode: Mode;
  purposes: readonly string[];
  /** As written by who broke the glass. */
  reason?: string | undefined;
  /** `Type/id` of what it was about, but the patient. */
  resources: readonly string[];
  /** More than are named. */
  count: number;
  /** The caller's IP address, where the reader is told. */
  address?: string | undefined;
  /** Deposited by another system: who reads it knows, a trace says nothing of it that counts. */
  outside: boolean;
}

export type Agent = Json & {
  type?: { coding?: Coding[] };
  role?: { coding?: Coding[]; text?: string }[];
  who?: Reference & { identifier?: Json };
  name?: string;
  requestor?: boolean;
  network?: { address?: string; type?: string };
};

const IS: Readonly<Record<string, Standing>> = {
  Patient: 'person',
  RelatedPerson: 'family',
  Practitioner: 'professional',
  PractitionerRole: 'professional',
  Organization: 'system',
  Device: 'app',
};
const PERSONS = new Set(['person', 'family', 'professional']);
const BREAK_GLASS = 'BTG';
const ORGANIZATION = 'Organization/';
/** Code systems whose codes in `agent.role` are professions: https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante */
const PROFESSION = /TRE[_-][GR]\d\d|profession/i;
const STANDINGS = 'https://carnet.example/fhir/CodeSystem/standing';
/** https://hl7.org/fhir/R4/valueset-network-type.html */
const IP = '2';

/** @param patient the id of the patient whose history it is */
export function happeningOf(event: Resource, patient: string): Happening {
  const agents = list<Agent>(event.agent);
  const entities = list<Json>(event.entity);
  const purposes = purposesOf(event, agents);
  const names = namesIn(entities);
  const resources = names.filter((name) => !isApart(name));
  const address = agents.find(({ network }) => network?.type === IP)?.network?.address;
  const reason = purposes.includes(BREAK_GLASS) ? reasonIn(event, agents) : undefined;
  return {
    ...kindsOf(event, names),
    id: String(event.id),
    at: momentOf(String(event.recorded)),
    who: whoIn(agents, patient),
    mode: modeOf(purposes),
    purposes,
    reason,
    resources,
    count: Math.max(resources.length, countIn(entities)),
    address,
    outside: false,
  };
}

/** Milliseconds. What JavaScript doesn't read, such as a leap second, as a search does. */
function momentOf(recorded: string): number {
  const at = Date.parse(recorded);
  return Number.isNaN(at) ? (dateRange(recorded)?.lo ?? 0) : at;
}

/** Each once: what is here, without its version. */
export function namesIn(entities: readonly Json[]): string[] {
  const names = new Set<string>();
  for (const { what } of entities) {
    const name = localOf((what as Reference | undefined)?.reference);
    if (name !== undefined) names.add(name);
  }
  return [...names];
}

/** Neither the patient, whose history it is anyway, nor other traces. */
export function isApart(name: string): boolean {
  return name.startsWith('Patient/') || name.startsWith('AuditEvent/');
}

export function modeOf(purposes: readonly string[]): Mode {
  if (purposes.includes(BREAK_GLASS)) return 'emergency';
  return purposes.includes('ETREAT') ? 'call-centre' : 'usual';
}

/** Who acted: a person before the software that they used. */
function callerIn(agents: readonly Agent[]): Agent | undefined {
  let best: Agent | undefined;
  let rank = 0;
  for (const agent of agents) {
    const name = agent.who?.reference;
    const asked = agent.requestor === true;
    const isNamed = typeof name === 'string';
    const isPerson = isNamed && PERSONS.has(IS[typeOf(name)] ?? '');
    const worth = isPerson && asked ? 4 : isNamed && asked ? 3 : isPerson ? 2 : asked ? 1 : 0;
    if (worth > rank) [best, rank] = [agent, worth];
  }
  return best;
}

export function whoIn(agents: readonly Agent[], patient: string): Who {
  const caller = callerIn(agents);
  if (caller === undefined) return { is: 'unknown' };
  const reference = localOf(caller.who?.reference);
  const who: Who = { is: 'unknown' };
  if (reference !== undefined) {
    who.reference = reference;
    who.is = reference === `Patient/${patient}` ? 'patient' : (IS[typeOf(reference)] ?? 'unknown');
  }
  const name = caller.who?.display ?? caller.name;
  if (name !== undefined) who.name = name;
  for (const { coding } of list<{ coding?: Coding[] }>(caller.role)) {
    for (const each of coding ?? []) {
      const { system = '', code, display } = each;
      if (code === undefined) continue;
      if (isAsserted(each)) who.isAsserted = true;
      if (system === STANDINGS) who.standing = code;
      else if (PROFESSION.test(system)) {
        who.profession = code;
        if (display !== undefined) who.professionName = display;
      }
    }
  }
  const house = agents.find(
    (each) => each !== caller && localOf(each.who?.reference)?.startsWith(ORGANIZATION) === true,
  );
  if (house !== undefined) who.organization = partyOf(house);
  return who;
}

function partyOf({ who, name }: Agent): { reference?: string; name?: string } {
  const [reference, display] = [localOf(who?.reference), who?.display ?? name];
  return {
    ...(reference === undefined ? {} : { reference }),
    ...(display === undefined ? {} : { name: display }),
  };
}

export function purposesOf(event: Resource, agents: readonly Agent[]): string[] {
  const codes = new Set<string>();
  const add = (stated: unknown): void => {
    for (const { coding } of list<Json>(stated)) {
      for (const { code } of list<Coding>(coding)) if (code !== undefined) codes.add(code);
    }
  };
  add(event.purposeOfEvent);
  for (const { purposeOfUse } of agents) add(purposeOfUse);
  return [...codes].sort();
}

/** What was written when the glass was broken: words beside its code. */
function reasonIn(event: Resource, agents: readonly Agent[]): string | undefined {
  const stated = [event.purposeOfEvent, ...agents.map(({ purposeOfUse }) => purposeOfUse)].flatMap((each) =>
    list<Json>(each),
  );
  const written = stated.find(
    ({ coding, text }) =>
      typeof text === 'string' && list<Coding>(coding).some(({ code }) => code === BREAK_GLASS),
  );
  return written?.text as string | undefined;
}

/** How many were found, where a trace names fewer. */
function countIn(entities: readonly Json[]): number {
  for (const { detail } of entities) {
    for (const { type, valueString } of list<Json>(detail)) {
      if (type !== 'count') continue;
      const count = Number(valueString);
      return Number.isSafeInteger(count) && count > 0 ? count : 0;
    }
  }
  return 0;
}

const LOCAL = /^([A-Za-z]+\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/]+)?$/;

/** `Type/id` of a reference to what is here, without its version. */
export function localOf(reference: unknown): string | undefined {
  if (typeof reference !== 'string') return undefined;
  return LOCAL.exec(reference)?.[1];
}

export function typeOf(reference: string): string {
  return reference.slice(0, Math.max(reference.indexOf('/'), 0));
}

export function list<T>(value: unknown): T[] {
  return Array.isArray(value) ? (value as T[]) : [];
}
