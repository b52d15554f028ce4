/** The French rules, and others that differ from them where a case says so. */
import { readFileSync } from 'node:fs';
import type { Json } from '../../../src/fhir/resource.ts';
import type { Rules } from '../../../src/consent/rules.ts';
import type { ReferenceRules } from './reference-rules.ts';

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../profiles/fr/${name}.json`, import.meta.url), 'utf8'));

const FRENCH = { ...(read('rules') as Json), matrix: read('matrix') };

const kept = new Map<string, Rules & ReferenceRules>();

/** An object's elements take the place of the French ones; so do those of an object in it. What is null is left out. */
export function rulesWith(changes: Json = {}): Rules & ReferenceRules {
  const name = JSON.stringify(changes);
  if (!kept.has(name)) kept.set(name, merge(FRENCH, changes) as unknown as Rules & ReferenceRules);
  return kept.get(name)!;
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function merge(whole: Json, changes: Json): Json {
  const changed = Object.entries(changes).map(([name, value]) => {
    const known = whole[name];
    return [name, isObject(known) && isObject(value) ? merge(known, value) : value];
  });
  const all = Object.entries({ ...whole, ...Object.fromEntries(changed) });
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}
