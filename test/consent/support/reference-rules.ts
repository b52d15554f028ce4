/** A country's rules as `conformance/consent-rules.md` speaks of them, and what it says of labels and of the matrix. */
import { monthsBefore } from './reference-dates.ts';
import { kindsOf, labelsOf, typesOf } from './reference-facts.ts';
import type { Coding, Effect, Json, Situation } from './reference-words.ts';

export interface ReferenceRules {
  excluded: readonly string[];
  default: Effect;
  majority: number;
  professions: readonly string[];
  labels: {
    masked: readonly string[];
    hiddenFromPatient: readonly string[];
    hiddenFromRepresentatives: readonly string[];
  };
  announcement: { show: { months?: number; days?: number } };
  emergency: {
    BTG: { default: Effect; matrix: boolean; hours: number };
    ETREAT: { default: Effect };
    masked: Effect;
  };
  trusted: readonly string[];
  sharing: boolean;
  matrix?: {
    rows: readonly Row[];
    classes: Readonly<Record<string, readonly string[]>>;
  };
}

interface Row {
  profession: string;
  all?: boolean;
  types?: readonly string[];
  documentTypes?: readonly string[];
  documentClasses?: readonly string[];
}

const DAY = 24 * 60 * 60 * 1000;

/** Whether a coding is one of the rules' labels: `system|code`, or `*|code` in any system. */
export function isAmong(labels: readonly string[], { system, code }: Coding): boolean {
  return labels.includes(`${system}|${code}`) || labels.includes(`*|${code}`);
}

export function carries(resource: Json, labels: readonly string[]): boolean {
  return labelsOf(resource).some((label) => isAmong(labels, label));
}

/** Line 5: hidden from the patient, and the announcement isn't over. */
export function isUnannounced({ resource, hiddenSince, rules, now }: Situation): boolean {
  if (!carries(resource, rules.labels.hiddenFromPatient)) return false;
  const { months = 0, days = 0 } = rules.announcement.show;
  const shown = new Date(monthsBefore(now, months).getTime() - days * DAY);
  return hiddenSince === undefined || hiddenSince >= shown;
}

/** Line 11: whether the row of a profession has a resource in it. */
export function isInMatrix({ rules: { matrix }, caller: { profession }, resource }: Situation): boolean {
  if (matrix === undefined) return true;
  const row = matrix.rows.find((each) => each.profession === profession);
  if (row === undefined) return false;
  if (row.all === true || row.types?.includes(String(resource.resourceType)) === true) return true;
  if (resource.resourceType !== 'DocumentReference') return false;
  const types = typesOf(resource).map(named);
  const classes = [
    ...kindsOf(resource).map(named),
    ...Object.keys(matrix.classes).filter((each) =>
      types.some((type) => matrix.classes[each]!.includes(type)),
    ),
  ];
  return (
    types.some((type) => row.documentTypes?.includes(type)) ||
    classes.some((each) => row.documentClasses?.includes(each))
  );
}

function named({ system, code }: Coding): string {
  return `${system}|${code}`;
}
