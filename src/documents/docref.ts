/**
 * `DocumentReference/$docref`: the current documents of one patient, as US Core and the International Patient Access
 * guide ask for them. http://hl7.org/fhir/uv/ipa/OperationDefinition/docref
 */
import { ownProfiles } from '../fhir/conformance/profiles.ts';
import { items } from '../fhir/items.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Coding, Json, Resource } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { searchType } from '../interaction/search.ts';

type Pairs = [string, string][];

const TAKEN = 'patient, start, end, type, on-demand, profile';
/** Given several times, each may be met; all else is given once. */
const REPEATING = new Set(['type', 'profile']);
/** No document has both: documents are never made on demand, and there are none beside those that are kept. */
const NONE: Pairs = [['status', 'superseded']];

/** A search by the same rules as any other: its pages go on as the search's. */
export async function docref(context: Context, exchange: Exchange): Promise<Answer> {
  const query: Pairs = [['status', 'current']];
  for (const [name, values] of gathered([...exchange.query, ...parametersIn(exchange)])) {
    const [value = '', ...more] = values;
    if (more.length > 0 && !REPEATING.has(name)) {
      throw new FhirError('invalid', `parameter \`${name.slice(0, 60)}\` is given once`);
    }
    if (REPEATING.has(name)) query.push(eitherOf(name, values));
    else query.push(...asSearched(name, value));
  }
  if (!query.some(([name]) => name === 'patient')) {
    throw new FhirError('required', 'one parameter `patient` is required');
  }
  return searchType(context, { ...exchange, query, body: undefined });
}

function gathered(pairs: Pairs): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [name, value] of pairs) found.set(name, [...(found.get(name) ?? []), value]);
  return found;
}

function eitherOf(name: string, values: readonly string[]): [string, string] {
  return name === 'type' ? ['type', values.join(',')] : ['_profile', values.flatMap(namesOf).join(',')];
}

/** A profile that is known here has several addresses. @throws FhirError 400 */
function namesOf(canonical: string): string[] {
  if (!/^[a-z][a-z\d+.-]*:\S+$/i.test(canonical)) {
    throw new FhirError('value', '`profile` is the canonical address of a profile');
  }
  const known = ownProfiles().find(canonical);
  const others =
    known === undefined ? [] : [known.url, ...(known.identifier ?? []).map(({ value }) => value)];
  return [...new Set([canonical, ...others])].map((each) => each.replace(/[\\,$]/g, '\\$&'));
}

/** The dates are those of the care that a document tells of. */
function asSearched(name: string, value: string): Pairs {
  switch (name) {
    case 'patient':
      return [['patient', value.replace(/^.*\/Patient\//, 'Patient/')]];
    case 'start':
      return [['period', `ge${value}`]];
    case 'end':
      return [['period', `le${value}`]];
    case '_count':
      return [['_count', value]];
    case 'on-demand':
      if (value === 'true' || value === 'false') return value === 'true' ? NONE : [];
      throw new FhirError('invalid', '`on-demand` is `true` or `false`');
    default:
      throw new FhirError(
        'not-supported',
        `parameter \`${name.slice(0, 60)}\` is not supported; allowed: ${TAKEN}`,
      );
  }
}

function parametersIn({ body }: Exchange): Pairs {
  if (body?.kind !== 'json') return [];
  const sent = body.value as Resource;
  if (sent.resourceType !== 'Parameters') throw new FhirError('invalid', 'the body is no `Parameters`');
  return items(sent.parameter).map((parameter) => [String(parameter.name), valueOf(parameter)]);
}

/** https://hl7.org/fhir/R4/operations.html#request: a coding or concept as a search has it. */
function valueOf(parameter: Json): string {
  const [entry] = Object.entries(parameter).filter(([name]) => name.startsWith('value'));
  const value = entry?.[1];
  if (typeof value === 'string' || typeof value === 'boolean') return String(value);
  const { reference, coding, code, system } = (value ?? {}) as Json & Coding;
  if (typeof reference === 'string') return reference;
  if (typeof code === 'string') return `${system ?? ''}|${code}`;
  const all = items(coding) as Coding[];
  if (all.length > 0) return all.map((each) => `${each.system ?? ''}|${each.code ?? ''}`).join(',');
  throw new FhirError(
    'value',
    `the parameter \`${String(parameter.name).slice(0, 60)}\` has no value that is taken`,
  );
}
