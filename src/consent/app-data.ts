/**
 * What an app adds says that it comes from an app, and names no professional: nobody may take it for theirs. Pure.
 * https://hl7.org/fhir/R4/resource-definitions.html#Meta.source
 */
import type { Json, Resource } from '../fhir/resource.ts';

export const SOURCE_TAG = {
  system: 'https://carnet.example/fhir/CodeSystem/data-source',
  code: 'app',
  display: 'Application',
};

/** Who could pass for the author of what is written. */
const PARTIES = new Set([
  'Practitioner',
  'PractitionerRole',
  'Organization',
  'CareTeam',
  'HealthcareService',
  'Person',
  'Group',
]);
/** National numbers of professionals and structures, wherever they stand. */
const NUMBERS =
  /^(https:\/\/[a-z]+\.esante\.gouv\.fr|https:\/\/sirene\.fr|urn:oid:1\.2\.250\.1\.71\.4\.2\.\d+)$/;
/** Of an extension: somebody by their name. */
const NAMING = ['valueHumanName', 'valueContactDetail', 'valueContributor', 'valueSignature'];
const LOCAL = /^(?:#.+|([A-Z][A-Za-z]{1,63})\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?)$/;

export interface Fault {
  /** `Observation.performer[0]` */
  at: string;
  why: 'party' | 'unnamed' | 'person' | 'word';
}

/** What an app may not say; undefined: nothing. @param device `Device/x` @param patient logical id */
export function faultIn(resource: Resource, device: string, patient: string): Fault | undefined {
  for (const { at, value, name } of walk(resource, resource.resourceType)) {
    if (typeof value.resourceType === 'string' && value !== resource && PARTIES.has(value.resourceType))
      return { at, why: 'party' };
    // words in somebody's name, and that a vaccination is told by who gave it
    if (value.authorString !== undefined) return { at: `${at}.authorString`, why: 'word' };
    if (name === 'relatesTo' && value.code === 'replaces') return { at, why: 'word' };
    const naming = NAMING.find((each) => value[each] !== undefined);
    if (naming !== undefined) return { at: `${at}.${naming}`, why: 'word' };
    if (value.value !== undefined && typeof value.system === 'string' && NUMBERS.test(value.system))
      return { at, why: 'party' };
    if (value.primarySource === true) return { at: `${at}.primarySource`, why: 'word' };
    if (!isReference(value, name)) continue;
    if (typeof value.reference !== 'string') return { at, why: 'unnamed' };
    const [found, type] = LOCAL.exec(value.reference) ?? [];
    if (found === undefined) return { at, why: 'unnamed' };
    if (type === undefined) continue;
    if (PARTIES.has(type)) return { at, why: 'party' };
    if (type === 'Patient' && found !== `Patient/${patient}`) return { at, why: 'person' };
    if (type === 'Device' && found !== device) return { at, why: 'person' };
  }
  return undefined;
}

/** With its source, and without names beside references, which could be anybody's. @param source absolute */
export function asAppData(resource: Resource, source: string): Resource {
  const { meta, ...rest } = undisplayed(resource) as Resource;
  const tags = (meta?.tag ?? []).filter(({ system }) => system !== SOURCE_TAG.system);
  return { ...rest, meta: { ...meta, source, tag: [...tags, SOURCE_TAG] } } as Resource;
}

/** By its form: a name alone is one too. https://hl7.org/fhir/R4/references.html#logical */
function isReference(value: Json, name: string): boolean {
  if ('reference' in value) return true;
  if (value.resourceType !== undefined || CODED.test(name)) return false;
  const keys = Object.keys(value);
  return (
    ('identifier' in value || 'display' in value) && keys.every((key) => REFERENCE.has(key.replace(/^_/, '')))
  );
}

const REFERENCE = new Set(['id', 'type', 'identifier', 'display', 'extension']);
/** Where a Coding stands, which may be a display alone. */
const CODED = /^(coding|tag|security|class|.*Coding)$/;

function undisplayed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(undisplayed);
  if (!isObject(value)) return value;
  const isRef = typeof value.reference === 'string';
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !(isRef && (key === 'display' || key === '_display')))
      .map(([key, each]) => [key, undisplayed(each)]),
  );
}

function* walk(value: unknown, at: string, name = ''): Generator<{ at: string; value: Json; name: string }> {
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) yield* walk(each, `${at}[${index}]`, name);
  } else if (isObject(value)) {
    yield { at, value, name };
    for (const [key, each] of Object.entries(value)) yield* walk(each, `${at}.${key}`, key);
  }
}

/** Not a decimal, which is kept as it was written. */
function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && value.constructor === Object;
}
