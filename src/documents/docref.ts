/**
 * `DocumentReference/$docref`: the current documents of one patient, as US Core and the International Patient Access
 * guide ask for them. http://hl7.org/fhir/uv/ipa/OperationDefinition/docref
 */
import { items } from '../fhir/items.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Coding, Json, Resource } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { searchType } from '../interaction/search.ts';

type Pairs = [string, string][];

const TAKEN = 'patient, start, end, type, on-demand';

/** A search by the same rules as any other: its pages go on as the search's. */
export async function docref(context: Context, exchange: Exchange): Promise<Answer> {
  const asked = [...exchange.query, ...parametersIn(exchange)];
  const query: Pairs = [['status', 'current']];
  for (const [name, value] of asked) query.push(...asSearched(name, value));
  if (query.filter(([name]) => name === 'patient').length !== 1) {
    throw new FhirError('required', 'one parameter `patient` is required');
  }
  return searchType(context, { ...exchange, query, body: undefined });
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
    case 'type':
      return [['type', value]];
    case '_count':
      return [['_count', value]];
    case 'on-demand':
      // documents are never made on demand: there are none beside those that are kept
      if (value === 'true' || value === 'false') return [];
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
