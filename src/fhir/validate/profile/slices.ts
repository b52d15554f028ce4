/** Which slice an item belongs to: https://hl7.org/fhir/R4/profiling.html#slicing */
import type { Discriminator } from '../../conformance/structure.ts';
import { isFixed, isLike } from './equal.ts';
import { itemsIn, type Item } from './items.ts';
import type { Rule } from './tree.ts';

export interface Judging {
  /** The roots of the profiles that a type must have one of. */
  profiles(rule: Rule): Rule[];
  isBound(item: Item, valueSet: string): boolean;
  conforms(item: Item, rule: Rule): boolean;
}

const BY_URL: readonly Discriminator[] = [{ type: 'value', path: 'url' }];

export function sliceOf(rule: Rule, item: Item, judging: Judging): Rule | undefined {
  const discriminators = rule.slicing?.discriminator ?? (rule.id.endsWith('xtension') ? BY_URL : []);
  if (discriminators.length === 0) return undefined;
  return rule.slices.find((slice) => discriminators.every((each) => fits(slice, item, each, judging)));
}

function fits(slice: Rule, item: Item, { type, path }: Discriminator, judging: Judging): boolean {
  const steps = path === '$this' ? [] : path.split('.');
  const rules = rulesAt([slice], steps, judging);
  // what the slice says nothing about tells nothing
  if (rules.length === 0) return true;
  const items = steps.reduce((found, step) => found.flatMap((each) => follow(each, step)), [item]);
  return rules.some((rule) => {
    switch (type) {
      case 'value':
      case 'pattern':
        return items.some((each) => hasValue(rule, each, judging));
      case 'exists':
        return rule.max === 0 ? items.length === 0 : items.length > 0;
      case 'type':
        return items.some((each) => (rule.types ?? []).some(({ code }) => code === each.type));
      case 'profile':
        return items.some((each) => judging.conforms(each, rule));
    }
  });
}

/** Through the profile of the type, where the slice itself doesn't say more. */
function rulesAt(from: readonly Rule[], steps: readonly string[], judging: Judging): Rule[] {
  return steps.reduce<Rule[]>(
    (rules, step) =>
      rules.flatMap((rule) => {
        const own = childAt(rule, step);
        if (own !== undefined) return [own];
        return judging.profiles(rule).flatMap((root) => childAt(root, step) ?? []);
      }),
    [...from],
  );
}

const childAt = ({ children }: Rule, step: string): Rule | undefined =>
  children.get(step) ?? children.get(`${step}[x]`);

function follow(item: Item, step: string): Item[] {
  const found = itemsIn(item, step);
  return found.length > 0 ? found : itemsIn(item, `${step}[x]`);
}

function hasValue(rule: Rule, item: Item, judging: Judging): boolean {
  if (rule.fixed !== undefined) return isFixed(item.value, rule.fixed);
  if (rule.pattern !== undefined) return isLike(item.value, rule.pattern);
  if (rule.binding?.strength === 'required') return judging.isBound(item, rule.binding.valueSet);
  return [...rule.children].every(([name, child]) =>
    itemsIn(item, name).some((each) => hasValue(child, each, judging)),
  );
}
