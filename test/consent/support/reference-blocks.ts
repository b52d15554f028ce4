/** Line 4 of `conformance/consent-rules.md`: Blocks, and what they leave void. */
import { named } from './reference-actors.ts';
import { perhapsContains, rangeOfPeriod } from './reference-dates.ts';
import { type Json, object, policiesOf, type Situation, textOf } from './reference-words.ts';

const BLOCK = 'https://carnet.example/fhir/policy/block';

/** In force as far as its status goes. */
export function isBlock(consent: Json): boolean {
  return consent.status === 'active' && policiesOf(consent).includes(BLOCK);
}

/** Whom the actors of its root name, read as a deny's; nobody read is everybody. */
export function isBlocked(situation: Situation): boolean {
  return situation.said.consents
    .filter(isBlock)
    .some(
      (consent) =>
        perhapsContains(object(consent.provision).period, situation.now) && names(consent, situation),
    );
}

/** A permit that names the caller is older than the end of a Block that named them. */
export function isVoid(permit: Json, situation: Situation): boolean {
  return situation.said.consents.some(
    (consent) =>
      policiesOf(consent).includes(BLOCK) &&
      names(consent, situation) &&
      writtenAt(permit) < endOf(consent, situation.now.getTime()),
  );
}

function endOf(block: Json, now: number): number {
  const time = rangeOfPeriod(object(block.provision).period) ?? { from: -Infinity, until: Infinity };
  if (time.from > now) return -Infinity;
  if (block.status === 'inactive') return writtenAt(block);
  return block.status === 'active' ? Math.min(time.until, now) : -Infinity;
}

function names(block: Json, situation: Situation): boolean {
  const { actor } = object(block.provision);
  return named([{ actor }], 'deny', situation) !== undefined;
}

function writtenAt(consent: Json): number {
  return Date.parse(textOf(object(consent.meta).lastUpdated));
}
