/** What an operation is asked, by its address or as Parameters: https://hl7.org/fhir/R4/operations.html#executing */
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import type { Exchange } from '../interaction/exchange.ts';

/** Those of a body after those of the address. @throws FhirError for what is no simple value */
export function parametersIn({ query, body }: Pick<Exchange, 'query' | 'body'>): [string, string][] {
  if (body === undefined) return [...query];
  const sent = body.kind === 'json' ? (body.value as Resource) : undefined;
  if (sent?.resourceType !== 'Parameters') throw new FhirError('invalid', 'the body must be Parameters');
  const listed = (Array.isArray(sent.parameter) ? sent.parameter : []) as Json[];
  return [...query, ...listed.map(pairOf)];
}

function pairOf({ name, ...rest }: Json): [string, string] {
  const [value] = Object.entries(rest).flatMap(([key, each]) => (key.startsWith('value') ? [each] : []));
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return [String(name), String(value)];
  throw new FhirError('value', `parameter \`${String(name).slice(0, 60)}\` needs a simple value`);
}
