/** From a path to the places in a resource that it names, each known by what holds it. */
import fhirpath from 'fhirpath';
import model from 'fhirpath/fhir-context/r4';
import { FhirError } from '../outcome.ts';
import type { Json, Resource } from '../resource.ts';
import { FORBIDDEN_NAMES, isObject } from './document.ts';
import type { Step } from './path.ts';
import { childShape, chosenShape, resourceShape, type Shape } from './shape.ts';

/** What one patch may spend; a unit is a few microseconds. */
const MAX_COST = 20_000;
const COST_OF_PLACE = 0.1;
/** Of a criterion, for each character: to compile it, and to try it on each value within an element. */
const COST_OF_COMPILING = 4;
const COST_OF_TRYING = 0.03;

export interface Place {
  /** `holder[key]`, or `holder[key][index]`; the resource itself is held by nothing. */
  holder?: Json;
  key: string;
  index?: number;
  shape: Shape;
  value: unknown;
  /** Of `value[x]`: what else it could be. */
  choice?: { name: string; shape: Shape };
}

export interface Budget {
  left: number;
}

export const newBudget = (): Budget => ({ left: MAX_COST });

function spend(budget: Budget, cost: number): void {
  budget.left -= cost;
  if (budget.left < 0)
    throw new FhirError('too-costly', 'the paths of the patch search too much', { status: 422 });
}

export const rootPlace = (resource: Resource): Place => ({
  key: '',
  shape: resourceShape(resource.resourceType),
  value: resource,
});

export function resolve(resource: Resource, steps: readonly Step[], budget: Budget): Place[] {
  let places = [rootPlace(resource)];
  steps.forEach((step, i) => {
    // `Patient.name` and `name` say the same of a Patient.
    if (i === 0 && step.kind === 'child' && isTypeOf(step.name, resource)) return;
    places = take(step, places, budget);
    spend(budget, places.length * COST_OF_PLACE);
  });
  return places;
}

const isTypeOf = (name: string, resource: Resource): boolean =>
  name === resource.resourceType || name === 'Resource' || name === 'DomainResource';

function take(step: Step, places: Place[], budget: Budget): Place[] {
  switch (step.kind) {
    case 'child':
      return places.flatMap((place) => childrenOf(place, step.name));
    case 'index':
      return places.slice(step.index, step.index + 1);
    case 'first':
      return places.slice(0, 1);
    case 'last':
      return places.slice(-1);
    case 'single':
      if (places.length > 1) throw new FhirError('processing', 'single() found several elements');
      return places;
    case 'ofType':
      return places.filter(({ shape, value }) => typeOf(shape, value) === step.type);
    case 'extension':
      return places
        .flatMap((place) => childrenOf(place, 'extension'))
        .filter(({ value }) => isObject(value) && value.url === step.url);
    case 'where':
      spend(budget, step.criteria.length * COST_OF_COMPILING);
      for (const { value } of places)
        spend(budget, countValues(value) * (1 + step.criteria.length * COST_OF_TRYING));
      return places.filter(criterion(step.criteria));
  }
}

function countValues(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((count, item) => count + countValues(item), 1);
}

const typeOf = (shape: Shape, value: unknown): string =>
  shape.type === 'Resource' && isObject(value) ? String(value.resourceType) : shape.type;

/** The shape by which the children of a place are known: of a contained resource, its own type's. */
export const innerShape = ({ shape, value }: Place): Shape =>
  shape.type === 'Resource' && isObject(value) ? resourceShape(String(value.resourceType)) : shape;

export function childrenOf(place: Place, name: string): Place[] {
  const shape = childShape(innerShape(place), name);
  if (!shape || FORBIDDEN_NAMES.has(name)) {
    throw new FhirError('processing', `\`${name}\` is not an element of \`${innerShape(place).path}\``);
  }
  const holder = elementOf(place);
  if (!holder) return [];
  if (shape.choices) return chosen(holder, name, shape);
  return Object.hasOwn(holder, name) ? placesAt(holder, name, shape) : [];
}

/** The object that holds a place's children: for a primitive, the `_name` beside it. */
function elementOf({ holder, key, index, value }: Place): Json | undefined {
  if (isObject(value)) return value;
  const beside = holder?.[`_${key}`];
  const element: unknown = index === undefined ? beside : Array.isArray(beside) ? beside[index] : undefined;
  return isObject(element) ? element : undefined;
}

function chosen(holder: Json, name: string, shape: Shape): Place[] {
  const ending = shape.choices!.find((choice) => Object.hasOwn(holder, name + choice));
  if (ending === undefined) return [];
  return placesAt(holder, name + ending, chosenShape(shape, ending)).map((place) => ({
    ...place,
    choice: { name, shape },
  }));
}

function placesAt(holder: Json, key: string, shape: Shape): Place[] {
  const value = holder[key];
  if (Array.isArray(value))
    return value.map((item, index) => ({ holder, key, index, shape, value: item as unknown }));
  return [{ holder, key, shape, value }];
}

function criterion(criteria: string): (place: Place) => boolean {
  const test = (expression: Parameters<typeof fhirpath.compile>[0]) => fhirpath.compile(expression, model);
  const compiled = new Map<string, ReturnType<typeof test>>();
  return ({ shape, value }) => {
    if (value === null || value === undefined) return false;
    const base = typeOf(shape, value);
    const key = isObject(value) ? (base === 'BackboneElement' || base === 'Element' ? shape.path : base) : '';
    try {
      let run = compiled.get(key);
      if (!run) compiled.set(key, (run = test(key === '' ? criteria : { base: key, expression: criteria })));
      const result: unknown = run(value as Json, {});
      return Array.isArray(result) && result.length === 1 && result[0] === true;
    } catch (cause) {
      throw new FhirError('invalid', 'the criteria of where() are not valid FHIRPath', { cause });
    }
  };
}
