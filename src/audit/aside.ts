/**
 * What of a trace is for few: addresses for the person concerned alone; the token, and which line and Consent decided, for
 * who speaks for them too. Others are given it without, and nobody finds a trace by it. docs/audit.md
 */
import { isIP } from 'node:net';
import type { Coding, Json, Resource } from '../fhir/resource.ts';

export const TRACE_ENTITY = 'https://carnet.example/fhir/CodeSystem/trace-entity';
export const BALP = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.';
/** What tells of the token claims this one. */
export const TOKEN_USE = `${BALP}OAUTHaccessTokenUse.Minimal`;

/** An authorization that rests on Consents: identity/authorized.ts */
export const AUTHORIZED: Coding = {
  system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType',
  code: 'AuthZ-Consent',
  display: 'Authorization Decision using Roles and Consent',
};
/** What isn't satisfied any more without what is aside. */
const CLAIMED_BY_IT: ReadonlySet<string> = new Set([TOKEN_USE, `${BALP}AuthZconsent`]);

/** http://hl7.org/fhir/R4/valueset-network-type.html: an IP address; the others are machine names and URIs. */
const IP = '2';

export function withoutAside(event: Resource): Resource {
  const { agent, entity, meta, ...rest } = event;
  return {
    ...rest,
    ...(meta === undefined ? {} : { meta: withoutClaims(meta) }),
    ...(Array.isArray(agent) ? { agent: agent.map(withoutToken).map(withoutAddress) } : {}),
    ...(Array.isArray(entity) ? { entity: entity.filter((each) => !isDecision(each as Json)) } : {}),
  };
}

/** The same event where it has none. */
export function withoutAddresses(event: Resource): Resource {
  return Array.isArray(event.agent) ? { ...event, agent: event.agent.map(withoutAddress) } : event;
}

/** Which line decided, and by which resource. */
export function isDecision({ type, detail }: Json): boolean {
  const { system, code } = (type ?? {}) as Coding;
  if (system === TRACE_ENTITY) return code === 'decision';
  return (
    code === 'Consent' && Array.isArray(detail) && (detail as Json[]).some((each) => each.type === 'because')
  );
}

/** As somebody is told who asked for nothing of it and isn't the person concerned: who did what with what is named. */
export function asReported(event: Resource): Resource {
  const { entity, meta, ...rest } = withoutAside(event);
  const { profile: _, ...others } = meta ?? {};
  const entities = Array.isArray(entity) ? (entity as Json[]) : [];
  const told = new Set(
    entities.flatMap(({ what }) => (what as { reference?: string } | undefined)?.reference ?? []),
  );
  const named = entities.flatMap((each) => {
    if (isCount(each)) return [];
    return each.query === undefined ? [withoutCategory(each)] : whatKind(each, told);
  });
  // what it claimed wants the query
  return { ...rest, meta: others, entity: named };
}

/** Of what was asked, that it was an operation, and which, or that traces were looked at: by it a history tells them from all else. */
const OPERATION =
  /^(?:(Patient\/[A-Za-z0-9\-.]{1,64})\/|[A-Z][A-Za-z]*\/(?:[A-Za-z0-9\-.]{1,64}\/)?)?(\$[a-z-]+)(?:[/?]|$)/;
const TRACES = /^(?:Patient\/[A-Za-z0-9\-.]{1,64}\/)?AuditEvent(?:\/_search)?(?:\?|$)/;

function whatKind(entity: Json, told: ReadonlySet<string>): Json[] {
  const sent = Buffer.from(String(entity.query), 'base64').toString();
  const [, patient, operation] = OPERATION.exec(sent) ?? [];
  const whose = patient !== undefined && told.has(patient) ? `${patient}/` : '';
  const kept =
    operation === undefined ? (TRACES.test(sent) ? 'AuditEvent' : undefined) : `${whose}${operation}`;
  return kept === undefined ? [] : [{ ...entity, query: Buffer.from(kept).toString('base64') }];
}

const CATEGORIES: ReadonlySet<unknown> = new Set(['category', 'type', 'code']);

/** What somebody may be given now may have been of another sort then, of which they are given nothing. */
function withoutCategory({ detail, ...entity }: Json): Json {
  if (!Array.isArray(detail)) return entity;
  const left = (detail as Json[]).filter(({ type }) => !CATEGORIES.has(type));
  return left.length === 0 ? entity : { ...entity, detail: left };
}

function isCount({ type }: Json): boolean {
  const { system, code } = (type ?? {}) as Coding;
  return system === TRACE_ENTITY && code === 'more';
}

function withoutToken(agent: Json): Json {
  const { policy: _, ...rest } = agent;
  return rest;
}

function withoutAddress(agent: Json): Json {
  const { network, ...rest } = agent;
  if (typeof network !== 'object' || network === null) return agent;
  const { address, type } = network as { address?: string; type?: string };
  // without a type it may be any, and another system may have called it another
  const isAddress = type === IP || type === undefined || isIP(address ?? '') !== 0;
  return { ...rest, network: { ...(isAddress ? {} : { address }), type: type ?? IP } };
}

function withoutClaims(meta: NonNullable<Resource['meta']>): NonNullable<Resource['meta']> {
  const { profile, ...rest } = meta;
  const left = profile?.filter((each) => !CLAIMED_BY_IT.has(each)) ?? [];
  return left.length === 0 ? rest : { ...rest, profile: left };
}

/** The resources by which it was decided, `Consent/x`. */
export function becauseIn(event: Resource): string[] {
  const decisions = (Array.isArray(event.entity) ? (event.entity as Json[]) : []).filter(isDecision);
  const details = decisions.flatMap(({ detail }) => (Array.isArray(detail) ? (detail as Json[]) : []));
  return details.flatMap(({ type, valueString }) =>
    type === 'because' ? String(valueString).split('/_history/', 1) : [],
  );
}
