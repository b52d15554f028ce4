/**
 * `Patient/x/$break-glass`: a professional opens a patient's record in an emergency, for a written reason. What it
 * opens is line 7's: conformance/consent-rules.md. https://carnet.example/fhir/OperationDefinition/break-glass
 */
import { isReason } from '../consent/statements.ts';
import { breaksGlass } from '../consent/subject.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Body, Exchange } from '../interaction/exchange.ts';
import { languageOf, told } from './language.ts';

const LONGEST = 1000;

export async function breakGlass(context: Context, exchange: Exchange): Promise<Answer> {
  const { subject, store, params, body } = exchange;
  if (!breaksGlass(subject)) {
    throw new FhirError(
      'forbidden',
      'only a professional who has logged in breaks the glass, not software in their name',
    );
  }
  const reason = reasonIn(body);
  const until = await store.breakGlass(params.id!, reason, context.now());
  // a record that is closed to emergencies, or to this professional, is one that isn't there
  if (until === undefined) throw new FhirError('not-found', 'not found');
  return told(languageOf(exchange), [
    { name: 'patient', valueReference: { reference: `Patient/${params.id}` } },
    { name: 'until', valueInstant: new Date(until).toISOString() },
    { name: 'purpose', valueCode: 'BTG' },
  ]);
}

function reasonIn(body: Body | undefined): string {
  const parameters = body?.kind === 'json' ? (body.value as Resource) : undefined;
  const listed = (Array.isArray(parameters?.parameter) ? parameters.parameter : []) as Json[];
  const [reason, ...others] = listed;
  const text = reason?.name === 'reason' && others.length === 0 ? reason.valueString : undefined;
  if (parameters?.resourceType !== 'Parameters' || typeof text !== 'string' || !isReason(text)) {
    throw new FhirError(
      'required',
      'one parameter `reason` (valueString) of ten characters or more that can be seen says why',
    );
  }
  if (text.length > LONGEST) throw new FhirError('value', `\`reason\` has up to ${LONGEST} characters`);
  return text.trim();
}
