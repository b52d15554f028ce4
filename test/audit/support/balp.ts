/**
 * The profiles of IHE BALP 1.1 as data, written from their definitions, and what of them an AuditEvent doesn't keep.
 * https://profiles.ihe.net/ITI/BALP/artifacts.html
 */
import type { Coding, Json, Resource } from '../../../src/fhir/resource.ts';

const BALP = 'https://profiles.ihe.net/ITI/BALP';
const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const ENTITY = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';

/** The items of a list that are of one of these types: how many, what they must have, and what they must not. */
export interface Slice {
  types: string[];
  min: number;
  max: number;
  needs?: string[];
  lacks?: string[];
  /** `path`: one of these `system|code`, or this value. */
  fixed?: Record<string, (string | boolean)[]>;
}

export interface Profile {
  action: string;
  /** One of these must be there. */
  subtypes?: string[];
  agents: Slice[];
  entities: Slice[];
  /** At least as many entities. */
  least: number;
}

const RECIPIENTS = [`${PARTICIPATION}|IRCP`];
const SOURCES = ['AUT', 'INF', 'CST'].map((code) => `${PARTICIPATION}|${code}`);
const OBJECT_ROLES = ['4', '3', '20'].map((code) => `${ROLE}|${code}`);
const interaction = (...codes: string[]) =>
  codes.map((code) => `http://hl7.org/fhir/restful-interaction|${code}`);

const machine = (...types: string[]): Slice => ({
  types,
  min: 1,
  max: 1,
  needs: ['who', 'network'],
  lacks: ['media'],
});
const user = (types: string[]): Slice => ({
  types,
  min: 0,
  max: 1,
  needs: ['who', 'requestor'],
  lacks: ['media', 'network'],
  fixed: { requestor: [true] },
});
const agents = (client: string, server: string, users: string[]): Slice[] => [
  machine(client),
  machine(server),
  user(users),
];
const TRANSACTION: Slice = {
  types: [`${BALP}/CodeSystem/BasicAuditEntityType|XrequestId`],
  min: 0,
  max: 1,
  needs: ['what.identifier.value'],
};
const DATA: Slice = {
  types: [`${ENTITY}|2`],
  min: 1,
  max: 1,
  needs: ['what', 'role'],
  fixed: { role: OBJECT_ROLES },
};
const QUERY: Slice = {
  types: [`${ENTITY}|2`],
  min: 1,
  max: 1,
  needs: ['query', 'role'],
  lacks: ['what', 'lifecycle', 'detail'],
  fixed: { role: [`${ROLE}|24`] },
};
const PATIENT: Slice = {
  types: [`${ENTITY}|1`],
  min: 1,
  max: 1,
  needs: ['what', 'role'],
  lacks: ['lifecycle', 'query', 'detail'],
  fixed: { role: [`${ROLE}|1`] },
};

const BASIC: Record<string, Profile> = {
  Create: {
    action: 'C',
    subtypes: interaction('create'),
    agents: agents(`${DCM}|110153`, `${DCM}|110152`, SOURCES),
    entities: [TRANSACTION, DATA],
    least: 1,
  },
  Read: {
    action: 'R',
    agents: agents(`${DCM}|110152`, `${DCM}|110153`, RECIPIENTS),
    entities: [TRANSACTION, DATA],
    least: 1,
  },
  Update: {
    action: 'U',
    agents: agents(`${DCM}|110153`, `${DCM}|110152`, SOURCES),
    entities: [TRANSACTION, DATA],
    least: 1,
  },
  Delete: {
    action: 'D',
    subtypes: interaction('delete'),
    agents: agents(
      `${DCM}|110150`,
      'http://terminology.hl7.org/CodeSystem/provenance-participant-type|custodian',
      SOURCES,
    ),
    entities: [{ ...TRANSACTION }, { ...DATA, lacks: ['lifecycle', 'name', 'query'] }],
    least: 1,
  },
  Query: {
    action: 'E',
    agents: agents(`${DCM}|110153`, `${DCM}|110152`, RECIPIENTS),
    entities: [TRANSACTION, QUERY],
    least: 1,
  },
};

export const PROFILES: Record<string, Profile> = Object.fromEntries(
  Object.entries(BASIC).flatMap(([name, profile]) => [
    [`${BALP}/StructureDefinition/IHE.BasicAudit.${name}`, profile],
    [
      `${BALP}/StructureDefinition/IHE.BasicAudit.Patient${name}`,
      { ...profile, entities: [...profile.entities, PATIENT], least: 2 },
    ],
  ]),
);

