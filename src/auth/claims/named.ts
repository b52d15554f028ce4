/** Whether two logins are of one person, by how both providers name them. Pure. */
import { spelled } from '../../fhir/identity.ts';

/**
 * @param name given name and family name, as an account has them
 * @param claims of either provider: any of the given names with the name at birth or the name in use
 */
export function isNamed(name: string | undefined, claims: Record<string, unknown>): boolean {
  if (name === undefined) return false;
  const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 200) : '');
  const given = text(claims.given_name);
  const givens = [given, ...given.split(/\s+/)].filter((each) => each !== '');
  const families = [text(claims.family_name), text(claims.preferred_username)].filter((each) => each !== '');
  return families.some((family) => givens.some((each) => spelled(`${each} ${family}`) === spelled(name)));
}
