/**
 * Which app a patient lets add which data: a provision of a Consent that permits to `collect`. Read as strictly as it
 * is made: what isn't understood permits nothing. Pure.
 */
import { items } from '../fhir/items.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { actorsOf, type Named, levelIn } from './actors.ts';
import type { Caller } from './caller.ts';
import { codingsOf } from './coding.ts';
import { type Span, spanOf } from './period.ts';
import type { Policy } from './policy.ts';
import { isAboutPrivacy, policiesOf } from './root.ts';
import { said } from './statements.ts';
import { MODIFIERS, POLICY, RESOURCE_TYPES, TERMINOLOGY } from './vocabulary.ts';

export interface Adding extends Span {
  /** `Device/x` */
  apps: readonly string[];
  types: readonly string[] | 'all';
  /** `Consent/x/_history/v` */
  because: string;
}

const OUTER = new Set(['id', 'period', 'actor', 'provision']);
const INNER = new Set(['id', 'type', 'action', 'class']);

/** Of what people say of themselves: nothing that a professional orders, reports or attests. */
export const ADDABLE: ReadonlySet<string> = new Set([
  'AllergyIntolerance',
  'Binary',
  'Condition',
  'DocumentReference',
  'FamilyMemberHistory',
  'Goal',
  'Immunization',
  'Media',
  'MedicationStatement',
  'Observation',
  'Procedure',
  'QuestionnaireResponse',
]);

export function addingIn(consent: Resource): Adding[] {
  const outer = (consent.provision ?? {}) as Json;
  const policies = policiesOf(consent);
  const isPlain =
    consent.status === 'active' &&
    isAboutPrivacy(consent) &&
    MODIFIERS.every((name) => consent[name] === undefined) &&
    !Object.values(POLICY).some((policy) => policies.includes(policy)) &&
    Object.keys(outer).every((name) => OUTER.has(name));
  const span = spanOf(outer.period);
  const { persons, unclear } = actorsOf(outer.actor, []);
  const apps = persons.filter((name) => name.startsWith('Device/'));
  if (!isPlain || span === undefined || unclear || apps.length === 0) return [];
  const because = `Consent/${consent.id}/_history/${consent.meta?.versionId ?? ''}`;
  return items(outer.provision).flatMap((inner) => {
    const types = collects(inner) ? typesOf(inner.class) : undefined;
    return types === undefined ? [] : [{ apps, types, ...span, because }];
  });
}

function collects(inner: Json): boolean {
  const codings = items(inner.action).flatMap((each) => codingsOf(each) ?? []);
  return (
    inner.type === 'permit' &&
    Object.keys(inner).every((name) => INNER.has(name)) &&
    codings.length === 1 &&
    codings[0]!.system === `${TERMINOLOGY}consentaction` &&
    codings[0]!.code === 'collect'
  );
}

function typesOf(classes: unknown): string[] | 'all' | undefined {
  if (classes === undefined) return 'all';
  const codings = codingsOf({ coding: classes });
  const isClear = codings !== undefined && codings.every(({ system }) => system === RESOURCE_TYPES);
  return isClear ? codings.map(({ code }) => code) : undefined;
}

/** By which Consents the patient, who has not blocked it, lets this app add such data now; none: they don't. */
export function addingBy(
  policy: Policy,
  caller: Caller,
  type: string,
  named: Named,
  now: number,
): readonly string[] {
  const isBlocked = policy.blocks.some(
    ({ stands, actors, from, until }) =>
      stands &&
      from <= now &&
      now < until &&
      levelIn(actors, 'deny', caller, named, policy.patient, now) !== undefined,
  );
  if (!policy.open || isBlocked || !ADDABLE.has(type)) return [];
  const adds = inForce(policy, caller, now).filter(({ types }) => types === 'all' || types.includes(type));
  return [...new Set(adds.map(({ because }) => because))];
}

/** Something that the patient says lets the app in now. */
function isConnected(policy: Policy, caller: Caller, named: Named, now: number): boolean {
  if (inForce(policy, caller, now).length > 0) return true;
  return [...said(policy, caller, 'usual', named, now).values()]
    .flat()
    .some(({ effect }) => effect === 'permit');
}

/** An app that nothing lets in: no line is asked, what it deposited neither. */
export function isShutOut(policy: Policy, caller: Caller, named: Named, now: number): boolean {
  return caller.role === 'app' && !isConnected(policy, caller, named, now);
}

function inForce({ adds }: Policy, { persons }: Caller, now: number): readonly Adding[] {
  return adds.filter(
    ({ apps, from, until }) => from <= now && now < until && apps.some((name) => persons.includes(name)),
  );
}
