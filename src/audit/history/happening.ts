/**
 * What an AuditEvent says happened, for a history that people read: who, what, when, why. It takes the traces of this
 * server and those of other systems, and is silent on what a trace doesn't say. https://hl7.org/fhir/R4/auditevent.html
 */
import { dateRange } from '../../fhir/dates.ts';
import type { Coding, Json, Reference, Resource } from '../../fhir/resource.ts';
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
}

export interface Happening extends Told {
  id: string;
  /** Milliseconds. */
  at: number;
  who: Who;
  mode: Mode;
  purposes: readonly string[];
  /** As written by who broke the glass. */
  reason?: string;
  /** `Type/id` of what it was about, but the patient. */
  resources: readonly string[];
  /** More than are named. */
  count: number;
  /** The caller's IP address, where the reader is told. */
  address?: string;
  /** Deposited by another system: who reads it knows, a trace says nothing of it that counts. */
  outside: boolean;
}

type Agent = Json & {
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
  const told = kindsOf(event);
  const resources = resourcesIn(event);
  const who = whoIn(agents, patient);
  const address = agents.map(({ network }) => network).find((each) => each?.type === IP)?.address;
  const reason = reasonIn(event, agents);
  return {
    ...told,
    id: String(event.id),
    at: dateRange(String(event.recorded))?.lo ?? 0,
    who,
    mode: modeOf(purposes),
    purposes,
    ...(reason === undefined ? {} : { reason }),
    resources,
    count: Math.max(resources.length, countIn(entities)),
    ...(address === undefined ? {} : { address }),
    outside: false,
  };
}

/** `Type/id` of what an event is about. */
export function resourcesIn({ entity }: Resource): string[] {
  const named = list<Json>(entity).flatMap(({ what }) => {
    const reference = localOf((what as Reference | undefined)?.reference);
    return reference === undefined || isApart(reference) ? [] : [reference];
  });
  return [...new Set(named)];
}

/** Neither the patient, whose history it is anyway, nor other traces. */
function isApart(reference: string): boolean {
  return reference.startsWith('Patient/') || reference.startsWith('AuditEvent/');
}

export function modeOf(purposes: readonly string[]): Mode {
  if (purposes.includes('BTG')) return 'emergency';
  return purposes.includes('ETREAT') ? 'call-centre' : 'usual';
}

/** Who acted: a person before the software that they used. */
function callerIn(agents: readonly Agent[]): Agent | undefined {
  const named = agents.filter(({ who }) => localOf(who?.reference) !== undefined);
  const asked = named.filter(({ requestor }) => requestor === true);
  return asked.find(isPerson) ?? asked[0] ?? named.find(isPerson) ?? agents.find((each) => each.requestor);
}

function isPerson({ who }: Agent): boolean {
  return PERSONS.has(IS[typeOf(localOf(who?.reference) ?? '')] ?? '');
}

function whoIn(agents: readonly Agent[], patient: string): Who {
  const caller = callerIn(agents);
  if (caller === undefined) return { is: 'unknown' };
  const reference = localOf(caller.who?.reference);
  const name = caller.who?.display ?? caller.name;
  const roles = list<{ coding?: Coding[] }>(caller.role).flatMap(({ coding }) => coding ?? []);
  const profession = roles.find(({ system }) => PROFESSION.test(system ?? ''));
  const standing = roles.find(({ system }) => system === STANDINGS)?.code;
  const house = agents.find(
    (each) => each !== caller && localOf(each.who?.reference)?.startsWith(ORGANIZATION) === true,
  );
  const is = reference === undefined ? 'unknown' : (IS[typeOf(reference)] ?? 'unknown');
  return {
    ...(reference === undefined ? {} : { reference }),
    ...(name === undefined ? {} : { name }),
    is: reference === `Patient/${patient}` ? 'patient' : is,
    ...(standing === undefined ? {} : { standing }),
    ...(profession?.code === undefined ? {} : { profession: profession.code }),
    ...(profession?.display === undefined ? {} : { professionName: profession.display }),
    ...(house === undefined ? {} : { organization: partyOf(house) }),
  };
}

function partyOf({ who, name }: Agent): { reference?: string; name?: string } {
  const [reference, display] = [localOf(who?.reference), who?.display ?? name];
  return {
    ...(reference === undefined ? {} : { reference }),
    ...(display === undefined ? {} : { name: display }),
  };
}

function purposesOf(event: Resource, agents: readonly Agent[]): string[] {
  const stated = [
    ...list<Json>(event.purposeOfEvent),
    ...agents.flatMap(({ purposeOfUse }) => list<Json>(purposeOfUse)),
  ];
  const codes = stated.flatMap(({ coding }) => list<Coding>(coding).map(({ code }) => code));
  return [...new Set(codes.filter((code) => code !== undefined))].sort();
}

/** What was written when the glass was broken: words beside the code BTG. */
function reasonIn(event: Resource, agents: readonly Agent[]): string | undefined {
  const stated = [
    ...list<Json>(event.purposeOfEvent),
    ...agents.flatMap(({ purposeOfUse }) => list<Json>(purposeOfUse)),
  ];
  const texts = stated.filter(({ coding }) => list<Coding>(coding).some(({ code }) => code === 'BTG'));
  const text = texts.map((each) => each.text).find((each) => typeof each === 'string');
  return text as string | undefined;
}

/** How many were found, where a trace names fewer. */
function countIn(entities: readonly Json[]): number {
  const details = entities.flatMap(({ detail }) => list<Json>(detail));
  const count = Number(details.find(({ type }) => type === 'count')?.valueString ?? 0);
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/** `Type/id` of a reference to what is here, without its version. */
export function localOf(reference: unknown): string | undefined {
  if (typeof reference !== 'string') return undefined;
  return /^([A-Za-z]+\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/]+)?$/.exec(reference)?.[1];
}

export function typeOf(reference: string): string {
  return reference.slice(0, Math.max(reference.indexOf('/'), 0));
}

export function list<T>(value: unknown): T[] {
  return Array.isArray(value) ? (value as T[]) : [];
}
