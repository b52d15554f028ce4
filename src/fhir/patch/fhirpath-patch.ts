/** FHIRPath Patch: https://hl7.org/fhir/R4/fhirpatch.html */
import { copyJson } from '../json.ts';
import { FhirError } from '../outcome.ts';
import type { Json, Resource } from '../resource.ts';
import { isObject, keepIdentity, MAX_OPERATIONS, tooManyOperations } from './document.ts';
import {
  addElement,
  insertItem,
  listAt,
  moveItem,
  removeElement,
  replaceElement,
  type List,
} from './edit.ts';
import { parsePath, type Step } from './path.ts';
import { newBudget, resolve, type Budget, type Place } from './resolve.ts';

const TYPES = ['add', 'insert', 'delete', 'replace', 'move'] as const;

interface Operation {
  type: (typeof TYPES)[number];
  path: string;
  parts: Map<string, Json>;
}

/** Pure: `resource` stays as it is. 400 for a bad patch, 422 for one that doesn't fit the resource. */
export function fhirPathPatch(resource: Resource, parameters: Resource): Resource {
  const operations = parameters.resourceType === 'Parameters' ? (parameters.parameter ?? []) : undefined;
  if (!Array.isArray(operations))
    throw new FhirError('structure', 'a FHIRPath Patch is a Parameters resource');
  if (operations.length > MAX_OPERATIONS) throw tooManyOperations(operations.length);
  const document = copyJson(resource);
  const budget = newBudget();
  operations.forEach((parameter: unknown, i) => {
    try {
      apply(document, readOperation(parameter), budget);
    } catch (error) {
      if (!(error instanceof FhirError)) throw error;
      const issues = error.issues.map((issue) => ({
        ...issue,
        text: `operation ${i}: ${issue.text}`,
        expression: `Parameters.parameter[${i}]`,
      }));
      throw FhirError.of(issues, error.status);
    }
  });
  return keepIdentity(resource, document);
}

function readOperation(parameter: unknown): Operation {
  if (!isObject(parameter) || parameter.name !== 'operation' || !Array.isArray(parameter.part)) {
    throw new FhirError('structure', 'each parameter must be named `operation` and have parts');
  }
  const parts = new Map<string, Json>();
  for (const part of parameter.part as unknown[]) {
    if (!isObject(part) || typeof part.name !== 'string')
      throw new FhirError('structure', 'each part needs a name');
    if (parts.has(part.name)) throw new FhirError('invalid', 'a part is there twice');
    parts.set(part.name, part);
  }
  const sent = parts.get('type')?.valueCode ?? parts.get('type')?.valueString;
  const type = TYPES.find((known) => known === sent);
  if (!type) throw new FhirError('value', `type must be one of ${TYPES.join(', ')}`);
  return { type, path: text(parts, 'path'), parts };
}

function apply(document: Resource, { type, path, parts }: Operation, budget: Budget): void {
  const steps = parsePath(path);
  const found = (): Place => single(resolve(document, steps, budget), path);
  switch (type) {
    case 'add':
      return addElement(found(), text(parts, 'name'), part(parts, 'value'));
    case 'insert':
      return insertItem(listOf(document, steps, path, budget), integer(parts, 'index'), part(parts, 'value'));
    case 'delete': {
      const places = resolve(document, steps, budget);
      return places.length === 0 ? undefined : removeElement(single(places, path));
    }
    case 'replace':
      return replaceElement(found(), part(parts, 'value'));
    case 'move': {
      const list = listOf(document, steps, path, budget);
      return moveItem(list, integer(parts, 'source'), integer(parts, 'destination'));
    }
  }
}

/** What insert and move work on: all steps but the last lead to one element, whose list the last one names. */
function listOf(document: Resource, steps: Step[], path: string, budget: Budget): List {
  const last = steps.at(-1)!;
  if (last.kind !== 'child') throw new FhirError('invalid', 'the path must end with the name of a list');
  return listAt(single(resolve(document, steps.slice(0, -1), budget), path), last.name);
}

function single(places: Place[], path: string): Place {
  const [place, other] = places;
  if (!place || other) {
    throw new FhirError(
      'processing',
      `the path \`${path.slice(0, 200)}\` finds ${places.length} elements; one is needed`,
    );
  }
  return place;
}

function part(parts: Map<string, Json>, name: string): Json {
  const found = parts.get(name);
  if (!found) throw new FhirError('required', `the part \`${name}\` is missing`);
  return found;
}

function text(parts: Map<string, Json>, name: string): string {
  const { valueString, valueCode } = part(parts, name);
  const value = valueString ?? valueCode;
  if (typeof value !== 'string') throw new FhirError('value', `\`${name}\` must be a valueString`);
  return value;
}

function integer(parts: Map<string, Json>, name: string): number {
  const { valueInteger } = part(parts, name);
  if (!Number.isInteger(valueInteger) || (valueInteger as number) < 0) {
    throw new FhirError('value', `\`${name}\` must be a valueInteger from 0 on`);
  }
  return valueInteger as number;
}
