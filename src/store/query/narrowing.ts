/** Which patient a search is about, so that the patient's part of the indexes serves it. */
import type { Query } from './query.ts';
import { DIRECTORY } from '../../fhir/subjects.ts';
import { definitionsOf } from '../../search/definitions.ts';
import type { Filter } from '../../search/filter.ts';
import type { Terms } from '../terms.ts';

/** The parameters that name whose data it is, for every type that has them. */
const SUBJECT = new Set(['patient', 'subject']);
const PATIENT = 'Patient/';

/** The patients named by every way of matching; undefined when a match could be anybody's. */
export function namedPatients(filter: Filter, types: readonly string[]): string[] | undefined {
  switch (filter.op) {
    case 'and': {
      const only = filter.of.find((part) => part.op === 'type');
      const within = only === undefined ? types : [only.type];
      const named = filter.of.map((part) => namedPatients(part, within)).filter((each) => each !== undefined);
      // not those in all of them: a resource may be several patients'
      return named.sort((a, b) => a.length - b.length)[0];
    }
    case 'or': {
      const named = filter.of.map((part) => namedPatients(part, types));
      return named.length === 0 || named.some((each) => each === undefined)
        ? undefined
        : [...new Set(named.flatMap((each) => each!))];
    }
    case 'reference':
      return filter.targets.length > 0 && filter.targets.every((target) => target.startsWith(PATIENT))
        ? filter.targets.map((target) => target.slice(PATIENT.length))
        : undefined;
    case 'id':
      return types.length === 1 && types[0] === 'Patient' ? filter.ids : undefined;
    default:
      return undefined;
  }
}

/** Every patient that a search asks about, wherever in it: for its traces. */
export function patientsIn(filter: Filter, types: readonly string[]): string[] {
  switch (filter.op) {
    case 'and':
    case 'or':
      return filter.of.flatMap((part) => patientsIn(part, types));
    case 'not':
      return patientsIn(filter.of, types);
    case 'reference':
      return filter.targets
        .filter((target) => target.startsWith(PATIENT))
        .map((target) => target.slice(PATIENT.length));
    case 'id':
      return types.includes('Patient') ? filter.ids : [];
    default:
      return [];
  }
}

/** No resource of the type is a patient's. */
export function isNobodys(type: string): boolean {
  return DIRECTORY.has(type) && !definitionsOf(type).has('patient');
}

/** Marks, among `ids`, a resource that mentions a patient whose data it isn't: only compartments look for it. */
export function mentionTerm(patient: string): string {
  return `mention=${patient}`;
}

/** `shared`: one of these patients shares a resource with another, or is mentioned in another's. */
export function narrow(patients: readonly string[], shared: boolean, terms: Terms): Query {
  const own = patients.length === 1 ? { patient: patients[0] } : { patient: { $in: [...patients] } };
  if (!shared) return own;
  return {
    $or: [
      own,
      { others: { $in: [...patients] } },
      { ids: { $in: patients.map((patient) => terms.of(mentionTerm(patient))) } },
    ],
  };
}

/** The filter without the parts that hold for each resource that is this patient's and nobody else's. */
export function withoutImplied(filter: Filter, patient: string): Filter {
  if (filter.op !== 'and') return implied(filter, patient) ? { op: 'and', of: [] } : filter;
  return { op: 'and', of: filter.of.filter((part) => !implied(part, patient)) };
}

function implied(part: Filter, patient: string): boolean {
  if (part.op === 'or') return part.of.some((each) => implied(each, patient));
  return part.op === 'reference' && SUBJECT.has(part.param) && part.targets.includes(`${PATIENT}${patient}`);
}
