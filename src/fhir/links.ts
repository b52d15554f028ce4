/**
 * Links between the entries of a transaction, and references that are a search.
 * https://hl7.org/fhir/R4/http.html#trules and https://hl7.org/fhir/R4/bundle.html#references
 */
import type { PlannedEntry } from './bundle.ts';
import type { Json, Resource } from './resource.ts';

/** Elements of type uri, url, oid and uuid that may point at a resource; identifiers' values are none. */
const LINKS = new Set(
  (
    'url uri source detail location endpoint target policy instantiates rendering relativePath issuer link project ' +
    'onlineInformation definition definitionUri derivedFromUri eventUri instantiatesUri moduleUri sourceUri targetUri ' +
    'valueOid valueUri valueUrl valueUuid'
  ).split(' '),
);

/** When all ids are known: entries' addresses become `Type/id` wherever a resource of the Bundle links to them. */
export function linkEntries(entries: readonly PlannedEntry[]): void {
  const targets = new Map<string, string>();
  for (const { fullUrl, type, id } of entries) {
    if (fullUrl !== undefined && type !== undefined && id !== undefined)
      targets.set(fullUrl, `${type}/${id}`);
  }
  if (targets.size === 0) return;
  for (const { resource, fullUrl, method } of entries) {
    if (resource && method !== 'PATCH' && !isDocument(resource)) link(resource, targets, rootOf(fullUrl));
  }
}

/** It is whole in itself, and may be signed: https://hl7.org/fhir/R4/documents.html */
const isDocument = ({ resourceType, type }: Resource): boolean =>
  resourceType === 'Bundle' && type === 'document';

/** `https://x.org/fhir/` of `https://x.org/fhir/Patient/1`: relative references are relative to it. */
const rootOf = (fullUrl: string | undefined): string | undefined =>
  fullUrl === undefined
    ? undefined
    : /^(https?:\/\/.{1,2000}\/)[A-Za-z]{1,64}\/[A-Za-z0-9\-.]{1,64}$/.exec(fullUrl)?.[1];

function link(resource: Resource, targets: Map<string, string>, root: string | undefined): void {
  const find = (address: string): string | undefined =>
    targets.get(address) ??
    (root === undefined || address.includes(':') ? undefined : targets.get(root + address));
  visit(resource, (owner, name, value) => {
    const found =
      name === 'reference'
        ? find(value)
        : name === 'div'
          ? linkNarrative(value, targets)
          : LINKS.has(name)
            ? targets.get(value)
            : undefined;
    if (found !== undefined) owner[name] = found;
  });
}

const linkNarrative = (div: string, targets: Map<string, string>): string =>
  div.replace(/\b(href|src)=("[^"]*"|'[^']*')/g, (whole, attribute: string, quoted: string) => {
    const target = targets.get(quoted.slice(1, -1));
    return target === undefined ? whole : `${attribute}="${target}"`;
  });

export interface ConditionalReference {
  /** `Practitioner?identifier=x|y` */
  query: string;
  set(reference: string): void;
}

/** https://hl7.org/fhir/R4/http.html#trules: references that a search of one match resolves. */
export function conditionalReferences(resource: Resource): ConditionalReference[] {
  const found: ConditionalReference[] = [];
  visit(resource, (owner, name, value) => {
    if (name !== 'reference' || !/^[A-Z][A-Za-z]{1,63}\?/.test(value)) return;
    found.push({ query: value, set: (reference) => (owner[name] = reference) });
  });
  return found;
}

/** Every string that is an element of its own or an item of a repeating one. */
function visit(resource: Resource, see: (owner: Json, name: string, value: string) => void): void {
  const open: Json[] = [resource];
  for (let owner = open.pop(); owner; owner = open.pop()) {
    for (const [name, value] of Object.entries(owner)) {
      if (typeof value === 'string') see(owner, name, value);
      else if (Array.isArray(value)) visitItems(value, name, open, see);
      else if (isObject(value)) open.push(value);
    }
  }
}

function visitItems(
  items: unknown[],
  name: string,
  open: Json[],
  see: (owner: Json, name: string, value: string) => void,
): void {
  items.forEach((item, i) => {
    if (typeof item !== 'string') {
      if (isObject(item)) open.push(item);
      return;
    }
    const holder: Json = { [name]: item };
    see(holder, name, item);
    if (holder[name] !== item) items[i] = holder[name];
  });
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
