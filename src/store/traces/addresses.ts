/** From where somebody came, by the traces that they left: for the security officer, who asks with a reason. */
import { type Agent, list } from '../../audit/history/happening.ts';
import type { Access } from '../../enforcement/access.ts';
import { TRACER } from '../../enforcement/own-traces.ts';
import type { Resource } from '../../fhir/resource.ts';
import type { Database } from '../database.ts';
import { WITHOUT_INDEX } from '../document.ts';
import type { KeyRing } from '../keys/keys.ts';
import { Reading } from '../reading.ts';

/** Traces that are opened, the newest. */
const MOST = 20_000;
const AT_ONCE = 500;
/** https://hl7.org/fhir/R4/valueset-network-type.html */
const IP = '2';

export interface Address {
  address: string;
  traces: number;
  /** Milliseconds. */
  last: number;
}

/** Those that came last first. @param from milliseconds, inclusive */
export async function addressesOf(
  access: Access,
  database: Database,
  ring: KeyRing,
  who: string,
  { from, until }: { from: number; until: number },
): Promise<Address[]> {
  if (!access.isUnlimited) throw new Error('only the server itself opens traces of every patient');
  const reading = new Reading(database, ring);
  const found = database.audit.find(
    { type: 'AuditEvent', at: { $gte: from, $lt: until }, by: TRACER, 'seek.0': who },
    { projection: WITHOUT_INDEX, sort: { at: -1 }, hint: 'type_at', batchSize: AT_ONCE, limit: MOST },
  );
  const addresses = new Map<string, Address>();
  for await (const doc of found) {
    const stored = await reading.open(doc._id, doc);
    if (stored === undefined) continue;
    const { agent } = JSON.parse(stored.body.toString()) as Resource;
    const address = list<Agent>(agent).find(({ network }) => network?.type === IP)?.network?.address;
    if (address === undefined) continue;
    const known = addresses.get(address);
    if (known === undefined) addresses.set(address, { address, traces: 1, last: doc.at });
    else known.traces += 1;
  }
  return [...addresses.values()];
}
