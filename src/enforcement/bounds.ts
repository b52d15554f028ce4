/** How far a caller's searches may reach: by the scopes of the token, and by how many patients can be asked at once. */
import { type Condition, ALL, and, keyed, not, or } from '../condition/condition.ts';
import { NOT_CONTENT } from './app-content.ts';
import { type Caller, isProfessional } from '../consent/caller.ts';
import type { Subject } from '../consent/subject.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { PolicySource } from './ports.ts';

/** Patients that a search without a patient may span, and those up to which one query says it all. */
const GRANTORS = 10_000;
export const SPREAD = 200;
/** Characters of a condition that a query may hold. */
export const LONGEST = 40_000;
/** Closed spaces that such a search leaves out. */
export const CLOSED = 1000;

/** The patients who may give the caller more than their own deposits. */
export async function candidatesOf(source: PolicySource, caller: Caller): Promise<string[]> {
  const { rules } = source;
  const everybody =
    isProfessional(caller) &&
    (rules.default === 'permit' || (caller.regulator && caller.purposes.includes('ETREAT')));
  if (everybody) throw unnamed();
  const names = [...caller.persons, ...caller.groups, ...(isProfessional(caller) ? ['*'] : [])];
  const found = await source.grantors(names, GRANTORS);
  if (found.length > GRANTORS) throw unnamed();
  const self = caller.role === 'patient' ? [idIn(caller.persons[0]!)] : [];
  const broken = caller.emergencies.map(({ patient }) => idIn(patient));
  return [...new Set([...self, ...broken, ...found])];
}

/** Whose reach hangs on what patients have stated. */
export function isAsked({ role }: Subject, { rules }: PolicySource): boolean {
  return role !== 'all' && !rules.excluded.includes(role);
}

export function sizeOf(condition: Condition): number {
  if (condition.is === 'and' || condition.is === 'or') {
    return condition.of.reduce((sum, each) => sum + sizeOf(each), 20);
  }
  if (condition.is === 'not') return sizeOf(condition.of) + 20;
  if (!('among' in condition)) return 50;
  return condition.among.reduce((sum, name) => sum + name.length + 10, 30);
}

export function unnamed(): FhirError {
  return new FhirError('too-costly', 'too many patients to search at once: add the parameter `patient`');
}

/** What is nobody's stands in every context, but what tells of somebody's other work. */
const NOBODYS = and({ is: 'impersonal' }, not({ is: 'type', among: ['AuditEvent'] }));

/** What the token's scopes reach: includes and chains reach no further. */
export function ceiling(
  { scopes, patient, role }: Subject,
  letters: RegExp | undefined,
  { key }: PolicySource,
): Condition {
  const least = role === 'app' ? NOT_CONTENT : ALL;
  if (letters === undefined && patient === undefined) return least;
  const reaching = scopes.filter(({ interactions }) => letters === undefined || letters.test(interactions));
  const inContext: Condition =
    patient === undefined ? ALL : or(NOBODYS, { is: 'patients', among: [patient] });
  return and(
    least,
    or(
      ...reaching.map(({ context, type, where = ALL }) =>
        and(
          type === '*' || letters === undefined ? ALL : { is: 'type', among: [type] },
          letters === undefined ? ALL : keyed(where, key),
          context === 'patient' ? inContext : ALL,
        ),
      ),
    ),
  );
}

export function idIn(reference: string): string {
  return reference.slice(reference.indexOf('/') + 1);
}
