/**
 * What a patient has stated, compiled from FHIR resources of theirs: Consents, RelatedPersons, CareTeams and the
 * Patient itself. Pure: no clock, no store. Each resource is compiled apart, so that a change compiles what changed.
 */
import { items } from '../fhir/items.ts';
import { dateRange } from '../fhir/dates.ts';
import type { Json, Reference, Resource } from '../fhir/resource.ts';
import { type Adding, addingIn } from './adding.ts';
import { type Actors, NOBODY_KNOWN, actorsOf } from './actors.ts';
import { type Link, linkIn } from './link.ts';
import { memberIn } from './members.ts';
import { EVER, type Span, spanOf } from './period.ts';
import { type Statement, compileConsent } from './provision.ts';
import { policiesOf } from './root.ts';
import type { Rules } from './rules.ts';
import { MODIFIERS, POLICY, SPACE_STATUS } from './vocabulary.ts';

export interface Policy {
  patient: string;
  /** Line 2. */
  open: boolean;
  generalPractitioners: readonly string[];
  /** When the patient comes of age, milliseconds; undefined when that can't be told. */
  majority: number | undefined;
  blocks: readonly Block[];
  links: readonly Link[];
  teams: readonly Team[];
  /** By who they name; those that name nobody, or whom can't be told, under `*`. */
  statements: ReadonlyMap<string, readonly OfConsent[]>;
  /** Which apps may add what. */
  adds: readonly Adding[];
  /** PractitionerRoles, CareTeams and Groups that its Consents name. */
  names: readonly string[];
  /** When new documents are masked from the start. */
  masksNew: readonly Span[];
  /** When something of it begins or ends, milliseconds, in order. */
  moments: readonly number[];
}

/** A statement and which of the Consents makes it. */
export interface OfConsent extends Statement {
  consent: string;
  /** When this version was written, milliseconds. */
  written: number;
}

/** It stands in its time, unless it was ended; after that it has still voided what was permitted before. */
export interface Block extends Span {
  actors: Actors;
  because: string;
  stands: boolean;
  /** When this version was written, milliseconds. */
  written: number;
}

/** Who shares inside an encounter. */
export interface Team extends Span {
  members: readonly (Span & { name: string })[];
  encounter: string;
  because: string;
}

/** What one resource says. */
export interface Part {
  statements?: readonly OfConsent[];
  adds?: readonly Adding[];
  block?: Block;
  masksNew?: Span;
  link?: Link;
  team?: Team;
  person?: Pick<Policy, 'open' | 'generalPractitioners' | 'majority'>;
}

/** Types that say something of what a patient permits. */
export const DECIDING = ['Consent', 'RelatedPerson', 'CareTeam', 'Patient'] as const;

export function compile(patient: string, resources: readonly Resource[], rules: Rules): Policy {
  return policyOf(
    patient,
    resources.map((each) => compilePart(each, rules)),
  );
}

export function compilePart(resource: Resource, rules: Rules): Part {
  switch (resource.resourceType) {
    case 'Consent':
      return consentPart(resource, rules);
    case 'RelatedPerson':
      return { link: linkIn(resource) };
    case 'CareTeam':
      return { team: teamIn(resource) };
    case 'Patient':
      return {
        person: {
          open: isOpen(resource),
          generalPractitioners: items(resource.generalPractitioner).flatMap((each) => memberIn(each) ?? []),
          majority: majorityOf(resource.birthDate, rules.majority),
        },
      };
    default:
      return {};
  }
}

export function policyOf(patient: string, parts: Iterable<Part>): Policy {
  const statements = new Map<string, OfConsent[]>();
  const names = new Set<string>();
  const blocks: Block[] = [];
  const links: Link[] = [];
  const teams: Team[] = [];
  const masksNew: Span[] = [];
  const adds: Adding[] = [];
  let person: Part['person'];
  for (const part of parts) {
    for (const statement of part.statements ?? []) {
      for (const { named } of statement.actors) for (const name of named) names.add(name);
      for (const name of namesIn(statement)) {
        const others = statements.get(name);
        if (others === undefined) statements.set(name, [statement]);
        else others.push(statement);
      }
    }
    if (part.block !== undefined) {
      blocks.push(part.block);
      for (const name of part.block.actors.named) names.add(name);
    }
    adds.push(...(part.adds ?? []));
    if (part.link !== undefined) links.push(part.link);
    if (part.team !== undefined) teams.push(part.team);
    if (part.masksNew !== undefined) masksNew.push(part.masksNew);
    person ??= part.person;
  }
  const { open = true, generalPractitioners = [], majority } = person ?? {};
  return {
    patient,
    open,
    generalPractitioners,
    majority,
    blocks,
    links,
    teams,
    statements,
    adds,
    names: [...names],
    masksNew,
    moments: momentsOf([...[...statements.values()].flat(), ...adds], blocks, links, teams, majority),
  };
}

