/** Who may read which kind of document by their profession: the rules' matrix as a condition. */
import { ALL, type Condition, NONE, and, or } from '../condition/condition.ts';
import { type Caller, isProfessional } from './caller.ts';
import type { MatrixRow, Rules } from './rules.ts';

const known = new WeakMap<Rules, Map<string, Condition>>();

/** No row, no profession: nothing. Who is no professional is not in the matrix. */
export function matrixFor(caller: Caller, rules: Rules): Condition {
  if (rules.matrix === undefined || !isProfessional(caller)) return ALL;
  let conditions = known.get(rules);
  if (conditions === undefined) known.set(rules, (conditions = compileMatrix(rules)));
  return conditions.get(caller.profession ?? '') ?? NONE;
}

function compileMatrix({ matrix }: Rules): Map<string, Condition> {
  const classes = matrix?.classes ?? {};
  return new Map(matrix?.rows.map((row) => [row.profession, conditionOf(row, classes)]));
}

function conditionOf(row: MatrixRow, classes: Readonly<Record<string, readonly string[]>>): Condition {
  if (row.all === true) return ALL;
  const { types = [], documentTypes = [], documentClasses = [] } = row;
  const kinds = [...documentTypes, ...documentClasses.flatMap((each) => classes[each] ?? [])];
  const documents = [
    ...kinds.map((kind) => `kind=${kind}`),
    ...documentClasses.map((each) => `class=${each}`),
  ];
  return or(
    types.length === 0 ? NONE : { is: 'type', among: types },
    documents.length === 0
      ? NONE
      : and({ is: 'type', among: ['DocumentReference'] }, { is: 'code', among: [...new Set(documents)] }),
  );
}
