/** What a caller finds of traces, made comparable: whatever was asked before, in both worlds. */
import type { Resource } from '../../../src/fhir/resource.ts';
import type { Client } from '../../support/server.ts';
import { nextOf } from './worlds.ts';
import type { World } from './worlds.ts';

/** Each counts what it finds. */
export const COUNTS = [
  'AuditEvent?_summary=count',
  'AuditEvent?patient=vera&_summary=count',
  'AuditEvent?patient=hugo&_summary=count',
  'AuditEvent?patient=hugo,vera&_summary=count',
  'AuditEvent?patient:missing=true&_summary=count',
  'AuditEvent?entity=Patient/hugo&_summary=count',
  'AuditEvent?entity=DocumentReference/hugo-doc&_summary=count',
  'AuditEvent?entity=DocumentReference/vera-doc1&_summary=count',
  'AuditEvent?outcome=4&_summary=count',
  'AuditEvent?outcome=0&_summary=count',
  'AuditEvent?address=127.0.0.1&_summary=count',
  'AuditEvent?policy:missing=false&_summary=count',
  'AuditEvent?entity-type=decision&_summary=count',
  'AuditEvent?_content=127.0.0.1&date=lt2000&_summary=count',
  'AuditEvent?agent=Practitioner/demo-dentist&_summary=count',
  'Patient?_has:AuditEvent:patient:action=R&_summary=count',
  'DocumentReference?_has:AuditEvent:entity:outcome=4&_summary=count',
  'DocumentReference?_has:AuditEvent:entity:outcome=0&_summary=count',
] as const;

export async function counts(client: Client): Promise<string[]> {
  const found: string[] = [];
  for (const path of COUNTS) {
    const { status, json } = await client.get(path);
    found.push(`${path}: ${status} ${json.total}`);
  }
  return found;
}

/** Each trace that is found, in no order: requests were sent several at a time. */
export async function traces({ carnet }: World, client: Client): Promise<string[]> {
  const found: string[] = [];
  let address: string | undefined = 'AuditEvent?_count=500';
  while (address !== undefined) {
    const reply = await client.get(address);
    if (reply.status !== 200) return [`${reply.status} ${reply.text}`];
    for (const { resource } of (reply.json.entry ?? []) as { resource: Resource }[]) {
      // who sees all asks for what is theirs to see: that the worlds differ
      if (JSON.stringify(resource.agent).includes('Device/demo-all')) continue;
      found.push(comparable(JSON.stringify(resource), carnet.base));
    }
    address = nextOf(reply);
  }
  return found.sort();
}

function comparable(text: string, base: string): string {
  return (
    text
      .replaceAll(base, 'BASE')
      // what was made meanwhile was found or not
      .replaceAll(
        /\{"what":\{"reference":"\w+\/made-\d+"\},"type":\{"system":"http:\/\/hl7.org\/fhir\/resource-types"[^}]*\},"role":\{[^}]*\}(,"detail":\[\{[^\]]*\])?\},/g,
        '',
      )
      .replaceAll(/\b[0-9a-f]{11}-[0-9a-f]{16}\b/g, 'trace')
      .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'made')
      .replaceAll(/\b[0-9a-f]{20}\b/g, 'version')
      .replaceAll(/("query":)"([^"]*)"/g, (_, name: string, query: string) => `${name}"${queryOf(query)}"`)
      .replaceAll(/("(?:lastUpdated|recorded)":)"[^"]*"/g, '$1"then"')
  );
}

/** A page link is another in each world. */
function queryOf(base64: string): string {
  return Buffer.from(base64, 'base64')
    .toString()
    .replaceAll(/\b[0-9a-f]{20}\b/g, 'version')
    .replaceAll(/_page=[\w-]+/g, '_page=page');
}

/** What is in one and not in the other, as often as it is. */
export function more(these: readonly string[], those: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const each of those) left.set(each, (left.get(each) ?? 0) + 1);
  return these.filter((each) => {
    const count = left.get(each) ?? 0;
    left.set(each, count - 1);
    return count <= 0;
  });
}
