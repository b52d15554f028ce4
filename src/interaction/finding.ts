/** Who may look for people by who they are, and what a query that does so looks like. */
import { type Subject, reaches } from '../consent/subject.ts';
import { isNational } from '../fhir/identity.ts';

const FINDERS: ReadonlySet<Subject['role']> = new Set(['professional', 'system', 'all']);

/** Professionals and registered systems: they deposit about people whose number they know. Not by a token of one patient. */
export const mayLookFor = (subject: Subject): boolean =>
  FINDERS.has(subject.role) && reaches(subject, 'Patient', /[rs]/, [undefined]);

/** Who keeps the register searches and writes it as a whole. */
export const keepsRegister = ({ role, rights }: Subject): boolean =>
  role === 'all' || rights.includes('registration.write');

/** Parameters beside which `identifier` alone finds. */
const SHAPING = new Set(['_count', '_total', '_sort']);

/** `system|value` when the query is for one exact national identifier and nothing else. */
export function nationalNumber(query: readonly (readonly [string, string])[]): string | undefined {
  const [pair, ...rest] = query.filter(([name]) => !SHAPING.has(name));
  if (pair === undefined || rest.length > 0 || pair[0] !== 'identifier') return undefined;
  const [system = '', value = '', ...more] = pair[1].split('|');
  return more.length === 0 && isNational(system) && /^[0-9A-Za-z]{1,30}$/.test(value) ? pair[1] : undefined;
}
