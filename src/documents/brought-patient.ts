/**
 * A Patient that a Provide Document Bundle brings says whose the documents are: who that finds here, by the rule of
 * conditional references, and never makes or changes one. https://profiles.ihe.net/ITI/MHD/ITI-65.html#23654122-patient-identity
 */
import { criteriaIn, type PlannedEntry } from '../fhir/bundle.ts';
import { nationalIn, traitsOf, traitsTerm } from '../fhir/identity.ts';
import { linkEntries } from '../fhir/links.ts';
import { FhirError, type Issue } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import { profileIssues, validate } from '../fhir/validate/index.ts';
import type { Context } from '../interaction/context.ts';
import { blaming } from '../interaction/entry-fault.ts';
import type { Exchange } from '../interaction/exchange.ts';
import { keepsRegister, mayLookFor, nationalNumber } from '../interaction/finding.ts';
import { type Part, local } from './provided.ts';

const ADDRESS = /^Patient(?:\/([A-Za-z0-9\-.]{1,64})|\?(.{1,2000}))?$/;

/** An entry whose request is about one Patient. */
interface Brought {
  part: Part;
  /** By its address. */
  id?: string;
  /** By its address, or `ifNoneExist`. */
  condition?: string;
}

/**
 * Ids of those that would be written, by place. What the other entries say of them becomes that, and of those that are
 * read too. Who keeps the register, and who may not look for people, write Patients as ever.
 * @throws FhirError 422: nobody, or the Bundle claims a profile that has no Patient
 */
export async function patientsBrought(
  context: Context,
  exchange: Exchange,
  bundle: Resource,
  parts: readonly Part[],
): Promise<Map<number, string>> {
  const { subject, base } = exchange;
  const found = new Map<number, string>();
  if (keepsRegister(subject) || !mayLookFor(subject)) return found;
  const brought = parts.flatMap((part) => broughtBy(part, base));
  if (brought.length === 0) return found;
  // they are left out of what is carried out, and are not to escape its profiles
  const faults = profileIssues(bundle).filter(isError);
  if (faults.length > 0) throw FhirError.of(faults, 422);
  const targets: PlannedEntry[] = [];
  for (const each of brought) {
    const entry = planned(each.part);
    const id = await idOf(context, exchange, each).catch(blaming(entry));
    if (each.part.method !== 'GET') found.set(each.part.index, id);
    const { resource: _named, ...address } = entry;
    targets.push({ ...address, type: 'Patient', id });
  }
  linkEntries([...targets, ...parts.filter(({ index }) => !found.has(index)).map(planned)]);
  return found;
}

function broughtBy(part: Part, base: string): Brought[] {
  const address = ADDRESS.exec(local(base, part.url));
  if (address === null || !['GET', 'POST', 'PUT'].includes(part.method)) return [];
  const [, id, query] = address;
  const { ifNoneExist } = (part.entry.request ?? {}) as { ifNoneExist?: unknown };
  const condition =
    part.method === 'POST' && typeof ifNoneExist === 'string'
      ? criteriaIn(ifNoneExist, base, 'Patient')
      : query;
  return [{ part, ...(id === undefined ? {} : { id }), ...(condition === undefined ? {} : { condition }) }];
}

const planned = ({ index, method, url, fullUrl, resource }: Part): PlannedEntry => ({
  index,
  method: method as PlannedEntry['method'],
  url,
  headers: {},
  ...(fullUrl === undefined ? {} : { fullUrl }),
  ...(resource === undefined ? {} : { resource }),
});

/** Whom the number means, or all the traits where there is none; an id alone is what is read. @throws FhirError 422 */
async function idOf(
  context: Context,
  exchange: Exchange,
  { part: { method, resource }, id, condition }: Brought,
): Promise<string> {
  if (method === 'GET' && id !== undefined) return id;
  if (method !== 'GET') requireShape(resource);
  const terms = [...numbersOf(condition), ...(resource === undefined ? [] : termsOf(resource, condition))];
  await context.finds.take(exchange.subject);
  const known = terms.length === 0 ? undefined : (await exchange.store.whoIs(terms))?.id;
  if (known === undefined || (id !== undefined && id !== known)) {
    throw new FhirError('business-rule', 'the Patient of the entry is not known here');
  }
  return known;
}

/** It is not kept: a part of a Patient, as a search gives it, is enough. @throws FhirError 400 */
function requireShape(resource: Resource | undefined): void {
  if (resource?.resourceType !== 'Patient') throw new FhirError('required', 'the entry needs a Patient');
  const { meta: _meta, ...patient } = resource;
  const errors = validate(patient).filter(isError);
  if (errors.length > 0) throw FhirError.of(errors, 400);
}

const isError = ({ severity }: Issue): boolean => severity === 'error' || severity === 'fatal';

/** @throws FhirError 422: a condition that tells nobody for certain */
function numbersOf(condition: string | undefined): string[] {
  if (condition === undefined) return [];
  const number = nationalNumber([...new URLSearchParams(condition.replace(/^\?/, ''))]);
  if (number !== undefined) return [`identifier=${number}`];
  throw new FhirError(
    'business-rule',
    'a Patient is named by one national identifier: `identifier=system|value`',
  );
}

function termsOf(resource: Resource, condition: string | undefined): string[] {
  const numbers = nationalIn(resource).map((number) => `identifier=${number}`);
  const traits = numbers.length > 0 || condition !== undefined ? undefined : traitsOf(resource);
  return traits === undefined ? numbers : [traitsTerm(traits)];
}
