/** Line 7 of `conformance/consent-rules.md`: emergencies. */
import { type Reading, verdictsOfAll, weigh } from './reference-consents.ts';
import { namesOneOf, speaksOf } from './reference-elements.ts';
import { carries, isInMatrix } from './reference-rules.ts';
import { isProfessional, type Situation } from './reference-words.ts';

const HOUR = 60 * 60 * 1000;
const SHORTEST_REASON = 10;

type Mode = 'BTG' | 'ETREAT';

export function isOpenInEmergency(situation: Situation): boolean {
  const mode = modeOf(situation);
  if (mode === undefined) return false;
  const { emergency, labels } = situation.rules;
  const speaking: Reading = (chain, effect) => speaksOf(mode, chain, effect, situation);
  const speakingOfMasks: Reading = (chain, effect) =>
    speaking(chain, effect, situation) && chain.some((each) => namesOneOf(labels.masked, each, effect));
  const isOpen = (weigh(verdictsOfAll(situation, speaking)) ?? emergency[mode].default) === 'permit';
  const isMasked = carries(situation.resource, labels.masked);
  const isUnmasked = (weigh(verdictsOfAll(situation, speakingOfMasks)) ?? emergency.masked) === 'permit';
  const isLimited = mode === 'BTG' && emergency.BTG.matrix;
  return isOpen && (!isMasked || isUnmasked) && (!isLimited || isInMatrix(situation));
}

function modeOf({ said, caller, rules, now }: Situation): Mode | undefined {
  if (!isProfessional(caller)) return undefined;
  if (caller.purposes.includes('ETREAT') && caller.regulator) return 'ETREAT';
  if (!caller.purposes.includes('BTG') || caller.emergency === undefined) return undefined;
  const { patient, reason, since } = caller.emergency;
  const lasted = now.getTime() - new Date(since).getTime();
  const holds = lasted >= 0 && lasted < rules.emergency.BTG.hours * HOUR;
  return holds && patient === `Patient/${said.id}` && seen(reason).trim().length >= SHORTEST_REASON
    ? 'BTG'
    : undefined;
}

function seen(text: string): string {
  return text.replaceAll(/[\p{DI}\p{Cc}\p{Mark}\u{2800}]/gu, '');
}
