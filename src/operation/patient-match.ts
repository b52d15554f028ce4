/**
 * `Patient/$match`: one patient by all their traits, with or without their number, or nobody.
 * https://hl7.org/fhir/R4/patient-operation-match.html
 */
import { nationalIn, traitsOf, traitsTerm } from '../fhir/identity.ts';
import { stringifyJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { bundleOf } from '../interaction/bundle.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { mayLookFor } from '../interaction/finding.ts';

const GRADE = 'http://hl7.org/fhir/StructureDefinition/match-grade';
const PARAMETERS = new Set(['resource', 'onlyCertainMatches', 'count']);

/** Only certain matches are given, whatever is asked: who resembles somebody is nobody's to know. */
export async function patientMatch(context: Context, exchange: Exchange): Promise<Answer> {
  const { subject, store, base } = exchange;
  if (!mayLookFor(subject)) {
    throw new FhirError('forbidden', 'professionals and registered systems look for patients');
  }
  const patient = patientIn(exchange);
  const traits = traitsOf(patient);
  if (traits === undefined) {
    throw new FhirError(
      'required',
      'a match takes the name at birth (`use` official), the first given name, the whole `birthDate` and the `gender`',
      { expression: 'Parameters.parameter[0].resource' },
    );
  }
  await context.finds.take(subject);
  const numbers = nationalIn(patient).map((number) => `identifier=${number}`);
  const found = await store.whoIs([traitsTerm(traits), ...numbers]);
  if (found === undefined) {
    return { status: 200, body: bundleOf({ type: 'searchset', total: 0, links: [] }, []), paced: true };
  }
  const search = { extension: [{ url: GRADE, valueCode: 'certain' }], mode: 'match', score: 1 };
  const entry = stringifyJson({ fullUrl: `${base}/Patient/${found.id}`, resource: found, search });
  return { status: 200, body: bundleOf({ type: 'searchset', total: 1, links: [] }, [[entry]]) };
}

/** Of Parameters, or a Patient alone as R4 lets an operation of one resource be called. */
function patientIn({ body }: Exchange): Resource {
  if (body?.kind !== 'json') throw new FhirError('required', 'a Parameters resource is required as body');
  const sent = body.value as Resource;
  if (sent.resourceType === 'Patient') return sent;
  const parameters =
    sent.resourceType === 'Parameters' && Array.isArray(sent.parameter) ? sent.parameter : [];
  for (const { name } of parameters as Json[]) {
    if (typeof name === 'string' && PARAMETERS.has(name)) continue;
    const allowed = [...PARAMETERS].join(', ');
    throw new FhirError('invalid', `unknown parameter \`${String(name).slice(0, 60)}\`; allowed: ${allowed}`);
  }
  const [patient, ...more] = (parameters as Json[]).filter(({ name }) => name === 'resource');
  const resource = patient?.resource as Resource | undefined;
  if (more.length > 0 || resource?.resourceType !== 'Patient') {
    throw new FhirError('required', 'a match takes one parameter `resource` that is a Patient');
  }
  return resource;
}
