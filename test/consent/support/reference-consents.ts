/** What Consents say, of line 10 of `conformance/consent-rules.md` and of the emergencies of line 7. */
import { named } from './reference-actors.ts';
import { isBlock, isVoid } from './reference-blocks.ts';
import { ELEMENTS, fits, isUnderstood, purposesFit } from './reference-elements.ts';
import {
  type Effect,
  items,
  type Json,
  type Level,
  LEVELS,
  mayMeanOtherwise,
  object,
  policiesOf,
  type Situation,
  textOf,
} from './reference-words.ts';

const MASKS_NEW = 'https://carnet.example/fhir/policy/mask-new-documents';
const PCF = 'https://profiles.ihe.net/ITI/PCF/';
const HL7 = 'http://terminology.hl7.org/CodeSystem';
const SCOPES = `${HL7}/consentscope`;
const NO_WORD_ON_READING = ['adr', 'treatment', 'research'];
const DEEPEST = 50;

export interface Verdict {
  effect: Effect;
  level: Level;
}

/** A provision with those around it, outermost first. */
export type Chain = Json[];

/** Which provisions count, by their purposes and what else they name. */
export type Reading = (chain: Chain, effect: Effect, situation: Situation) => boolean;

export const usual: Reading = purposesFit;

/** The most telling level decides; at one level deny beats permit. */
export function weigh(verdicts: readonly Verdict[]): Effect | undefined {
  for (const level of LEVELS) {
    const here = verdicts.filter((verdict) => verdict.level === level).map(({ effect }) => effect);
    if (here.length > 0) return here.includes('deny') ? 'deny' : 'permit';
  }
  return undefined;
}

export function verdictsOfAll(situation: Situation, reading: Reading): Verdict[] {
  return situation.said.consents.flatMap((consent) => verdictsOf(consent, situation, reading));
}

/**
 * What one Consent says: nothing, or the word of its deepest provisions that fit. A deny stands at the levels of all its
 * denies that fit, a permit at those of the permits that are nested deeper than these.
 */
export function verdictsOf(consent: Json, situation: Situation, reading: Reading): Verdict[] {
  if (consent.status !== 'active' || isBlock(consent) || saysNothingOnReading(consent)) return [];
  if (policiesOf(consent).includes(MASKS_NEW)) return [];
  const fitting = byDepth(consent).map((chains) =>
    chains.flatMap((chain) => verdictOf(chain, consent, situation, reading)),
  );
  const depthOf = (effect: Effect): number =>
    fitting.findLastIndex((verdicts) => verdicts.some((each) => each.effect === effect));
  const [permit, deny] = [depthOf('permit'), depthOf('deny')];
  if (deny >= permit) return fitting.flat().filter(({ effect }) => effect === 'deny');
  return fitting.slice(deny + 1).flat();
}

function verdictOf(chain: Chain, consent: Json, situation: Situation, reading: Reading): Verdict[] {
  const effect = effectOf(chain, consent);
  if (effect === undefined || (effect === 'permit' && !permitsCount(consent))) return [];
  // what is nested too deep fits whatever the one around it fits
  const read = chain.slice(0, DEEPEST + 1);
  if (effect === 'permit' && !read.every(isUnderstood)) return [];
  const rest = read.every((provision) =>
    ELEMENTS.every((element) => fits(element, provision, effect, situation)),
  );
  if (!rest || !reading(read, effect, situation)) return [];
  const level = named(read, effect, situation);
  if (level === undefined || (effect === 'permit' && level === 'caller' && isVoid(consent, situation)))
    return [];
  return [{ effect, level }];
}

function effectOf(chain: Chain, consent: Json): Effect | undefined {
  const provision = chain.at(-1)!;
  if (chain.length > DEEPEST + 1) return 'deny';
  if (chain.length === 1 && provision.type === undefined) return isRefusal(consent) ? 'deny' : undefined;
  return provision.type === 'permit' ? 'permit' : 'deny';
}

/** Every provision of a Consent, the root's level first. */
function byDepth(consent: Json): Chain[][] {
  const levels: Chain[][] = [];
  let level: Chain[] = [[rootOf(consent)]];
  while (level.length > 0) {
    levels.push(level);
    if (levels.length > DEEPEST + 1) break;
    level = level.flatMap((chain) =>
      items(chain.at(-1)!.provision).map((nested) => [...chain, object(nested)]),
    );
  }
  return levels;
}

function rootOf(consent: Json): Json {
  if (consent.provision !== undefined || isRefusal(consent)) return object(consent.provision);
  const [policy, ...others] = policiesOf(consent);
  return (others.length === 0 && POLICIES[policy ?? '']) || {};
}

const ordinary = { securityLabel: [{ system: `${HL7}/v3-Confidentiality`, code: 'N' }] };
const purpose = (...codes: string[]) => ({
  purpose: codes.map((code) => ({ system: `${HL7}/v3-ActReason`, code })),
});

/** What the policies of IHE PCF say without a provision. */
const POLICIES: Record<string, Json> = {
  [`${PCF}Policy-basic-normal`]: { type: 'permit', ...ordinary, ...purpose('TREAT', 'HPAYMT', 'HOPERAT') },
  [`${PCF}Policy-all-normal`]: { type: 'permit', ...ordinary },
  [`${PCF}Policy-break-glass-only`]: { type: 'permit', ...purpose('BTG') },
};

function isRefusal(consent: Json): boolean {
  const optsOut = items(object(consent.policyRule).coding).some((coding) =>
    textOf(object(coding).code).startsWith('OPTOUT'),
  );
  return optsOut || policiesOf(consent).includes(`${PCF}Policy-deny`);
}

export function saysNothingOnReading(consent: Json): boolean {
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
    !mayMeanOtherwise(consent)
  );
}
