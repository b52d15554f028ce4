/** Readers that keep the id of each request that was answered, and the check that each has its trace. */
import { randomUUID } from 'node:crypto';
import type { Client } from '../../support/server.ts';

export interface Reads {
  since: string;
  answered: string[];
}

export const newReads = (): Reads => ({ since: new Date().toISOString(), answered: [] });

/** Reads until the server no longer answers. */
export async function readOn(client: Client, patient: string, reads: Reads): Promise<void> {
  for (;;) {
    const id = `read-${randomUUID()}`;
    try {
      const { status } = await client.get(`Patient/${patient}`, { 'x-request-id': id });
      if (status !== 200) return;
      reads.answered.push(id);
    } catch {
      return;
    }
  }
}

/** The requests that were answered and have no AuditEvent. */
export async function untraced(client: Client, patients: readonly string[], reads: Reads): Promise<string[]> {
  const traced = new Set<string>();
  for (const patient of patients) {
    let next: string | undefined = `AuditEvent?patient=Patient/${patient}&date=ge${reads.since}&_count=500`;
    while (next !== undefined) {
      const { json, status, text } = await client.get(next);
      if (status !== 200) throw new Error(text);
      for (const { resource } of json.entry ?? [])
        for (const { what } of resource.entity)
          if (what?.identifier !== undefined) traced.add(what.identifier.value);
      next = json.link.find(({ relation }: { relation: string }) => relation === 'next')?.url;
    }
  }
  return reads.answered.filter((id) => !traced.has(id));
}
