/** Whether who is calling may still come in, beside what their token says. */
import type { Subject } from '../consent/subject.ts';
import type { Ahead } from './grants.ts';

export interface Standing {
  /**
   * No account of any of these persons is suspended here.
   * @param ahead may be read with it, where the caller's scopes reach that type
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

/** Whether the scopes reach what is asked for ahead: else not even how long it takes may tell of it. */
export function reaches({ scopes }: Subject, { rid }: Ahead): boolean {
  const type = rid.slice(0, rid.indexOf('/'));
  return scopes.some(
    (scope) => (scope.type === '*' || scope.type === type) && scope.interactions.includes('r'),
  );
}
