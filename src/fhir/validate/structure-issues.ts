/** Faults of structure in words for the caller: the element, what was found, what is allowed. */
import type { Issue } from '../outcome.ts';
import type { Json } from '../resource.ts';
import { expression, show, structureOf, typeAt } from './path.ts';
import type { Place, Segment } from './path.ts';
import { PRIMITIVES } from './primitives.ts';
import type { StructureFault } from './structure.ts';

interface Found {
  place: Place;
  segments: Segment[];
  value: unknown;
  params: Record<string, unknown>;
}

type Told = { code: Issue['code']; text: string; at?: Segment[] };

const TEXTS: Record<string, (found: Found) => Told | undefined> = {
  additionalProperties: ({ place, segments, params }) => {
    const name = String(params.additionalProperty);
    return {
      code: 'structure',
      text: `unknown element ${show(name)}; allowed: ${elementsOf(place, segments)}`,
      at: [name],
    };
  },
  required: ({ params }) => {
    const name = String(params.missingProperty);
    return { code: 'required', text: `element \`${name}\` is required`, at: [name] };
  },
  type: ({ value, params, place, segments }) => {
    if (value === null)
      return { code: 'structure', text: 'found `null`; leave the element out, or give it a value' };
    return {
      code: 'structure',
      text: `found ${kindOf(value)}, ${show(value)}; allowed: ${wanted(params.type, place, segments)}`.replace(
        /^found (an array|an object), \1/,
        'found $1',
      ),
    };
  },
  primitive: ({ value, params }) => {
    const type = String(params.type);
    return {
      code: 'value',
      text: `${value === '' ? 'an empty string' : show(value)} is no ${type}; allowed: ${PRIMITIVES.get(type)!.allowed}`,
    };
  },
  minItems: () => ({
    code: 'structure',
    text: 'found an empty array; leave the element out, or give it a value',
  }),
  shape: (found) => SHAPES[String(found.params.fault)]?.(found),
};

const SHAPES: Record<string, (found: Found) => Told> = {
  empty: () => ({
    code: 'structure',
    text: 'found an object without content; leave the element out, or give it a value',
  }),
  required: ({ params, place, segments }) => {
    const name = String(params.name);
    const choice = structureOf(typeAt(place.type, segments))?.shape?.choices?.[name];
    const text =
      choice === undefined
        ? `element \`${name}\` is required`
        : `element \`${name}[x]\` is required; allowed: one of ${choice.of.join(', ')}`;
    return { code: 'required', text, at: [name] };
  },
  choice: ({ params }) => ({
    code: 'structure',
    text: `found ${(params.found as string[]).map((name) => `\`${name}\``).join(' and ')}; allowed: one of them`,
    at: [String(params.name)],
  }),
  padding: ({ params }) => ({
    code: 'structure',
    text: 'found `null` with neither a value nor an extension beside it; leave it out',
    at: [String(params.name), Number(params.index)],
  }),
};

export function structureIssues(
  faults: readonly StructureFault[],
  resource: Json,
  place: Place,
  max: number,
): Issue[] {
  const issues: Issue[] = [];
  for (const { keyword, instancePath, params } of faults) {
    if (issues.length >= max) break;
    const segments = follow(resource, instancePath);
    const found = {
      place,
      segments: segments.path,
      value: segments.value,
      params: params as Record<string, unknown>,
    };
    const told = TEXTS[keyword]?.(found);
    if (told === undefined) continue;
    const { code, text, at = [] } = told;
    issues.push({ severity: 'error', code, text, expression: expression(place, [...segments.path, ...at]) });
  }
  return issues;
}

/** A JSON pointer as segments, and what stands there. */
function follow(resource: Json, pointer: string): { path: Segment[]; value: unknown } {
  const path: Segment[] = [];
  let value: unknown = resource;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(value) ? Number(name) : name);
    value = (value as Json)[name];
  }
  return { path, value };
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `the ${typeof value}`;
}

function wanted(type: unknown, place: Place, segments: Segment[]): string {
  const kinds = (Array.isArray(type) ? (type as string[]) : [String(type)]).filter((kind) => kind !== 'null');
  const name = typeAt(place.type, segments);
  if (kinds[0] === 'array') return `an array of ${name}`;
  if (kinds[0] !== 'object') return `a ${kinds[0]} (${name})`;
  return `an object (${name === undefined || name.includes('.') ? 'of elements' : name})`;
}

/** `value[x]` stands for all its properties. */
function elementsOf(place: Place, segments: Segment[]): string {
  const structure = structureOf(typeAt(place.type, segments));
  if (structure === undefined) return 'nothing';
  const choices = Object.entries(structure.shape?.choices ?? {});
  const names = Object.keys(structure.properties)
    .filter((name) => !name.startsWith('_') && name !== 'resourceType')
    .map((name) => choices.find(([, choice]) => choice.of.includes(name))?.[0].concat('[x]') ?? name);
  return [...new Set(names)].join(', ');
}
