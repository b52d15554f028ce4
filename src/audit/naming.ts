/**
 * Which search parameters can name nobody: several values of theirs are told as sent, where of others any one might be a
 * second patient's id, name or number. docs/audit.md
 */
import { definitionsOf } from '../search/definitions.ts';

/** What shapes an answer, or says which of one's types. */
const SHAPE: ReadonlySet<string> = new Set([
  '_elements',
  '_include',
  '_lastUpdated',
  '_revinclude',
  '_sort',
  '_summary',
  '_type',
]);
/** Their traits are a person's. */
const PEOPLE: ReadonlySet<string> = new Set(['Patient', 'Person', 'Practitioner', 'RelatedPerson']);
const PLAIN: ReadonlySet<string> = new Set(['date', 'number', 'quantity']);
/** Of tokens: numbers, addresses, and what is known by one. */
const IDENTIFYING = /ident|telecom|phone|mail|udi|uid|number/i;

export function namesNobody(type: string | undefined, name: string): boolean {
  const [plain = ''] = name.split(':', 1);
  if (SHAPE.has(plain)) return true;
  if (type === undefined || PEOPLE.has(type)) return false;
  // a chain ends at another type, and isn't found here; nor is `_has`
  const definition = definitionsOf(type).get(plain);
  if (definition === undefined) return false;
  if (PLAIN.has(definition.type)) return true;
  return definition.type === 'token' && !IDENTIFYING.test(`${plain} ${definition.expression}`);
}
