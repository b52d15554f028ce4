/**
 * `Patient/x/$explain-access`: what somebody would see of what the asker may see, and which line and which provision
 * decide. https://carnet.example/fhir/OperationDefinition/explain-access
 */
import type { Caller } from '../consent/caller.ts';
import type { Language } from '../consent/reasons.ts';
import type { Rules } from '../consent/rules.ts';
import { type Insight, type Sight, nameOf } from '../enforcement/insight.ts';
import type { Attributes } from '../condition/condition.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { type Actor, actorOf } from './actor.ts';
import { insightFor } from './asker.ts';
import { byKind, ground, grounds } from './grounds.ts';
import { languageOf, told } from './language.ts';

const ALLOWED = ['actor', 'resource', 'purpose'];

export async function explainAccess(context: Context, exchange: Exchange): Promise<Answer> {
  const { actor: reference, resource, purposes } = askedIn(exchange.query);
  const insight = await insightFor(exchange);
  const actor = await actorOf(context, exchange, reference, purposes);
  const language = languageOf(exchange);
  const types = [...context.types];
  const items = resource === undefined ? await insight.items(types) : await insight.item(types, resource);
  const named = await insight.named();
  const sights = await bestOf(actor.callers, (caller) => insight.sights(items, caller, context.now(), named));
  const about = assumptions(actor, insight, named, language);
  if (resource === undefined) return told(language, [...about, ...kinds(sights, insight, language)]);
  const sight = sights.find(({ facts }) => nameOf(facts) === resource);
  if (sight === undefined) throw new FhirError('not-found', 'not found');
  exchange.store.notes.given(sight.facts);
  return told(language, [
    ...about,
    { name: 'resource', valueReference: { reference: resource } },
    { name: 'effect', valueCode: sight.decision.effect },
    ground(sight.decision, language),
  ]);
}

interface Asked {
  actor: string;
  resource?: string;
  purposes: string[];
}

function askedIn(query: readonly [string, string][]): Asked {
  const values = (name: string): string[] =>
    query.filter(([each]) => each === name).map(([, value]) => value);
  const unknown = query.find(([name]) => !ALLOWED.includes(name));
  if (unknown !== undefined) {
    throw new FhirError(
      'not-supported',
      `parameter \`${unknown[0].slice(0, 60)}\` is not supported; allowed: ${ALLOWED.join(', ')}`,
    );
  }
  const [actors, resources] = [values('actor'), values('resource')];
  if (actors.length !== 1)
    throw new FhirError('required', 'one `actor` is required, such as `Practitioner/1`');
  const [resource] = resources;
  if (
    resources.length > 1 ||
    (resource !== undefined && !/^[A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.test(resource))
  ) {
    throw new FhirError('value', '`resource` is one `Type/id`');
  }
  const purposes = values('purpose').flatMap((value) => value.split(',', 20));
  return { actor: actors[0]!, ...(resource === undefined ? {} : { resource }), purposes };
}

/** Who has several professions sees what one of them may. */
export async function bestOf(
  callers: readonly Caller[],
  look: (caller: Caller) => Promise<Sight[]>,
): Promise<Sight[]> {
  let best: Sight[] = [];
  for (const caller of callers) {
    const sights = await look(caller);
    best = best.length === 0 ? sights : best.map((each, index) => (isGiven(each) ? each : sights[index]!));
  }
  return best;
}

export function isGiven({ decision }: Sight): boolean {
  return decision.effect === 'permit';
}

const CAUTION = {
  fr: 'Sans jeton de cette personne, son métier et ses structures viennent de l’annuaire ; son rôle et ses motifs sont supposés. Vous ne voyez ici que ce que vous pouvez voir vous-même.',
  en: 'Without a token of theirs, profession and organizations are those of the directory; role and purposes are assumed. You are told here of what you may see yourself alone.',
};
const UNSEEN = {
  fr: 'un consentement nomme ceci, que vous ne pouvez pas voir : compté comme s’il n’existait pas',
  en: 'a Consent names this, which you may not see: counted as if it did not exist',
};

/** What the answer stands on. */
function assumptions(
  { reference, callers }: Actor,
  { rules, policy }: Insight,
  named: ReadonlyMap<string, Resource>,
  language: Language,
): Json[] {
  const [{ role, groups, purposes, emergencies, regulator }] = callers as [Caller];
  const professions = callers.flatMap(({ profession }) => profession ?? []);
  return [
    { name: 'actor', valueReference: { reference } },
    {
      name: 'assumed',
      part: [
        { name: 'text', valueString: CAUTION[language] },
        { name: 'role', valueCode: role },
        ...professions.map((code) => ({ name: 'profession', valueCode: code })),
        ...groups.map((each) => ({ name: 'organization', valueReference: { reference: each } })),
        ...purposes.map((code) => ({ name: 'purpose', valueCode: code })),
        ...(emergencies.length === 0 ? [] : [{ name: 'emergency', valueBoolean: true }]),
        ...(regulator ? [{ name: 'regulator', valueBoolean: true }] : []),
        { name: 'rules', valueString: `${rules.id} ${rules.version}` },
      ],
    },
    ...policy.names
      .filter((name) => !named.has(name))
      .slice(0, 20)
      .map((name) => ({
        name: 'unseen',
        part: [
          { name: 'reference', valueReference: { reference: name } },
          { name: 'text', valueString: UNSEEN[language] },
        ],
      })),
  ];
}

/** How many of each kind are seen and not seen, and why. */
function kinds(sights: readonly Sight[], { rules, key }: Insight, language: Language): Json[] {
  const classOf = classes(rules, key);
  return byKind(sights, ({ facts }) => `${facts.type} ${classOf(facts)}`.trimEnd()).map(([kind, alike]) => {
    const [type, name = ''] = kind.split(' ');
    const [system, code] = name.split('|');
    const seen = alike.filter(isGiven).length;
    return {
      name: 'kind',
      part: [
        { name: 'type', valueCode: type },
        ...(code === undefined ? [] : [{ name: 'class', valueCoding: { system, code } }]),
        { name: 'seen', valueUnsignedInt: seen },
        { name: 'unseen', valueUnsignedInt: alike.length - seen },
        ...grounds(alike, language),
      ],
    };
  });
}

/** The class of a document, `system|code`, by its category or its type, as the matrix has them; else empty. */
function classes({ matrix }: Rules, key: (term: string) => string): (facts: Attributes) => string {
  const known = Object.entries(matrix?.classes ?? {}).map(([name, types]) => ({
    name,
    codes: new Set([key(`class=${name}`), ...types.map((type) => key(`kind=${type}`))]),
  }));
  return ({ type, codes }) => {
    if (type !== 'DocumentReference') return '';
    return known.find((each) => codes.some((code) => each.codes.has(code)))?.name ?? '';
  };
}
