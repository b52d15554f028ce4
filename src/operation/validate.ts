/** https://hl7.org/fhir/R4/resource-operation-validate.html. Says nothing about what is stored. */
import { FhirError, type Issue, outcome } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { validate } from '../fhir/validate/index.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';

export async function validateOperation(exchange: Exchange): Promise<Answer> {
  const { type, id } = exchange.params;
  for (const [name, value] of exchange.query) requireSupported(name, value);
  const asked = exchange.body?.kind === 'json' ? (exchange.body.value as Resource) : undefined;
  if (id !== undefined && asked !== undefined && isDelete(asked)) return answer([NOTHING_TO_CHECK]);
  if (exchange.body?.kind !== 'json')
    throw new FhirError('required', 'a resource or Parameters is required as body');
  const body = exchange.body.value as Resource;
  const issues = validate(resourceOf(body, type!), {
    canonicals: profilesAsked(exchange, body),
    required: exchange.required,
  });
  const isGood = !issues.some(({ severity }) => severity === 'error');
  return answer(isGood ? [...issues, VALID] : issues);
}

/** Of the address and of Parameters. */
function profilesAsked({ query }: Exchange, body: Resource): string[] {
  const parts = body.resourceType === 'Parameters' ? partsOf(body) : [];
  return [...query, ...parts.map((part): [unknown, unknown] => [part.name, valueOf(part)])]
    .filter(([name]) => name === 'profile')
    .map(([, value]) => String(value));
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
  const unwrapped = body.resourceType === 'Parameters' && type !== 'Parameters' ? wrapped(body) : body;
  if (unwrapped.resourceType !== type) throw new FhirError('invalid', `the resource is no \`${type}\``);
  return unwrapped;
}

function wrapped(parameters: Resource): Resource {
  const parts = partsOf(parameters);
  for (const part of parts) {
    if (part.name !== 'resource') requireSupported(String(part.name), valueOf(part));
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

/** What were left out would make the answer say more than was looked at. */
function requireSupported(name: string, value: unknown): void {
  if (name === 'mode') {
    if (MODES.includes(value)) return;
    throw new FhirError('value', `unknown mode; allowed: ${MODES.join(', ')}`);
  }
  if (name === 'profile') {
    if (typeof value === 'string' && value !== '') return;
    throw new FhirError('value', '`profile` needs the canonical address of a profile');
  }
  throw new FhirError(
    'not-supported',
    `parameter \`${name.slice(0, 60)}\` is not supported; allowed: \`resource\`, \`mode\`, \`profile\``,
  );
}