function momentsOf(
  statements: readonly Span[],
  blocks: readonly Span[],
  links: readonly Span[],
  teams: readonly Team[],
  majority: number | undefined,
): number[] {
  const spans = [...statements, ...blocks, ...links, ...teams, ...teams.flatMap(({ members }) => members)];
  const moments = new Set(spans.flatMap(({ from, until }) => [from, until]));
  if (majority !== undefined) moments.add(majority);
  return [...moments].sort((a, b) => a - b);
}

/** Says nothing: a patient of whom nothing that decides was ever written. */
export function silent(patient: string): Policy {
  return policyOf(patient, []);
}

function consentPart(consent: Resource, rules: Rules): Part {
  const root = (consent.provision ?? {}) as Json;
  const active = consent.status === 'active';
  const written = Date.parse(consent.meta?.lastUpdated ?? '');
  if (isBlock(consent)) {
    if (!active && consent.status !== 'inactive') return {};
    const actors = root.actor === undefined ? NOBODY_KNOWN : actorsOf(root.actor, rules.professions);
    const because = nameOf(consent);
    return { block: { actors, ...whenDenied(root.period), because, stands: active, written } };
  }
  if (active && policiesOf(consent).includes(POLICY.maskNew)) return { masksNew: whenDenied(root.period) };
  const name = nameOf(consent);
  return {
    statements: compileConsent(consent, rules).map((each) => ({ ...each, consent: name, written })),
    adds: addingIn(consent),
  };
}

/** The refusal of a person, whatever else it says. */
export function isBlock(consent: Resource): boolean {
  return consent.resourceType === 'Consent' && policiesOf(consent).includes(POLICY.block);
}

const ALWAYS: Span = { from: -EVER, until: EVER };

/** A period that can't be read is always, where it bounds what is denied. */
function whenDenied(period: unknown): Span {
  return spanOf(period) ?? ALWAYS;
}

function nameOf({ resourceType, id, meta }: Resource): string {
  return `${resourceType}/${id}/_history/${meta?.versionId ?? ''}`;
}

/** Names of which the caller must have one, or `*`: who can't be told may be anybody for a deny, and is nobody for a permit. */
function namesIn({ actors, effect }: Statement): string[] {
  const clear = actors.find(({ unclear, named }) => effect === 'permit' || (!unclear && named.length === 0));
  if (clear === undefined) return ['*'];
  return [...clear.persons, ...clear.groups, ...clear.named, ...clear.professions];
}

/** Of the space: https://hl7.org/fhir/R4/patient-definitions.html#Patient.active and an extension for what R4 has nothing for. */
export function isOpen(patient: Resource): boolean {
  const states = items(patient.extension).filter(({ url }) => url === SPACE_STATUS);
  if (patient.active !== undefined && patient.active !== true) return false;
  // another file is in use in its place, whatever else it says
  if (items(patient.link).some(({ type }) => type === 'replaced-by')) return false;
  return states.length === 0 || (states.length === 1 && states[0]!.valueCode === 'open');
}

function majorityOf(birthDate: unknown, years: number): number | undefined {
  if (typeof birthDate !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(birthDate)) return undefined;
  const born = dateRange(birthDate)?.lo;
  if (born === undefined) return undefined;
  const date = new Date(born);
  return date.setUTCFullYear(date.getUTCFullYear() + years);
}

function teamIn(team: Resource): Team | undefined {
  const span = spanOf(team.period);
  const encounter = (team.encounter as Reference | undefined)?.reference;
  const counts =
    team.status === 'active' &&
    span !== undefined &&
    MODIFIERS.every((name) => team[name] === undefined) &&
    typeof encounter === 'string' &&
    /^Encounter\/[A-Za-z0-9\-.]{1,64}$/.test(encounter);
  if (!counts) return undefined;
  const members = items(team.participant).flatMap(({ member, period }) => {
    const name = memberIn(member);
    const when = spanOf(period);
    return name === undefined || when === undefined ? [] : [{ name, ...when }];
  });
  return { ...span, members, encounter, because: nameOf(team) };
}

/** Under which names a resource can be found by whom it may open something to; `*`: any professional. */
export function grantees(resource: Resource, rules: Rules): string[] {
  const { statements = [], link, team } = compilePart(resource, rules);
  const permits = statements.filter(({ effect, about }) => effect === 'permit' && about.is !== 'none');
  return [
    ...new Set([
      ...permits.flatMap(namesIn).map((name) => (name.includes('/') ? name : '*')),
      ...(link === undefined ? [] : [link.reference]),
      ...(team?.members.map(({ name }) => name) ?? []),
    ]),
  ];
}
