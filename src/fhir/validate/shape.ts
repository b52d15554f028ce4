/** What R4's JSON asks of an object beyond JSON schema: https://hl7.org/fhir/R4/json.html#primitive */
import type { Shape } from '../definitions/index.ts';
import type { Json } from '../resource.ts';

export interface ShapeFault {
  fault: 'empty' | 'required' | 'choice' | 'padding';
  name: string;
  /** Index of a padding `null` with nothing beside it. */
  index?: number;
  found?: string[];
}

/** Where an object stands: `/name/0/_given/1` of the whole. */
export interface At {
  rootData: object;
  instancePath: string;
}

export function compileShape(shape: Shape): (value: Json, at: At) => ShapeFault[] {
  const choices = Object.entries(shape.choices ?? {});
  const choiceOf = new Map(
    choices.flatMap(([name, choice]) => choice.of.map((property) => [property, name])),
  );
  const mandatory = choices.filter(([, choice]) => choice.min > 0).map(([name]) => name);

  return (value, at) => {
    const faults: ShapeFault[] = [];
    if (shape.element === true && isEmpty(value) && !isBesideValue(value, at))
      faults.push({ fault: 'empty', name: '' });
    for (const name of shape.required ?? []) {
      if (value[name] === undefined && value[`_${name}`] === undefined)
        faults.push({ fault: 'required', name });
    }
    if (choices.length > 0) checkChoices(value, choiceOf, mandatory, faults);
    for (const name of shape.padded ?? []) checkPadding(value, name, faults);
    return faults;
  };
}

function isEmpty(value: Json): boolean {
  for (const key in value) if (key !== 'id') return false;
  return true;
}

/** An id of a primitive is an element by the value beside it: `_birthDate` by `birthDate`. */
function isBesideValue({ id }: Json, { rootData, instancePath }: At): boolean {
  const beside = instancePath.replace(/\/_([A-Za-z]+(?:\/\d+)?)$/, '/$1');
  if (id === undefined || beside === instancePath) return false;
  const value = beside
    .split('/')
    .slice(1)
    .reduce<unknown>((holder, name) => (holder as Json | undefined)?.[name], rootData);
  return value !== undefined && value !== null;
}

function checkChoices(
  value: Json,
  choiceOf: Map<string, string>,
  mandatory: string[],
  faults: ShapeFault[],
): void {
  let found: Map<string, string[]> | undefined;
  for (const key in value) {
    const property = key.startsWith('_') ? key.slice(1) : key;
    const name = choiceOf.get(property);
    if (name === undefined) continue;
    found ??= new Map();
    const properties = found.get(name);
    if (properties === undefined) found.set(name, [property]);
    else if (!properties.includes(property)) properties.push(property);
  }
  for (const [name, properties] of found ?? []) {
    if (properties.length > 1) faults.push({ fault: 'choice', name, found: properties });
  }
  for (const name of mandatory) if (found?.has(name) !== true) faults.push({ fault: 'required', name });
}

/** `null` stands only where the other of `given` and `_given` has something. */
function checkPadding(value: Json, name: string, faults: ShapeFault[]): void {
  for (const [one, other] of [[name, `_${name}`] as const, [`_${name}`, name] as const]) {
    const list = value[one];
    if (!Array.isArray(list)) continue;
    for (let index = list.indexOf(null); index >= 0; index = list.indexOf(null, index + 1)) {
      const beside = value[other];
      if (Array.isArray(beside) && beside[index] !== null && beside[index] !== undefined) continue;
      if (one === name || !isNullIn(value[name], index)) faults.push({ fault: 'padding', name: one, index });
      if (faults.length > 50) return;
    }
  }
}

const isNullIn = (list: unknown, index: number): boolean => Array.isArray(list) && list[index] === null;
