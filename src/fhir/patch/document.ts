/** What both kinds of patch share: the copy that is worked on, and what stays the server's. */
import { MAX_DEPTH } from '../json.ts';
import { FhirError } from '../outcome.ts';
import type { Json, Meta, Resource } from '../resource.ts';

export const MAX_OPERATIONS = 1_000;

/** Names that reach an object's prototype instead of its content. */
export const FORBIDDEN_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Type and id can't change; version and time are the server's and stay as they were. */
export function keepIdentity(original: Resource, patched: Resource): Resource {
  for (const name of ['resourceType', 'id'] as const) {
    if (patched[name] !== original[name]) {
      throw new FhirError('business-rule', `a patch can't change \`${name}\``, { expression: name });
    }
  }
  requireShallow(patched);
  const kept: Meta = {};
  if (original.meta?.versionId !== undefined) kept.versionId = original.meta.versionId;
  if (original.meta?.lastUpdated !== undefined) kept.lastUpdated = original.meta.lastUpdated;
  if (patched.meta !== undefined && !isObject(patched.meta)) {
    throw new FhirError('structure', '`meta` must be an object', { status: 422, expression: 'meta' });
  }
  const { versionId: _version, lastUpdated: _time, ...meta } = patched.meta ?? {};
  const whole = { ...kept, ...meta };
  if (Object.keys(whole).length > 0) patched.meta = whole;
  else delete patched.meta;
  return patched;
}

export const tooManyOperations = (count: number): FhirError =>
  new FhirError('too-long', `${count} operations; allowed: up to ${MAX_OPERATIONS}`);

function requireShallow(value: unknown, depth = 1): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH)
    throw new FhirError('processing', `the patched resource is nested deeper than ${MAX_DEPTH} levels`);
  for (const item of Object.values(value)) requireShallow(item, depth + 1);
}
