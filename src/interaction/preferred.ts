/** `Prefer: return=` of successful writes: https://hl7.org/fhir/R4/http.html#ops */
import { parseJson } from '../fhir/json.ts';
import { type Issue, outcome } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import { codesOf } from '../fhir/terminology/expansion.ts';
import { validate } from '../fhir/validate/index.ts';
import type { Answer, Body, Prefer } from './exchange.ts';

/** @param sent what was to be written, unless it is what the answer holds */
export function preferred(answer: Answer, prefer: Prefer, sent?: Body): Answer {
  if (prefer.return === undefined || prefer.return === 'representation') return answer;
  if (prefer.return === 'minimal') return { ...answer, body: undefined };
  const text = answer.status === 201 ? 'created' : 'saved';
  const done: Issue = { severity: 'information', code: 'informational', text };
  return { ...answer, body: outcome([done, ...remarks(writtenIn(answer, sent))]) };
}

function writtenIn({ body }: Answer, sent: Body | undefined): Resource | undefined {
  if (sent?.kind === 'json') return sent.value as Resource;
  return Buffer.isBuffer(body) ? (parseJson(body) as Resource) : undefined;
}

/**
 * What is wrong with it, though not so that it is refused: a profile that isn't known, a code outside of a value set, a
 * label that hides nothing.
 */
function remarks(resource: Resource | undefined): Issue[] {
  if (resource === undefined || resource.resourceType === 'Binary') return [];
  const told = validate(resource).filter(
    ({ severity }) => severity === 'warning' || severity === 'information',
  );
  return [...told, ...idleLabels(resource)];
}

/** R4's labels, and those of the national record. */
const LABELS = [
  'http://hl7.org/fhir/ValueSet/security-labels',
  'https://mos.esante.gouv.fr/NOS/JDV_J08-XdsConfidentialityCode-CISIS/FHIR/JDV-J08-XdsConfidentialityCode-CISIS',
];

/** https://hl7.org/fhir/R4/security-labels.html */
function idleLabels({ resourceType, meta }: Resource): Issue[] {
  return (meta?.security ?? [])
    .filter(({ system = '', code = '' }) => !LABELS.some((set) => codesOf(set)?.get(system)?.has(code)))
    .map(({ system = '', code = '' }) => ({
      severity: 'warning',
      code: 'code-invalid',
      text: `the label \`${code}\` of \`${system}\` is not known: it hides nothing but what a Consent says of it`,
      expression: `${resourceType}.meta.security`,
    }));
}
