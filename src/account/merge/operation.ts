/**
 * `Patient/$merge`: two files of one person become one, by the word of two people of different duties. Its parameters
 * are those of R5's. https://hl7.org/fhir/R5/patient-operation-merge.html
 */
import { stewardOf } from '../../catalogue/duty.ts';
import { FhirError, outcome } from '../../fhir/outcome.ts';
import type { Json, Resource } from '../../fhir/resource.ts';
import { UNKNOWN_PATIENT } from '../../fhir/subjects.ts';
import type { Context } from '../../interaction/context.ts';
import type { Answer, Exchange, Interaction } from '../../interaction/exchange.ts';
import type { MergeDesk, Named, Step } from './desk.ts';

const PARAMETERS = [
  'source-patient',
  'source-patient-identifier',
  'target-patient',
  'target-patient-identifier',
  'preview',
];
/** Of one patient. */
const MOST_IDENTIFIERS = 10;

const TEXT: Record<Step, string> = {
  possible: 'the two files can be merged, by two people of different duties',
  waits: 'the merge waits for the same request by another person of another duty',
  begun: 'the merge has begun: what the source has is being moved',
};

export function mergeOperation(desk: MergeDesk, finds: Context['finds']): Interaction {
  return async ({ subject, body, store, address, requestId }: Exchange): Promise<Answer> => {
    const steward = stewardOf(subject);
    const input = parametersIn(body);
    const each = [namedIn(input, 'source-patient'), namedIn(input, 'target-patient')] as const;
    const isTrial = input.some(({ name, valueBoolean }) => name === 'preview' && valueBoolean === true);
    await finds.take(subject);
    const asking = { steward, client: subject.client, address, requestId };
    // that somebody looked is traced, of whom they found and of nobody else
    const met = (patients: readonly string[]): void => store.notes.asked(patients);
    const step = await desk.merge(asking, each, isTrial, met).catch((error: unknown) => {
      if (error instanceof FhirError && error.status === 404) met([UNKNOWN_PATIENT]);
      throw error;
    });
    const told = outcome([{ severity: 'information', code: 'informational', text: TEXT[step] }]);
    return {
      status: isTrial ? 200 : 202,
      body: {
        resourceType: 'Parameters',
        parameter: [
          { name: 'input', resource: { resourceType: 'Parameters', parameter: input } },
          { name: 'outcome', resource: told },
        ],
      },
    };
  };
}

/** @throws FhirError for one that isn't known: what it asks for would not be done */
function parametersIn(body: Exchange['body']): Json[] {
  const sent = body?.kind === 'json' ? (body.value as Resource) : undefined;
  if (sent?.resourceType !== 'Parameters') throw new FhirError('invalid', 'the body must be Parameters');
  const listed = (Array.isArray(sent.parameter) ? sent.parameter : []) as Json[];
  for (const { name } of listed) {
    if (typeof name === 'string' && PARAMETERS.includes(name)) continue;
    const allowed = PARAMETERS.join(', ');
    throw new FhirError('invalid', `unknown parameter \`${String(name).slice(0, 60)}\`; allowed: ${allowed}`);
  }
  return listed;
}

function namedIn(input: readonly Json[], name: string): Named {
  const references = input.filter((each) => each.name === name);
  const identifiers = input.filter((each) => each.name === `${name}-identifier`);
  const id = references.map(idIn)[0];
  if (references.length > 1 || identifiers.length === 0 || identifiers.length > MOST_IDENTIFIERS)
    throw new FhirError(
      'required',
      `\`${name}-identifier\` is required, up to ${MOST_IDENTIFIERS} of them, beside at most one \`${name}\``,
    );
  return { ...(id === undefined ? {} : { id }), identifiers: identifiers.map(identifierIn) };
}

function idIn({ name, valueReference }: Json): string {
  const { reference } = (valueReference ?? {}) as Json;
  const id = /^Patient\/([A-Za-z0-9\-.]{1,64})$/.exec(String(reference))?.[1];
  if (id === undefined)
    throw new FhirError('value', `\`${String(name)}\` is a \`valueReference\` to \`Patient/[id]\``);
  return id;
}

function identifierIn({ name, valueIdentifier }: Json): string {
  const { system, value } = (valueIdentifier ?? {}) as Json;
  if (typeof system !== 'string' || typeof value !== 'string' || system === '' || value === '')
    throw new FhirError(
      'value',
      `\`${String(name)}\` is a \`valueIdentifier\` with \`system\` and \`value\``,
    );
  return `${system}|${value}`;
}
