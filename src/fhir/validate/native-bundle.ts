/** The invariants of Bundle: each transaction meets them, and FHIRPath would take quadratic time. https://hl7.org/fhir/R4/bundle.html */
import type { Json } from '../resource.ts';

const entries = (bundle: Json): Json[] => (Array.isArray(bundle.entry) ? (bundle.entry as Json[]) : []);
const isOf = (bundle: Json, ...types: string[]): boolean => types.includes(bundle.type as string);
const firstType = (bundle: Json): unknown => (entries(bundle)[0]?.resource as Json | undefined)?.resourceType;
const has = (value: Json | undefined, name: string): boolean =>
  value?.[name] !== undefined || value?.[`_${name}`] !== undefined;

function fullUrlsAreDistinct(bundle: Json): boolean {
  if (isOf(bundle, 'history')) return true;
  const seen = new Set<string>();
  for (const { fullUrl, resource } of entries(bundle)) {
    if (typeof fullUrl !== 'string') continue;
    const meta = (resource as Json | undefined)?.meta as Json | undefined;
    const key = `${fullUrl}${typeof meta?.versionId === 'string' ? meta.versionId : ''}`;
    if (seen.has(key)) return false;
    seen.add(key);
  }
  return true;
}

export const BUNDLE_INVARIANTS: Record<string, (value: Json) => boolean> = {
  'bdl-1@Bundle': (value) => !has(value, 'total') || isOf(value, 'searchset', 'history'),
  'bdl-2@Bundle': (value) =>
    isOf(value, 'searchset') || entries(value).every((entry) => entry.search === undefined),
  'bdl-3@Bundle': (value) => {
    const wanted = isOf(value, 'batch', 'transaction', 'history');
    return entries(value).every((entry) => (entry.request !== undefined) === wanted);
  },
  'bdl-4@Bundle': (value) => {
    const wanted = isOf(value, 'batch-response', 'transaction-response', 'history');
    return entries(value).every((entry) => (entry.response !== undefined) === wanted);
  },
  'bdl-5@Bundle.entry': (value) =>
    ['resource', 'request', 'response'].some((name) => value[name] !== undefined),
  'bdl-7@Bundle': fullUrlsAreDistinct,
  'bdl-8@Bundle.entry': ({ fullUrl }) => typeof fullUrl !== 'string' || !fullUrl.includes('/_history/'),
  'bdl-9@Bundle': (value) =>
    !isOf(value, 'document') ||
    (has(value.identifier as Json | undefined, 'system') &&
      has(value.identifier as Json | undefined, 'value')),
  'bdl-10@Bundle': (value) => !isOf(value, 'document') || typeof value.timestamp === 'string',
  'bdl-11@Bundle': (value) => !isOf(value, 'document') || firstType(value) === 'Composition',
  'bdl-12@Bundle': (value) => !isOf(value, 'message') || firstType(value) === 'MessageHeader',
};
