/**
 * What a provision says of what is done and what for. https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision.action,
 * https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision.purpose
 */
import { codingsOf } from './coding.ts';
import { ACT_REASON, TERMINOLOGY } from './vocabulary.ts';

/** https://hl7.org/fhir/R4/valueset-consent-action.html: those that reading is. */
const READING = new Set(['access', 'use', 'disclose']);
const NOT_READING = new Set(['collect', 'correct']);

/** `no`: it isn't about reading. */
export function actionOf(value: unknown): 'yes' | 'no' | 'unclear' {
  if (value === undefined) return 'yes';
  const concepts = Array.isArray(value) ? value.map(codingsOf) : [];
  if (concepts.length === 0 || concepts.includes(undefined)) return 'unclear';
  const codes = concepts.flatMap((codings) => codings ?? []);
  const known = codes.map(({ system, code }) => (system === `${TERMINOLOGY}consentaction` ? code : ''));
  if (known.some((code) => READING.has(code))) return 'yes';
  return known.every((code) => NOT_READING.has(code)) ? 'no' : 'unclear';
}

export function purposesOf(value: unknown): readonly string[] | undefined | 'unclear' {
  if (value === undefined) return undefined;
  const codings = codingsOf({ coding: value });
  const clear = codings?.every(({ system }) => system === ACT_REASON);
  return clear === true ? codings!.map(({ code }) => code) : 'unclear';
}
