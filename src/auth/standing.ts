/** Whether who is calling may still come in, beside what their token says. */
import type { Subject } from '../consent/subject.ts';
import type { Ahead } from './grants.ts';

export interface Standing {
  /**
   * No account of any of these persons is suspended here.
   * @param ahead may be read with it
   */
  areOpen(references: readonly string[], ahead?: Ahead): Promise<boolean>;
  /** Each of these lives goes on, see grants.ts. */
  goOn(lives: readonly string[]): Promise<boolean>;
}

const PERSON = /^(Patient|Practitioner|RelatedPerson)\//;

/** Who is calling, or on whose behalf, as accounts know them; none where that is no person. */
export function personsIn({ reference, related, connectedBy }: Subject): string[] {
  return [reference, ...related, ...(connectedBy === undefined ? [] : [connectedBy.reference])].filter(
    (each) => PERSON.test(each),
  );
}

/**
 * What may be read with a caller's token. Undefined: nothing. Of what the scopes don't reach not even how long it takes may
 * tell; and an app has no other patient than the one in context.
 */
export function readWith(
  { scopes, role, patient }: Pick<Subject, 'scopes' | 'role' | 'patient'>,
  ahead: Ahead | undefined,
): Ahead | undefined {
  if (ahead === undefined) return undefined;
  const { type, letter } = ahead;
  const isReached = scopes.some(
    (scope) => (scope.type === '*' || scope.type === type) && scope.interactions.includes(letter),
  );
  if (!isReached) return undefined;
  if (ahead.letter === 'r') return ahead;
  if (role === 'app') ahead.patient ??= patient;
  return ahead.patient === undefined ? undefined : ahead;
}