/** What was sent out: https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PrivacyDisclosure.Source */
export const DISCLOSURE = `${BALP}/StructureDefinition/IHE.BasicAudit.PrivacyDisclosure.Source`;

function faultsOfDisclosure(event: Resource): string[] {
  const named = (code: string) =>
    items(event.agent).filter(({ type }) => typesOf(type).includes(`${DCM}|${code}`));
  const [source, recipient] = [named('110153'), named('110152')];
  const patients = items(event.entity).filter(({ type }) => nameOf(type as Json) === `${ENTITY}|1`);
  const isSelf = JSON.stringify(source[0]?.who) === JSON.stringify((event.source as Json).observer);
  const lacks = [...source, ...recipient].flatMap((agent) =>
    ['who', 'network'].filter((name) => agent[name] === undefined),
  );
  return [
    ...successOf(event),
    ...(nameOf(event.type as Json) === `${DCM}|110106` ? [] : ['type is not Export']),
    ...(items(event.subtype).some(
      (each) => nameOf(each) === 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle|disclose',
    )
      ? []
      : ['no subtype disclose']),
    ...(event.action === 'R' ? [] : [`action is ${event.action as string}`]),
    ...(source.length === 1 && recipient.length === 1 ? [] : ['not one source and one recipient']),
    ...(isSelf ? [] : ['the source is not who recorded it']),
    ...lacks.map((name) => `an agent lacks ${name}`),
    ...(items(event.entity).length >= 2 ? [] : ['too few entities']),
    ...(patients.length === 1 ? [] : [`${patients.length} patients`]),
  ];
}

export const TOKEN_USE = `${BALP}/StructureDefinition/IHE.BasicAudit.OAUTHaccessTokenUse.Minimal`;
const OAUTH_USER: Slice = {
  types: [`${BALP}/CodeSystem/UserAgentTypes|UserOauthAgent`],
  min: 1,
  max: Infinity,
  needs: ['policy'],
  lacks: ['media', 'network'],
  fixed: { requestor: [true] },
};

/** https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.AuthZconsent */
export const AUTHORIZED = `${BALP}/StructureDefinition/IHE.BasicAudit.AuthZconsent`;
const AUTHORIZED_AGENTS: Slice[] = [
  {
    types: [`${DCM}|110150`],
    min: 1,
    max: 1,
    needs: ['who', 'network'],
    lacks: ['role', 'altId', 'name', 'location', 'media', 'purposeOfUse'],
  },
  {
    types: RECIPIENTS,
    min: 1,
    max: 1,
    needs: ['who'],
    lacks: ['altId', 'location', 'media', 'network'],
    fixed: { requestor: [true] },
  },
  ...['http://terminology.hl7.org/CodeSystem/v3-RoleClass|PROV'].map((type) => ({
    types: [type],
    min: 1,
    max: 1,
    needs: ['who'],
    lacks: ['role', 'altId', 'name', 'location', 'policy', 'media', 'network'],
    fixed: { requestor: [false] },
  })),
  {
    types: ['http://terminology.hl7.org/CodeSystem/extra-security-role-type|authserver'],
    min: 1,
    max: 1,
    needs: ['who'],
    lacks: ['role', 'altId', 'name', 'location', 'policy', 'media', 'network', 'purposeOfUse'],
    fixed: { requestor: [false] },
  },
];
const AUTHORIZED_ENTITIES: Slice[] = [
  { types: [`${ENTITY}|1`], min: 1, max: 1, needs: ['what', 'role'], fixed: { role: [`${ROLE}|1`] } },
  { types: ['http://hl7.org/fhir/resource-types|Consent'], min: 1, max: Infinity, needs: ['what'] },
  {
    types: [`${BALP}/CodeSystem/UserAgentTypes|UserOauthAgent`],
    min: 0,
    max: 1,
    needs: ['what.identifier.value'],
  },
];

