/**
 * A closed language of conditions over what the gate knows of a resource. It is read twice: here for one resource,
 * and by the store for a query. What can't be said in it is refused, never widened.
 */

/** What the gate may look at: never the content of a resource. */
export interface Attributes {
  type: string;
  id: string;
  /** Logical ids of the patients whose data it is; `?` stands for one that isn't known here, who never permits. */
  patients: readonly string[];
  /** Who deposited it: `Organization/x`, `Practitioner/x`, `Patient/x`. */
  by: string;
  /** Security labels, `system|code` and `*|code`: those of `meta.security` and of the type's own element together. */
  labels: readonly string[];
  /** Since when it has been hidden from the patient by a label, without a break; milliseconds UTC. */
  hidden?: number;
  /** What it is: `code=system|code`, `class=…`, `kind=…`, `coded=…`, and `profile=` canonical: see fhir/facts.ts. */
  codes: readonly string[];
  /** When it happened, milliseconds UTC, from <= t < until; undefined when nothing says. */
  from?: number;
  until?: number;
  /** Local references in it, `Type/id`. */
  about: readonly string[];
  /** Those of them who made it. */
  authors: readonly string[];
}

export type Condition =
  | { is: 'all' }
  | { is: 'none' }
  | { is: 'and' | 'or'; of: readonly Condition[] }
  | { is: 'not'; of: Condition }
  /** the resource's type is among these */
  | { is: 'type'; among: readonly string[] }
  /** deposited by one of these */
  | { is: 'by'; among: readonly string[] }
  /** it is somebody's data, and that of nobody but these patients */
  | { is: 'patients'; among: readonly string[] }
  /** it is nobody's data */
  | { is: 'impersonal' }
  /** it is the data of one of these patients, perhaps of others too */
  | { is: 'concerns'; among: readonly string[] }
  /** has been hidden from the patient since before then */
  | { is: 'hiddenBefore'; at: number }
  /** carries one of these labels */
  | { is: 'label'; among: readonly string[] }
  /** is one of these: see `codes` */
  | { is: 'code'; among: readonly string[] }
  /** something says when it happened, and that lies wholly in this time */
  | { is: 'within'; from: number; until: number }
  /** nothing says when it happened, or it touches this time */
  | { is: 'touches'; from: number; until: number }
  /** is one of these `Type/id` */
  | { is: 'instance'; among: readonly string[] }
  /** refers to one of these */
  | { is: 'about'; among: readonly string[] }
  /** was made by one of these */
  | { is: 'author'; among: readonly string[] };

export const ALL: Condition = { is: 'all' };
export const NONE: Condition = { is: 'none' };

export function and(...of: Condition[]): Condition {
  const kept = flat('and', of).filter((each) => each.is !== 'all');
  if (kept.some((each) => each.is === 'none')) return NONE;
  return kept.length === 0 ? ALL : kept.length === 1 ? kept[0]! : { is: 'and', of: kept };
}

export function or(...of: Condition[]): Condition {
  const kept = flat('or', of).filter((each) => each.is !== 'none');
  if (kept.some((each) => each.is === 'all')) return ALL;
  const merged = kept.length > 1 ? together(kept) : kept;
  return merged.length === 0 ? NONE : merged.length === 1 ? merged[0]! : { is: 'or', of: merged };
}

/** Of these kinds, one among a list or one among another is one among both. Not so of `patients`: all must be. */
type Listing = Extract<Condition, { among: readonly string[] }>;
const LISTING = new Set<Condition['is']>([
  'type',
  'by',
  'concerns',
  'label',
  'code',
  'instance',
  'about',
  'author',
]);

/** So that many statements of one kind make one short condition. */
function together(of: readonly Condition[]): Condition[] {
  const lists = new Map<Condition['is'], Set<string>>();
  const rest: Condition[] = [];
  for (const each of of) {
    if (!LISTING.has(each.is)) {
      rest.push(each);
      continue;
    }
    const list = lists.get(each.is) ?? new Set();
    lists.set(each.is, list);
    for (const name of (each as Listing).among) list.add(name);
  }
  return [...[...lists].map(([is, among]) => ({ is, among: [...among] }) as Listing), ...distinct(rest)];
}

