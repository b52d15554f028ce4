/**
 * Whom alone a Consent lets in, of those who neither are its patient nor speak for them. Whoever reads whom else a
 * patient lets in, or what they refuse, learns that something is hidden. conformance/consent-rules.md, "Consents"
 */
import { items } from '../fhir/items.ts';
import type { Json, Reference, Resource } from '../fhir/resource.ts';
import { isOtherwise, policiesOf } from './root.ts';
import { POLICY } from './vocabulary.ts';

/** Of one that says nothing of reading: to a treatment, a study. */
export const NO_WORD = 'lets=*';

export const letsIn = (name: string): string => `lets=${name}`;

const LITERAL = /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/;
const PERSONAL: readonly unknown[] = [POLICY.block, POLICY.maskNew];

/** As the gate keeps it among the codes of the resource. Empty: it is for the patient's eyes, and for who recorded it. */
export function lettingOf(consent: Resource): string[] {
  if (consent.resourceType !== 'Consent') return [];
  if (policiesOf(consent).some((uri) => PERSONAL.includes(uri))) return [];
  if (isOtherwise(consent)) return [NO_WORD];
  const root = (consent.provision ?? {}) as Json;
  const names = permitted(root);
  const [name, ...others] = new Set(names);
  return name === undefined || others.length > 0 || root.actor === undefined ? [] : [letsIn(name)];
}

/** Whom a provision and those in it name; undefined: they refuse something, name what is kept, or whom can't be told. */
function permitted({ type, actor, data, provision }: Json): string[] | undefined {
  if (type !== 'permit' || data !== undefined) return undefined;
  const named = items(actor).map(({ reference }) => (reference as Reference | undefined)?.reference);
  const nested = items(provision).map(permitted);
  const names = [...named, ...nested.flatMap((each) => each ?? [undefined])];
  return names.every((name) => typeof name === 'string' && LITERAL.test(name))
    ? (names as string[])
    : undefined;
}
