/**
 * `patient/Observation.rs?category=…|vital-signs`: what the arguments of a scope leave, in the gate's own conditions.
 * What the gate can't tell exactly is refused, never dropped.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters
 */
import { type Condition, and, or } from '../condition/condition.ts';
import { schema } from '../fhir/definitions/index.ts';
import { CODED } from '../fhir/facts.ts';
import { FhirError } from '../fhir/outcome.ts';

type Reader = (type: string, value: string) => Condition;

const MOST = 20;
const TOKEN = /^[^|\s]+\|[^|\s]+$/;
const ADDRESS = /^[a-z][a-z0-9+.-]*:[^\s|]+(\|[^\s|]+)?$/i;

/** The attributes that the gate looks at, see fhir/facts.ts: of each, what says the same as a search parameter. */
const READERS: Record<string, Reader> = {
  category: (type, value) => ofElement(type, 'category', 'class', value),
  class: (type, value) => ofElement(type, 'class', 'category', value),
  code(type, value) {
    if (!CODED.has(type)) throw refused(`\`code\` of \`${type}\``);
    return { is: 'code', among: [`coded=${token(value)}`] };
  },
  type(type, value) {
    if (type !== 'DocumentReference') throw refused(`\`type\` of \`${type}\``);
    return { is: 'code', among: [`kind=${token(value)}`] };
  },
  _profile(_type, value) {
    if (!ADDRESS.test(value)) throw refused(`\`_profile=${value}\``);
    return { is: 'code', among: [`profile=${value}`] };
  },
  _id(type, value) {
    if (!/^[A-Za-z0-9\-.]{1,64}$/.test(value)) throw refused(`\`_id=${value}\``);
    return { is: 'instance', among: [`${type}/${value}`] };
  },
};

/** @throws FhirError when one of them isn't supported */
export function scopeCondition(type: string, text: string): Condition {
  if (type === '*') throw refused('`*` with arguments');
  const pairs = text.split('&');
  if (pairs.length > MOST) throw refused(`more than ${MOST} arguments`);
  return and(
    ...pairs.map((pair) => {
      const mark = pair.indexOf('=');
      const [name, values] = [decoded(pair.slice(0, Math.max(mark, 0))), decoded(pair.slice(mark + 1))];
      const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
      if (mark < 1 || read === undefined) throw refused(`\`${pair.slice(0, 100)}\``);
      const each = values.split(',');
      if (each.length > MOST || each.includes('')) throw refused(`\`${pair.slice(0, 100)}\``);
      return or(...each.map((value) => read(type, value)));
    }),
  );
}

function ofElement(type: string, element: string, other: string, value: string): Condition {
  const elements = schema().definitions[type]?.properties ?? {};
  // codes of both stand under one name: where a type has both, one would let in the other
  if (!Object.hasOwn(elements, element) || Object.hasOwn(elements, other))
    throw refused(`\`${element}\` of \`${type}\``);
  return { is: 'code', among: [`class=${token(value)}`] };
}

function token(value: string): string {
  if (!TOKEN.test(value)) throw refused(`\`${value.slice(0, 100)}\`, which must be \`system|code\``);
  return value;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused(`\`${text.slice(0, 100)}\``);
  }
}

function refused(what: string): FhirError {
  return new FhirError(
    'forbidden',
    `a scope can't have ${what}; allowed: \`category\`, \`class\`, \`code\` of ${[...CODED].join(', ')}, \`type\` of DocumentReference, \`_profile\`, \`_id\``,
    { headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' } },
  );
}
