/** https://hl7.org/fhir/R4/resource-operation-validate.html. Says nothing about what is stored. */
import { FhirError, outcome } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { validate } from '../fhir/validate/index.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';

export async function validateOperation(exchange: Exchange): Promise<Answer> {
  for (const [name] of exchange.query) requireSupported(name);
  if (exchange.body?.kind !== 'json')
    throw new FhirError('required', 'a resource or Parameters is required as body');
  const resource = resourceOf(exchange.body.value as Resource, exchange.params.type!);
  const issues = validate(resource);
  return {
    status: 200,
    body: outcome(
      issues.length > 0
        ? issues
        : [{ severity: 'information', code: 'informational', text: 'the resource is valid' }],
    ),
  };
}

function resourceOf(body: Resource, type: string): Resource {
  const unwrapped = body.resourceType === 'Parameters' && type !== 'Parameters' ? wrapped(body) : body;
  if (unwrapped.resourceType !== type) throw new FhirError('invalid', `the resource is no \`${type}\``);
  return unwrapped;
}

function wrapped(parameters: Resource): Resource {
  const listed: unknown[] = Array.isArray(parameters.parameter) ? parameters.parameter : [];
  const parts = listed.filter((part): part is Json => typeof part === 'object' && part !== null);
  for (const { name } of parts) if (name !== 'resource') requireSupported(String(name));
  const resource = parts.find(({ name }) => name === 'resource')?.resource;
  if (typeof resource !== 'object' || resource === null)
    throw new FhirError('required', '`resource` is required');
  return resource as Resource;
}

/** What were left out, such as `profile`, would make the answer say more than was looked at. */
function requireSupported(name: string): void {
  if (name === 'mode') return;
  throw new FhirError(
    'not-supported',
    `parameter \`${name.slice(0, 60)}\` is not supported; allowed: \`resource\`, \`mode\``,
  );
}
