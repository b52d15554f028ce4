/** https://hl7.org/fhir/R4/search.html#include */
import { checkServed, parameterOf } from './criterion.ts';
import { isResourceType } from './definitions.ts';
import type { Include } from './filter.ts';
import { checkTarget } from './parameters/reference.ts';
import { refuse, shown } from './value.ts';

/** `*`, `Type:*`, `Type:parameter` or `Type:parameter:Target`; of `_revinclude` when `reverse`. */
export function parseInclude(
  value: string,
  types: readonly string[],
  {
    reverse,
    iterate,
    enabledTypes,
  }: { reverse: boolean; iterate: boolean; enabledTypes: ReadonlySet<string> },
): Include {
  const name = reverse ? '_revinclude' : '_include';
  if (value === '*') return { type: '*', param: '*', iterate };
  const [type = '', param = '', target, more] = value.split(':', 4);
  if (!isResourceType(type) || param === '' || target === '' || more !== undefined) {
    return refuse(
      `${shown(value)} is no ${shown(name)}: allowed are Type:parameter, Type:parameter:Target, Type:* and *`,
    );
  }
  checkServed(type, enabledTypes);
  if (!reverse && !iterate && !types.includes(type)) {
    return refuse(`${shown(name)} of \`${type}\`, which isn't searched, needs ${shown(`${name}:iterate`)}`);
  }
  if (param === '*') {
    return target === undefined ? { type, param, iterate } : refuse(`${shown(value)}: \`*\` takes no target`);
  }
  const parameter = parameterOf(param, type);
  if (parameter.type !== 'reference') return refuse(`${shown(param)} of \`${type}\` is no reference`);
  if (target === undefined) return { type, param, iterate };
  if (!isResourceType(target)) return refuse(`${shown(target)} is no resource type`);
  checkTarget(parameter, target);
  checkServed(target, enabledTypes);
  return { type, param, target, iterate };
}
