/** Rows on a real database: hostile shapes too, which validation would refuse, since others may have written them. */
import { labelsOf } from '../../../../src/fhir/labels.ts';
import type { Resource } from '../../../../src/fhir/resource.ts';
import { patientsOf } from '../../../../src/fhir/subjects.ts';
import type { Client, TestServer } from '../../../support/server.ts';

const TOGETHER = 500;

export interface Seeded {
  /** `Organization/x`: who deposited it. */
  by?: string;
}

/** Writes resources as they are, each with its id. */
export async function seed(
  { server, base }: TestServer,
  resources: readonly Resource[],
  { by = 'Device/demo-all' }: Seeded = {},
): Promise<void> {
  for (let start = 0; start < resources.length; start += TOGETHER) {
    await server.store.commit({
      changes: resources.slice(start, start + TOGETHER).map((resource) => ({
        method: 'PUT',
        type: resource.resourceType,
        id: resource.id!,
        resource,
        patients: patientsOf(resource, base),
        labels: labelsOf(resource),
        by,
      })),
      locks: [],
      audit: () => [],
    });
  }
}

/** The ids that one page has, in its order. */
export async function page(client: Client, path: string): Promise<string[]> {
  const reply = await client.get(path);
  if (reply.status !== 200) throw new Error(`${path}: ${reply.status} ${reply.text}`);
  return idsOf(reply.json);
}

/** The ids that all pages have, in their order, with the totals that the pages told. */
export async function walk(client: Client, path: string): Promise<{ ids: string[]; totals: number[] }> {
  const ids: string[] = [];
  const totals: number[] = [];
  for (let next: string | undefined = path; next !== undefined;) {
    const { status, text, json } = await client.get(next);
    if (status !== 200) throw new Error(`${next}: ${status} ${text}`);
    ids.push(...idsOf(json));
    totals.push(json.total);
    next = linkOf(json, 'next');
  }
  return { ids, totals };
}

interface Bundle {
  link?: { relation: string; url: string }[];
  entry?: { resource: Resource; search: { mode: string } }[];
}

export function idsOf(bundle: Bundle, mode = 'match'): string[] {
  return (bundle.entry ?? [])
    .filter(({ search }) => search.mode === mode)
    .map(({ resource }) => resource.id!);
}

export function linkOf(bundle: Bundle, relation: string): string | undefined {
  return bundle.link?.find((link) => link.relation === relation)?.url;
}
