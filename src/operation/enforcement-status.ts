/**
 * `Consent/x/$enforcement-status`, `Patient/x/$enforcement-status`: whether Consents are enforced now, and why not.
 * https://carnet.example/fhir/OperationDefinition/enforcement-status
 */
import { type Enforcement, enforcementOf } from '../consent/enforceable.ts';
import type { Finding } from '../consent/diagnosis.ts';
import { namesIn } from '../consent/naming.ts';
import { type Language, STATUSES, sentence } from '../consent/reasons.ts';
import type { Shown } from '../enforcement/ports.ts';
import { parseJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { UNKNOWN_PATIENT } from '../fhir/subjects.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { parse } from '../interaction/search.ts';
import { languageOf, told } from './language.ts';

/** Consents of one answer. */
const MOST = 1000;
/** Where findings of one Consent are many, so many are told. */
const MOST_FINDINGS = 50;
/** Actors of them that are looked up. */
const MOST_NAMES = 2000;

export async function enforcementStatus(context: Context, exchange: Exchange): Promise<Answer> {
  const [parameter] = exchange.query;
  if (parameter !== undefined) {
    throw new FhirError('not-supported', `parameter \`${parameter[0].slice(0, 60)}\` is not supported`);
  }
  const consents = await consentsAsked(context, exchange);
  const { store } = exchange;
  const [patient = UNKNOWN_PATIENT] = consents[0]?.patients ?? [];
  const blocks = patient === UNKNOWN_PATIENT ? [] : await store.blocks(patient);
  const names = [
    ...new Set([
      ...consents.flatMap(({ resource }) => namesIn(resource, store.rules)),
      ...blocks.flatMap(({ actors }) => actors.named),
    ]),
  ];
  if (names.length > MOST_NAMES) throw tooMany(MOST_NAMES, 'care teams, groups and roles');
  const named = await store.whoIsWho(names);
  const language = languageOf(exchange);
  const now = context.now();
  const around = { rules: store.rules, named, patient, blocks, now };
  const parameters = consents.map(({ resource }) => {
    const known = patient === UNKNOWN_PATIENT ? { ...resource, patient: undefined } : resource;
    return parameterOf(resource, enforcementOf(known, around), language);
  });
  return told(language, parameters);
}

interface Asked {
  resource: Resource;
  patients: readonly string[];
}

async function consentsAsked(context: Context, exchange: Exchange): Promise<Asked[]> {
  const { type, id } = exchange.params;
  const { store } = exchange;
  if (type === 'Consent') {
    const stored = await store.read('Consent', id!);
    if (stored === undefined) throw new FhirError('not-found', 'not found');
    if (stored.method === 'DELETE') throw new FhirError('deleted', 'deleted');
    return [asked(stored)];
  }
  const query: [string, string][] = [
    ['patient', `Patient/${id}`],
    ['_count', String(MOST)],
    ['_total', 'none'],
  ];
  const { matches, next } = await store.search(parse(context, { ...exchange, query }, ['Consent']));
  if (next !== undefined) throw tooMany(MOST, 'Consents');
  // of a patient who isn't there, or whom the caller may not know of, nothing is said
  if (matches.length === 0) {
    const patient = await store.read('Patient', id!);
    if (patient === undefined || patient.method === 'DELETE') throw new FhirError('not-found', 'not found');
  }
  return matches.map(asked);
}

function asked({ body, patients }: Shown): Asked {
  return { resource: parseJson(body) as Resource, patients };
}

function parameterOf({ id, meta }: Resource, { status, findings }: Enforcement, language: Language): Json {
  return {
    name: 'consent',
    part: [
      { name: 'reference', valueReference: { reference: `Consent/${id}/_history/${meta?.versionId}` } },
      { name: 'status', valueCode: status },
      { name: 'text', valueString: STATUSES[status][language] },
      ...findings.slice(0, MOST_FINDINGS).map((finding) => findingOf(finding, language)),
    ],
  };
}

function findingOf({ reason, expression, effect }: Finding, language: Language): Json {
  return {
    name: 'reason',
    part: [
      { name: 'code', valueCode: reason },
      { name: 'expression', valueString: expression },
      { name: 'text', valueString: sentence(reason, effect, language) },
    ],
  };
}

function tooMany(most: number, what: string): FhirError {
  return new FhirError(
    'too-costly',
    `more than ${most} ${what} would have to be looked at: ask for one Consent`,
  );
}
