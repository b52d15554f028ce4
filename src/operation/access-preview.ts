/**
 * `Patient/x/$access-preview`: what a Consent that isn't saved would change, for somebody or for all whom it names, and
 * where other rules go before it. Nothing is written. https://carnet.example/fhir/OperationDefinition/access-preview
 */
import type { Effect } from '../consent/actors.ts';
import type { Caller } from '../consent/caller.ts';
import { namesIn } from '../consent/naming.ts';
import { compilePart } from '../consent/policy.ts';
import { whomOf } from '../consent/reach.ts';
import type { Language } from '../consent/reasons.ts';
import { supposing, wordOf } from '../consent/supposed.ts';
import { type Insight, type Sight, nameOf } from '../enforcement/insight.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Reference, Resource } from '../fhir/resource.ts';
import { patientsOf } from '../fhir/subjects.ts';
import { validate } from '../fhir/validate/index.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { anyOf, actorOf } from './actor.ts';
import { insightFor } from './asker.ts';
import { bestOf, isGiven } from './explain-access.ts';
import { byKind, grounds } from './grounds.ts';
import { languageOf, told } from './language.ts';

/** Actors of one preview, when none is named by who asks. */
const MOST_ACTORS = 30;
const MOST_REFERENCES = 100;

export async function accessPreview(context: Context, exchange: Exchange): Promise<Answer> {
  const asked = askedIn(exchange);
  const insight = await insightFor(exchange);
  const consent = consentOf(asked.consent, exchange, context.now());
  const policy = supposing(insight.policy, consent, insight.rules);
  const named = await insight.named([...new Set([...policy.names, ...namesIn(consent, insight.rules)])]);
  const now = context.now();
  const viewers =
    asked.actor === undefined
      ? await everybody(context, exchange, consent, { insight, named, now, purposes: asked.purposes })
      : [await viewerOf(context, exchange, asked.actor, asked.purposes)];
  const items = await insight.items([...context.types]);
  const language = languageOf(exchange);
  const parameters: Json[] = [];
  for (const { told: who, callers } of viewers) {
    const before = await bestOf(callers, (caller) => insight.sights(items, caller, now, named));
    const after = await bestOf(callers, (caller) => insight.sights(items, caller, now, named, policy));
    const { patient, rules, key } = insight;
    const words = callers.map((caller) => wordOf(consent, { patient, rules, caller, named, now, key }));
    const conflicts = after.filter((sight) =>
      isOverruled(
        sight,
        words.map((word) => word(sight.facts)),
      ),
    );
    parameters.push({
      name: 'view',
      part: [who, ...changes(before, after), ...conflictsTold(conflicts, language)],
    });
  }
  return told(language, parameters);
}

interface Asked {
  consent: Resource;
  actor?: string;
  purposes: string[];
}

const missing = (): FhirError =>
  new FhirError('required', 'Parameters with a `consent` (resource) are required as body');

function askedIn({ body, query }: Exchange): Asked {
  if (query.length > 0) throw new FhirError('not-supported', 'parameters go into the body');
  const parameters = body?.kind === 'json' ? (body.value as Resource) : undefined;
  if (parameters?.resourceType !== 'Parameters') throw missing();
  const listed: unknown[] = Array.isArray(parameters.parameter) ? parameters.parameter : [];
  const parts = listed.filter((each): each is Json => typeof each === 'object' && each !== null);
  const unknown = parts.find(({ name }) => !['consent', 'actor', 'purpose'].includes(String(name)));
  if (unknown !== undefined) {
    const name = String(unknown.name).slice(0, 60);
    throw new FhirError(
      'not-supported',
      `parameter \`${name}\` is not supported; allowed: \`consent\`, \`actor\`, \`purpose\``,
    );
  }
  const [consents, actors] = ['consent', 'actor'].map((name) => parts.filter((each) => each.name === name));
  const consent = consents![0]?.resource as Resource | undefined;
  if (consents!.length !== 1 || consent?.resourceType !== 'Consent') throw missing();
  const errors = validate(consent).filter(({ severity }) => severity === 'error' || severity === 'fatal');
  if (errors.length > 0) throw FhirError.of(errors);
  if (actors!.length > 1) throw new FhirError('value', 'one `actor` at most');
  const actor = (actors![0]?.valueReference as Reference | undefined)?.reference;
  if (actors!.length === 1 && typeof actor !== 'string') {
    throw new FhirError('value', '`actor` is a reference (valueReference)');
  }
  const purposes = parts.filter(({ name }) => name === 'purpose').map(({ valueCode }) => String(valueCode));
  return { consent, ...(actor === undefined ? {} : { actor }), purposes };
}

