/** Files of FHIR content as requests: https://hl7.org/fhir/R4/bundle.html and https://hl7.org/fhir/R4/nd-json.html */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { ID, type Json, type Resource } from '../../fhir/resource.ts';

export interface Load {
  /** What it is, for the summary: `family.json` or `patients.ndjson:17`. */
  label: string;
  body: string;
  /** A resource, to be put under its id where it has one; or a Bundle, to be processed at the base. */
  target: { type: string; id?: string } | 'base';
  /** Bytes of the file that are done with this request. */
  bytes: number;
}

/** What is no FHIR resource. */
export interface Unreadable {
  label: string;
  fault: string;
  bytes: number;
}

/** Bundles whose entries are requests of their own; those of the other types are lists of resources. */
const PROCESSED = new Set(['transaction', 'batch']);
/** Bundles that are one resource, kept as such. */
const WHOLE = new Set(['document', 'message']);

/** @throws Error when the file can't be read */
export async function* requestsOf(path: string): AsyncGenerator<Load | Unreadable> {
  if (/\.(nd-?json|jsonl)$/i.test(path)) yield* lines(path);
  else yield* content(await readFile(path, 'utf8'), basename(path));
}

async function* lines(path: string): AsyncGenerator<Load | Unreadable> {
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() !== '') yield* content(line, `${basename(path)}:${number}`);
  }
}

function* content(text: string, label: string): Generator<Load | Unreadable> {
  const bytes = Buffer.byteLength(text);
  const resource = parse(text);
  if (typeof resource === 'string') {
    yield { label, fault: resource, bytes };
  } else if (resource.resourceType !== 'Bundle' || WHOLE.has(String(resource['type']))) {
    yield { label, body: text, target: placeOf(resource), bytes };
  } else if (PROCESSED.has(String(resource['type']))) {
    yield { label, body: text, target: 'base', bytes };
  } else {
    yield* members(resource, label, bytes);
  }
}

function* members(bundle: Resource, label: string, bytes: number): Generator<Load> {
  const entries = Array.isArray(bundle['entry']) ? (bundle['entry'] as Json[]) : [];
  const resources = entries
    .filter((entry) => (entry['search'] as Json | undefined)?.['mode'] !== 'outcome')
    .map((entry) => entry['resource'])
    .filter(isResource);
  for (const [index, resource] of resources.entries()) {
    const body = JSON.stringify(resource);
    yield { label: `${label}#${index}`, body, target: placeOf(resource), bytes: bytes / resources.length };
  }
}

/** The resource, or what is wrong with the text. */
function parse(text: string): Resource | string {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isResource(value) ? value : 'no FHIR resource: it has no `resourceType`';
  } catch {
    return 'not JSON';
  }
}

function isResource(value: unknown): value is Resource {
  const type = typeof value === 'object' && value !== null ? (value as Json)['resourceType'] : undefined;
  return typeof type === 'string' && /^[A-Za-z]{1,64}$/.test(type);
}

function placeOf({ resourceType, id }: Resource): { type: string; id?: string } {
  return { type: resourceType, id: typeof id === 'string' && ID.test(id) ? id : undefined };
}
