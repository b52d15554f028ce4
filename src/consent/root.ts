/**
 * What a Consent says before any provision: whether it speaks of reading, whether all of it is understood, and what it
 * is without a provision of its own. https://hl7.org/fhir/R4/consent.html
 */
import { items } from '../fhir/items.ts';
import type { Coding, Json, Resource } from '../fhir/resource.ts';
import { ACT_REASON, CONFIDENTIALITY, MODIFIERS, PCF, TERMINOLOGY } from './vocabulary.ts';

export interface Root {
  provision: Json;
  /** As far as it is told, `permit`, `deny` or what isn't understood. */
  type: unknown;
  /** Nothing of the Consent itself keeps a permit from counting. */
  plain: boolean;
}

const OTHER_SCOPES = new Set(['adr', 'treatment', 'research']);

/** `other`: it is about something else than reading; `silent`: neither a provision nor a policy says anything. */
export function rootOf(consent: Resource): Root | 'other' | 'silent' {
  if (isOtherwise(consent)) return 'other';
  const policies = policiesOf(consent);
  const out = optedOut(consent) || policies.includes(`${PCF}Policy-deny`) ? 'deny' : undefined;
  const provision = consent.provision ?? (out === undefined ? impliedBy(policies) : {});
  if (provision === undefined) return 'silent';
  const plain = isAboutPrivacy(consent) && MODIFIERS.every((name) => consent[name] === undefined);
  return { provision: provision as Json, type: (provision as Json).type ?? out, plain };
}

/** About an advance directive, a treatment or research alone. */
export function isOtherwise(consent: Resource): boolean {
  const scopes = scopesOf(consent);
  return scopes.length > 0 && scopes.every((code) => OTHER_SCOPES.has(code));
}

export function isAboutPrivacy(consent: Resource): boolean {
  return scopesOf(consent).includes('patient-privacy');
}

/** The policies that a Consent names, and by which it may say what it is. */
export function policiesOf(consent: Resource): unknown[] {
  return items(consent.policy).flatMap(({ uri }) => uri ?? []);
}

const NORMAL = [{ system: CONFIDENTIALITY, code: 'N' }];
const purposes = (...codes: string[]): Json[] => codes.map((code) => ({ system: ACT_REASON, code }));

/** What a Consent without a provision says by IHE PCF's policies. https://profiles.ihe.net/ITI/PCF/volume-1.html */
const IMPLIED: Record<string, Json> = {
  'Policy-basic-normal': {
    type: 'permit',
    purpose: purposes('TREAT', 'HPAYMT', 'HOPERAT'),
    securityLabel: NORMAL,
  },
  'Policy-all-normal': { type: 'permit', securityLabel: NORMAL },
  'Policy-break-glass-only': { type: 'permit', purpose: purposes('BTG') },
};

function impliedBy(policies: readonly unknown[]): Json | undefined {
  const [policy] = policies;
  if (policies.length !== 1 || typeof policy !== 'string' || !policy.startsWith(PCF)) return undefined;
  const name = policy.slice(PCF.length);
  return Object.hasOwn(IMPLIED, name) ? IMPLIED[name] : undefined;
}

/** Codes of http://hl7.org/fhir/R4/valueset-consent-scope.html; what isn't one of its own is empty. */
function scopesOf({ scope }: Resource): string[] {
  const codings = (scope as { coding?: Coding[] } | undefined)?.coding ?? [];
  return codings.map(({ system, code }) => (system === `${TERMINOLOGY}consentscope` ? (code ?? '') : ''));
}

/** https://terminology.hl7.org/CodeSystem-v3-ActCode.html: OPTOUT and its kinds. */
function optedOut(consent: Resource): boolean {
  const codes = (consent.policyRule as { coding?: Coding[] } | undefined)?.coding ?? [];
  return codes.some(({ code }) => code?.startsWith('OPTOUT') === true);
}