/** As it would be kept now, but without a version; without an id it is none of those that there are. */
function consentOf(consent: Resource, { params, base }: Exchange, now: number): Resource {
  if (JSON.stringify(patientsOf(consent, base)) !== JSON.stringify([params.id])) {
    throw new FhirError('business-rule', `the Consent must be of \`Patient/${params.id}\``, {
      expression: 'Consent.patient',
    });
  }
  const { versionId: _version, ...meta } = consent.meta ?? {};
  return { ...consent, id: consent.id ?? '', meta: { ...meta, lastUpdated: new Date(now).toISOString() } };
}

/** For whom it is looked at, and how the answer says so. */
interface Viewer {
  told: Json;
  callers: readonly Caller[];
}

async function viewerOf(
  context: Context,
  exchange: Exchange,
  actor: string,
  purposes: readonly string[],
): Promise<Viewer> {
  const { reference, callers } = await actorOf(context, exchange, actor, purposes);
  return { told: { name: 'actor', valueReference: { reference } }, callers };
}

/** All whom the Consent names; when it may mean anybody, each profession of the matrix. */
async function everybody(
  context: Context,
  exchange: Exchange,
  consent: Resource,
  about: { insight: Insight; named: ReadonlyMap<string, Resource>; now: number; purposes: readonly string[] },
): Promise<Viewer[]> {
  const { insight, named, now, purposes } = about;
  const { patient, rules } = insight;
  const { statements = [], block } = compilePart(consent, rules);
  const lists = [
    ...statements.flatMap(({ actors, effect }) => actors.map((each) => ({ actors: each, effect }))),
    ...(block === undefined ? [] : [{ actors: block.actors, effect: 'deny' as const }]),
  ];
  const whom = lists.map(({ actors, effect }) => whomOf(actors, effect, named, patient, now));
  const anybody =
    statements.some(({ actors }) => actors.length === 0) || whom.some(({ persons }) => persons === 'all');
  const professions = new Set([
    ...whom.flatMap((each) => [...each.professions]),
    ...(anybody ? (rules.matrix?.rows ?? []).map(({ profession }) => profession) : []),
  ]);
  const persons = new Set(whom.flatMap((each) => (each.persons === 'all' ? [] : [...each.persons])));
  if (persons.size + professions.size > MOST_ACTORS) {
    throw new FhirError('too-costly', `the Consent means more than ${MOST_ACTORS}: name one by \`actor\``);
  }
  const viewers: Viewer[] = [];
  for (const person of persons) viewers.push(await viewerOf(context, exchange, person, purposes));
  for (const profession of professions) {
    viewers.push({
      told: { name: 'profession', valueCode: profession },
      callers: [anyOf(profession, purposes, exchange, now)],
    });
  }
  return viewers;
}

/** What it says comes to nothing: another rule, or a more telling Consent, goes before it. */
function isOverruled({ decision }: Sight, words: readonly (Effect | undefined)[]): boolean {
  const wanted = words.includes('permit') ? 'permit' : words.includes('deny') ? 'deny' : undefined;
  return wanted !== undefined && wanted !== decision.effect;
}

function changes(before: readonly Sight[], after: readonly Sight[]): Json[] {
  const shown = after.filter((sight, index) => isGiven(sight) && !isGiven(before[index]!));
  const hidden = after.filter((sight, index) => !isGiven(sight) && isGiven(before[index]!));
  return [...counted('shown', shown), ...counted('hidden', hidden)];
}

function counted(name: string, sights: readonly Sight[]): Json[] {
  if (sights.length === 0) return [];
  return [
    {
      name,
      part: [
        { name: 'count', valueUnsignedInt: sights.length },
        ...byKind(sights, ({ facts }) => facts.type).map(([type, alike]) => ({
          name: 'kind',
          part: [
            { name: 'type', valueCode: type },
            { name: 'count', valueUnsignedInt: alike.length },
          ],
        })),
        ...sights.slice(0, MOST_REFERENCES).map(({ facts }) => ({
          name: 'reference',
          valueReference: { reference: nameOf(facts) },
        })),
      ],
    },
  ];
}

function conflictsTold(conflicts: readonly Sight[], language: Language): Json[] {
  return grounds(conflicts, language).map((each) => ({ ...each, name: 'conflict' }));
}
