/**
 * What the gate begins with, told by the address before the caller is known. A hint: what the address says in another way is
 * read when the gate asks for it.
 */
import type { Ahead } from '../auth/grants.ts';
import type { Address } from './address.ts';

const ID = '([A-Za-z0-9\\-.]{1,64})';
const TYPE = '([A-Z][A-Za-z]{1,63})';
/** Of what is read by id; traces lie elsewhere. */
const NAMED = new RegExp(`^(?!AuditEvent/)${TYPE}/${ID}$`);
const COMPARTMENT = new RegExp(`^Patient/${ID}/${TYPE}$`);
const SEARCHED = new RegExp(`^${TYPE}$`);
const PATIENT = new RegExp(`(?:^|&)(?:patient|subject)=(?:Patient(?:/|%2[Ff]))?${ID}(?=&|$)`);
const SELF = new RegExp(`(?:^|&)_id=${ID}(?=&|$)`);
const PLAIN = /^(\*\/\*|application\/(fhir\+)?json)$/;

/**
 * Of a GET without a claimed purpose.
 * INVARIANT: a resource only where scopes alone may refuse it before the store is asked: how long another refusal takes would
 * tell whether there is such a thing. The version of a patient is read for each search, whether there is one or not.
 */
export function aheadOf({ path = '', query }: Address, accept = '*/*'): Ahead | undefined {
  const [, named] = NAMED.exec(path) ?? [];
  if (named !== undefined)
    return query === '' && PLAIN.test(accept) ? { type: named, letter: 'r', rid: path } : undefined;
  const [, of, member] = COMPARTMENT.exec(path) ?? [];
  if (member !== undefined) return { type: member, letter: 's', patient: of! };
  const [, type] = SEARCHED.exec(path) ?? [];
  if (type === undefined) return undefined;
  const [, patient] = PATIENT.exec(query) ?? (type === 'Patient' ? SELF.exec(query) : null) ?? [];
  return { type, letter: 's', ...(patient === undefined ? {} : { patient }) };
}
