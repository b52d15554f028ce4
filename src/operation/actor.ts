/**
 * Somebody as the gate would know them, without a token of theirs: what a token would claim is taken from the
 * directory, where it is to be found there, and assumed otherwise.
 */
import { items } from '../fhir/items.ts';
import type { Role } from '../consent/subject.ts';
import type { Caller } from '../consent/caller.ts';
import { codingsOf } from '../consent/coding.ts';
import { memberIn } from '../consent/members.ts';
import { contains } from '../consent/period.ts';
import { isPurpose } from '../consent/vocabulary.ts';
import { parseJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import type { Exchange } from '../interaction/exchange.ts';
import { parse } from '../interaction/search.ts';

const ROLES: Readonly<Record<string, Role>> = {
  Practitioner: 'professional',
  PractitionerRole: 'professional',
  Organization: 'system',
  Device: 'app',
  RelatedPerson: 'representative',
  Patient: 'patient',
};
const REFERENCE = /^([A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}$/;
const MOST_ROLES = 100;
/** As long as breaking the glass wants one. */
const ASSUMED_REASON = 'assumed for an explanation';

export interface Actor {
  reference: string;
  /** One for each profession: who has several may come as any of them. */
  callers: readonly Caller[];
}

/** @throws FhirError 400 for what is no actor or no purpose */
export async function actorOf(
  context: Context,
  exchange: Exchange,
  reference: string,
  stated: readonly string[],
): Promise<Actor> {
  const type = REFERENCE.exec(reference)?.[1] ?? '';
  const role = Object.hasOwn(ROLES, type) ? ROLES[type] : undefined;
  if (role === undefined) {
    throw new FhirError(
      'value',
      `\`${reference.slice(0, 100)}\` is no actor; allowed: an id after ${Object.keys(ROLES).join(', ')}`,
    );
  }
  const { own, groups, professions } =
    role === 'professional'
      ? await fromDirectory(context, exchange, reference)
      : { own: reference, groups: type === 'Organization' ? [reference] : [], professions: [] };
  const each = professions.length === 0 ? [undefined] : professions;
  const now = context.now();
  const purposes = purposesOf(stated, role);
  return {
    reference,
    callers: each.map((profession) => callerOf({ role, own, groups, profession }, purposes, exchange, now)),
  };
}

/** Any professional of a profession. */
export function anyOf(
  profession: string,
  stated: readonly string[],
  exchange: Exchange,
  now: number,
): Caller {
  const who = { role: 'professional' as const, own: 'Practitioner/?', groups: [], profession };
  return callerOf(who, purposesOf(stated, 'professional'), exchange, now);
}

interface Who {
  role: Role;
  own: string;
  groups: readonly string[];
  profession?: string | undefined;
}

function callerOf(
  { role, own, groups, profession }: Who,
  purposes: readonly string[],
  { params }: Exchange,
  now: number,
): Caller {
  const breaks = purposes.includes('BTG');
  return {
    role,
    persons: [own],
    groups,
    ...(profession === undefined ? {} : { profession }),
    purposes,
    depositor: own,
    rights: [],
    emergencies: breaks ? [{ patient: `Patient/${params.id}`, reason: ASSUMED_REASON, since: now }] : [],
    regulator: purposes.includes('ETREAT'),
  };
}

function purposesOf(stated: readonly string[], role: Role): readonly string[] {
  const unknown = stated.find((code) => !isPurpose(code));
  if (unknown !== undefined) {
    throw new FhirError(
      'value',
      `\`${unknown.slice(0, 60)}\` is no purpose; allowed: codes of PurposeOfUse, such as TREAT, BTG or ETREAT`,
    );
  }
  if (stated.length > 0) return stated;
  return role === 'professional' || role === 'system' ? ['TREAT'] : ['PATRQT'];
}

/** Where a professional works and what they are, by the directory alone. */
async function fromDirectory(
  context: Context,
  exchange: Exchange,
  reference: string,
): Promise<{ own: string; groups: string[]; professions: string[] }> {
  const { store } = exchange;
  const now = context.now();
  if (reference.startsWith('PractitionerRole/')) {
    const role = await entryOf(exchange, reference);
    const own = memberIn(role?.practitioner);
    if (role === undefined || own === undefined) {
      throw new FhirError('value', `\`${reference}\` is no role of anybody in the directory`);
    }
    const asRole = professionsIn(items(role.code), store.rules.professions);
    const others = asRole.length > 0 ? [] : await qualifications(exchange, own, now);
    return { own, groups: isActive(role, now) ? groupsIn([role]) : [], professions: [...asRole, ...others] };
  }
  const query: [string, string][] = [
    ['practitioner', reference],
    ['_count', String(MOST_ROLES)],
  ];
  const { matches } = await store.search(parse(context, { ...exchange, query }, ['PractitionerRole']));
  const roles = matches
    .map(({ body }) => parseJson(body) as Resource)
    .filter((role) => memberIn(role.practitioner) === reference && isActive(role, now));
  const professions = [
    ...(await qualifications(exchange, reference, now)),
    ...professionsIn(
      roles.flatMap(({ code }) => items(code)),
      store.rules.professions,
    ),
  ];
  return { own: reference, groups: groupsIn(roles), professions: [...new Set(professions)].sort() };
}

async function entryOf({ store }: Exchange, reference: string): Promise<Resource | undefined> {
  const [type = '', id = ''] = reference.split('/');
  const stored = await store.read(type, id);
  return stored === undefined || stored.method === 'DELETE'
    ? undefined
    : (parseJson(stored.body) as Resource);
}

async function qualifications(exchange: Exchange, practitioner: string, now: number): Promise<string[]> {
  const found = items((await entryOf(exchange, practitioner))?.qualification);
  const held = found.filter(({ period }) => contains(period, now)).map(({ code }) => code as Json);
  return professionsIn(held, exchange.store.rules.professions);
}

function professionsIn(concepts: readonly Json[], systems: readonly string[]): string[] {
  const codings = concepts.flatMap((concept) => codingsOf(concept) ?? []);
  return [...new Set(codings.filter(({ system }) => systems.includes(system)).map(({ code }) => code))];
}

const isActive = ({ active, period }: Resource, now: number): boolean =>
  (active === undefined || active === true) && contains(period, now);

function groupsIn(roles: readonly Resource[]): string[] {
  return [...new Set(roles.flatMap(({ organization }) => memberIn(organization) ?? []))];
}
