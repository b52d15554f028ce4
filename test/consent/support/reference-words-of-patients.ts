/** "Consents" of `conformance/consent-rules.md`: whose the patient's word is to read. */
import { saysNothingOnReading } from './reference-consents.ts';
import { items, type Json, object, policiesOf, readReference, type Situation } from './reference-words.ts';

const APART = ['block', 'mask-new-documents'].map((name) => `https://carnet.example/fhir/policy/${name}`);

/** It is a Consent, and tells the caller of others, of what is refused or of what is kept. */
export function isOthersWord({ resource, caller }: Situation): boolean {
  if (resource.resourceType !== 'Consent') return false;
  if (policiesOf(resource).some((uri) => APART.includes(uri))) return true;
  if (saysNothingOnReading(resource)) return false;
  const provisions = provisionsOf(resource.provision);
  const named = provisions
    .flatMap(({ actor }) => items(actor))
    .map((entry) => readReference(object(entry).reference));
  const [root] = provisions;
  const isPermit = provisions.every(({ type, data }) => type === 'permit' && data === undefined);
  const isOne = new Set(named).size === 1 && named[0] !== undefined && root?.actor !== undefined;
  return !(isPermit && isOne && [...caller.persons, ...caller.groups].includes(named[0]!));
}

/** The root and all that is nested in it. */
function provisionsOf(value: unknown): Json[] {
  return items(value).flatMap((each) => [object(each), ...provisionsOf(object(each).provision)]);
}