function distinct(of: readonly Condition[]): readonly Condition[] {
  return of.length < 2 ? of : [...new Map(of.map((each) => [JSON.stringify(each), each])).values()];
}

function flat(is: 'and' | 'or', of: readonly Condition[]): readonly Condition[] {
  return of.some((each) => each.is === is) ? of.flatMap((each) => (each.is === is ? each.of : [each])) : of;
}

export function matches(condition: Condition, facts: Attributes): boolean {
  switch (condition.is) {
    case 'all':
      return true;
    case 'none':
      return false;
    case 'and':
      return condition.of.every((each) => matches(each, facts));
    case 'or':
      return condition.of.some((each) => matches(each, facts));
    case 'not':
      return !matches(condition.of, facts);
    case 'type':
      return condition.among.includes(facts.type);
    case 'by':
      return condition.among.includes(facts.by);
    case 'patients':
      return (
        facts.patients.length > 0 &&
        facts.patients.every((patient) => patient !== '' && condition.among.includes(patient))
      );
    case 'impersonal':
      return facts.patients.length === 0;
    case 'concerns':
      return facts.patients.some((patient) => patient !== '' && condition.among.includes(patient));
    case 'hiddenBefore':
      return facts.hidden !== undefined && facts.hidden < condition.at;
    case 'label':
      return facts.labels.some((label) => condition.among.includes(label));
    case 'code':
      return facts.codes.some((code) => condition.among.includes(code));
    case 'within':
      return facts.from !== undefined && facts.from >= condition.from && facts.until! <= condition.until;
    case 'touches':
      return facts.from === undefined || (facts.from < condition.until && facts.until! > condition.from);
    case 'instance':
      return condition.among.includes(`${facts.type}/${facts.id}`);
    case 'about':
      return facts.about.some((reference) => condition.among.includes(reference));
    case 'author':
      return facts.authors.some((reference) => condition.among.includes(reference));
  }
}

export function not(of: Condition): Condition {
  return of.is === 'all' ? NONE : of.is === 'none' ? ALL : of.is === 'not' ? of.of : { is: 'not', of };
}

export interface Assumption {
  /** every resource asked for is of one of these types */
  types: readonly string[];
  /** every resource asked for is this patient's and nobody else's */
  patient?: string;
}

/** The condition, made smaller by what is known of all the resources that it will be asked of. */
export function assume(condition: Condition, known: Assumption): Condition {
  switch (condition.is) {
    case 'and':
      return and(...condition.of.map((each) => assume(each, known)));
    case 'or':
      return or(...condition.of.map((each) => assume(each, known)));
    case 'not':
      return not(assume(condition.of, known));
    case 'type': {
      const among = known.types.filter((type) => condition.among.includes(type));
      return among.length === 0 ? NONE : among.length === known.types.length ? ALL : { is: 'type', among };
    }
    case 'patients':
      if (known.patient === undefined) return condition;
      return condition.among.includes(known.patient) ? ALL : NONE;
    case 'concerns':
      if (known.patient === undefined) return condition;
      return condition.among.includes(known.patient) ? ALL : NONE;
    case 'impersonal':
      return known.patient === undefined ? condition : NONE;
    default:
      return condition;
  }
}

/** It hangs on nothing that is each resource's own: its id, and when it happened. */
export function isTimeless(condition: Condition): boolean {
  switch (condition.is) {
    case 'and':
    case 'or':
      return condition.of.every(isTimeless);
    case 'not':
      return isTimeless(condition.of);
    case 'within':
    case 'touches':
    case 'instance':
      return false;
    default:
      return true;
  }
}

/** The same condition with labels and codes as the store keeps them. */
export function keyed(condition: Condition, key: (term: string) => string): Condition {
  switch (condition.is) {
    case 'and':
    case 'or':
      return { is: condition.is, of: condition.of.map((each) => keyed(each, key)) };
    case 'not':
      return { is: 'not', of: keyed(condition.of, key) };
    case 'label':
      return { is: 'label', among: condition.among.map((label) => key(`label=${label}`)) };
    case 'code':
      return { is: 'code', among: condition.among.map(key) };
    default:
      return condition;
  }
}
