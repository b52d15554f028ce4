/** Whether a caller is given no traces but their own: then nothing has to be judged. */
import type { Condition } from '../../condition/condition.ts';
import { TRACER } from '../../enforcement/own-traces.ts';

/** Whose traces alone the caller is given, made by them or deposited: the index finds both. */
export function givenOf(condition: Condition): readonly string[] | undefined {
  switch (condition.is) {
    case 'author':
      return condition.among;
    case 'by':
      return condition.among.includes(TRACER) ? undefined : condition.among;
    case 'and':
      return condition.of.map(givenOf).find((each) => each !== undefined);
    case 'or': {
      const each = condition.of.map(givenOf);
      return each.includes(undefined) ? undefined : [...new Set(each.flatMap((names) => names!))];
    }
    default:
      return undefined;
  }
}
