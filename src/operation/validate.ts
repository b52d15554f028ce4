/** https://hl7.org/fhir/R4/resource-operation-validate.html. Says nothing about what is stored. */
import { FhirError, type Issue, outcome } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { validate } from '../fhir/validate/index.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';

export async function validateOperation(exchange: Exchange): Promise<Answer> {
  const { type, id } = exchange.params;
  for (const [name, value] of exchange.query) requireSupported(name, value, type!);
  const asked = exchange.body?.kind === 'json' ? (exchange.body.value as Resource) : undefined;
  if (id !== undefined && asked !== undefined && isDelete(asked)) return answer([NOTHING_TO_CHECK]);
  if (exchange.body?.kind !== 'json')
    throw new FhirError('required', 'a resource or Parameters is required as body');
  const resource = resourceOf(exchange.body.value as Resource, exchange.params.type!);
  const issues = validate(resource);
  return answer(issues.length > 0 ? issues : [VALID]);
}

const information = (text: string): Issue => ({ severity: 'information', code: 'informational', text });
const VALID = information('the resource is valid');
const NOTHING_TO_CHECK = information('a delete brings no content to check');

const answer = (issues: Issue[]): Answer => ({ status: 200, body: outcome(issues) });

/** Of a delete there is no resource: https://hl7.org/fhir/R4/valueset-resource-validation-mode.html */
function isDelete(body: Resource): boolean {
  if (body.resourceType !== 'Parameters') return false;
  const parts = partsOf(body);
  const mode = parts.find(({ name }) => name === 'mode');
  return parts.length === 1 && mode !== undefined && valueOf(mode) === 'delete';
}

function resourceOf(body: Resource, type: string): Resource {
  const unwrapped = body.resourceType === 'Parameters' && type !== 'Parameters' ? wrapped(body, type) : body;
  if (unwrapped.resourceType !== type) throw new FhirError('invalid', `the resource is no \`${type}\``);
  return unwrapped;
}

function wrapped(parameters: Resource, type: string): Resource {
  const parts = partsOf(parameters);
  for (const part of parts) {
    if (part.name !== 'resource') requireSupported(String(part.name), valueOf(part), type);
  }
  const resource = parts.find(({ name }) => name === 'resource')?.resource;
  if (typeof resource !== 'object' || resource === null)
    throw new FhirError('required', '`resource` is required');
  return resource as Resource;
}

function partsOf({ parameter }: Resource): Json[] {
  const listed: unknown[] = Array.isArray(parameter) ? parameter : [];
  return listed.filter((part): part is Json => typeof part === 'object' && part !== null);
}

const valueOf = ({ valueCode, valueUri, valueCanonical, valueString }: Json): unknown =>
  valueCode ?? valueUri ?? valueCanonical ?? valueString;

const MODES: readonly unknown[] = ['create', 'update', 'delete', 'profile'];

/** What were left out, such as another profile, would make the answer say more than was looked at. */
function requireSupported(name: string, value: unknown, type: string): void {
  if (name === 'mode') {
    if (MODES.includes(value)) return;
    throw new FhirError('value', `unknown mode; allowed: ${MODES.join(', ')}`);
  }
  if (name === 'profile') {
    const own = `http://hl7.org/fhir/StructureDefinition/${type}`;
    if (value === own || value === `${own}|4.0.1`) return;
    throw new FhirError('not-supported', `profiles are not looked at, but for R4's own; allowed: \`${own}\``);
  }
  throw new FhirError(
    'not-supported',
    `parameter \`${name.slice(0, 60)}\` is not supported; allowed: \`resource\`, \`mode\`, \`profile\``,
  );
}
