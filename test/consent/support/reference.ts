/**
 * Line 10 of `conformance/consent-rules.md`, evaluated word by word on FHIR JSON. Written from that page alone, for
 * clarity: it shares no code with the engine that it is held against.
 */
import { ELEMENTS, fits, isUnderstood } from './reference-elements.ts';
import { type Json, type Level, type Situation, items, textOf, LEVELS, object } from './reference-words.ts';
import { named } from './reference-actors.ts';

export type { ReferenceCaller } from './reference-words.ts';

const SCOPES = 'http://terminology.hl7.org/CodeSystem/consentscope';
const NO_WORD_ON_READING = ['adr', 'treatment', 'research'];
const DEEPEST = 20;

type Effect = 'permit' | 'deny';
interface Verdict {
  effect: Effect;
  level: Level;
}

/** A provision with those around it, outermost first. */
type Chain = Json[];

/** Whether the Consents of its patient open a resource to a caller. */
export function allowed(
  consents: readonly Json[],
  resource: Json,
  caller: Situation['caller'],
  now: Date,
): boolean {
  if (resource.resourceType === 'AuditEvent') return false;
  const verdicts = consents.flatMap((consent) => verdictsOf(consent, { resource, caller, now }));
  for (const level of LEVELS) {
    const here = verdicts.filter((verdict) => verdict.level === level);
    if (here.some(({ effect }) => effect === 'deny')) return false;
    if (here.length > 0) return true;
  }
  return false;
}

/** What one Consent says: nothing, or the word of its deepest provisions that fit. */
function verdictsOf(consent: Json, situation: Situation): Verdict[] {
  if (consent.status !== 'active' || saysNothingOnReading(consent)) return [];
  let deciding: Verdict[] = [];
  for (const chains of byDepth(consent)) {
    const fitting = chains.flatMap((chain) => verdictOf(chain, consent, situation));
    if (fitting.length > 0) deciding = fitting;
  }
  const denies = deciding.filter(({ effect }) => effect === 'deny');
  return denies.length > 0 ? denies : deciding;
}

function verdictOf(chain: Chain, consent: Json, situation: Situation): Verdict[] {
  const effect = effectOf(chain, consent);
  if (effect === undefined || (effect === 'permit' && !permitsCount(consent))) return [];
  // what is nested too deep fits whatever the one around it fits
  const read = chain.slice(0, DEEPEST + 1);
  if (effect === 'permit' && !read.every(isUnderstood)) return [];
  const rest = read.every((provision) =>
    ELEMENTS.every((element) => fits(element, provision, effect, situation)),
  );
  const level = named(read, effect, situation.caller);
  return rest && level !== undefined ? [{ effect, level }] : [];
}

function effectOf(chain: Chain, consent: Json): Effect | undefined {
  const provision = chain.at(-1)!;
  if (chain.length > DEEPEST + 1) return 'deny';
  if (chain.length === 1 && provision.type === undefined) {
    return codes(consent.policyRule).some((code) => code.startsWith('OPTOUT')) ? 'deny' : undefined;
  }
  return provision.type === 'permit' ? 'permit' : 'deny';
}

/** Every provision of a Consent, the root's level first. */
function byDepth(consent: Json): Chain[][] {
  const levels: Chain[][] = [];
  let level: Chain[] = [[object(consent.provision ?? {})]];
  while (level.length > 0) {
    levels.push(level);
    if (levels.length > DEEPEST + 1) break;
    level = level.flatMap((chain) =>
      items(chain.at(-1)!.provision).map((nested) => [...chain, object(nested)]),
    );
  }
  return levels;
}

function saysNothingOnReading(consent: Json): boolean {
  const scope = items(object(consent.scope).coding).map(object);
  return (
    scope.length > 0 &&
    scope.every(({ system, code }) => system === SCOPES && NO_WORD_ON_READING.includes(textOf(code)))
  );
}

function permitsCount(consent: Json): boolean {
  const scope = items(object(consent.scope).coding).map(object);
  return (
    scope.some(({ system, code }) => system === SCOPES && code === 'patient-privacy') &&
    consent.modifierExtension === undefined &&
    consent.implicitRules === undefined
  );
}

function codes(concept: unknown): string[] {
  return items(object(concept).coding).map((coding) => textOf(object(coding).code));
}