function faultsOfAuthorization(event: Resource): string[] {
  const open = AUTHORIZED_ENTITIES.flatMap(({ types }) => types);
  const authorizer = items(event.agent).find(({ type }) =>
    typesOf(type).some((each) => each.endsWith('|authserver')),
  );
  return [
    ...(nameOf(event.type as Json) === `${DCM}|110113` ? [] : ['type is not Security Alert']),
    ...(items(event.subtype).length > 0 &&
    items(event.subtype).every(({ system }) => system === `${BALP}/CodeSystem/AuthZsubType`)
      ? []
      : ['a subtype of another value set']),
    ...(event.action === 'E' ? [] : [`action is ${event.action as string}`]),
    ...(event.outcome === undefined ? ['no outcome'] : []),
    ...(event.modifierExtension === undefined ? [] : ['a modifier extension']),
    ...AUTHORIZED_AGENTS.flatMap((each) => slice('agent', event, each)),
    ...AUTHORIZED_ENTITIES.flatMap((each) => slice('entity', event, each)),
    // the slicing of entities is closed
    ...items(event.entity)
      .filter(({ type }) => !typesOf(type).some((each) => open.includes(each)))
      .map(({ type }) => `an entity of type ${nameOf(type as Json)}`),
    ...(JSON.stringify(authorizer?.who) === JSON.stringify((event.source as Json).observer)
      ? []
      : ['the authorizer is not who recorded it']),
  ];
}

/** What the event doesn't keep of the profile; empty when it satisfies it. */
export function faults(event: Resource, address: string): string[] {
  if (address === AUTHORIZED) return faultsOfAuthorization(event);
  if (address === TOKEN_USE) {
    const policies = items(event.agent).flatMap((agent) => (agent.policy as string[] | undefined) ?? []);
    const jti = policies.every((each) => each.startsWith('urn:ietf:params:oauth:jti:'));
    return [
      ...slice('agent', event, OAUTH_USER),
      ...(jti && policies.length === 1 ? [] : ['agent.policy is no jti']),
    ];
  }
  if (address === DISCLOSURE) return faultsOfDisclosure(event);
  const profile = PROFILES[address];
  return profile === undefined
    ? [`${address} is no profile`]
    : [...successOf(event), ...shape(event, profile)];
}

function successOf({ outcome }: Resource): string[] {
  return outcome === '0' ? [] : [`outcome is ${outcome as string}`];
}

/** All but that it succeeded. */
export function shape(event: Resource, profile: Profile): string[] {
  const subtypes = items(event.subtype).map(nameOf);
  const { system, code } = event.type as Coding;
  return [
    ...(system === 'http://terminology.hl7.org/CodeSystem/audit-event-type' && code === 'rest'
      ? []
      : ['type is not rest']),
    ...(event.action === profile.action ? [] : [`action is ${event.action as string}`]),
    ...(subtypes.length >= 1 ? [] : ['no subtype']),
    ...(profile.subtypes === undefined ||
    profile.subtypes.filter((each) => subtypes.includes(each)).length === 1
      ? []
      : [`subtype is ${subtypes.join()}`]),
    ...(typeof event.recorded === 'string' ? [] : ['not recorded']),
    ...(items(event.agent).length >= 2 ? [] : ['too few agents']),
    ...(items(event.entity).length >= profile.least ? [] : ['too few entities']),
    ...profile.agents.flatMap((each) => slice('agent', event, each)),
    ...profile.entities.flatMap((each) => slice('entity', event, each)),
  ];
}

function slice(
  list: 'agent' | 'entity',
  event: Resource,
  { types, min, max, needs, lacks, fixed }: Slice,
): string[] {
  const found = items(event[list]).filter((each) => typesOf(each.type).some((type) => types.includes(type)));
  const name = `${list} ${types.join()}`;
  return [
    ...(found.length >= min && found.length <= max ? [] : [`${name}: ${found.length} of ${min} to ${max}`]),
    ...found.flatMap((each) => [
      ...(needs ?? []).filter((path) => at(each, path) === undefined).map((path) => `${name} lacks ${path}`),
      ...(lacks ?? []).filter((path) => at(each, path) !== undefined).map((path) => `${name} has ${path}`),
      ...Object.entries(fixed ?? {})
        .filter(([path, values]) => {
          const value = at(each, path);
          return !values.includes(typeof value === 'object' ? nameOf(value as Json) : (value as boolean));
        })
        .map(([path]) => `${name}: ${path} is ${JSON.stringify(at(each, path))}`),
    ]),
  ];
}

/** Of a Coding, or of a CodeableConcept. */
function typesOf(type: unknown): string[] {
  const codings = (type as { coding?: Json[] } | undefined)?.coding;
  return codings === undefined ? [nameOf((type ?? {}) as Json)] : codings.map(nameOf);
}

function nameOf({ system, code }: Json): string {
  return `${String(system)}|${String(code)}`;
}

function at(value: Json, path: string): unknown {
  return path.split('.').reduce<unknown>((now, name) => (now as Json | undefined)?.[name], value);
}

function items(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}
