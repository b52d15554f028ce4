/** Writers that keep a ledger of what the server acknowledged, and the check of a server against it. */
import { randomUUID } from 'node:crypto';
import type { Client, Reply } from '../../support/server.ts';

const KINDS = ['create', 'update', 'update', 'transaction', 'delete', 'update'] as const;
const TRIO = [0, 1, 2];

/** Of one resource, which one writer alone writes. */
interface Line {
  id: string;
  /** `versionId` of each acknowledged version, oldest first; `deleted` for a deletion. */
  acknowledged: string[];
  /** A write was sent and its answer never came. */
  unsure: boolean;
}

export interface Ledger {
  lines: Map<string, Line>;
  /** Ids of trios, each written whole by transactions, with the value that was acknowledged last. */
  trios: Map<string, { ids: string[]; last: number; unsure: boolean }>;
  writes: number;
}

export const newLedger = (): Ledger => ({ lines: new Map(), trios: new Map(), writes: 0 });

const observation = (id: string | undefined, patient: string, value: number) => ({
  resourceType: 'Observation',
  ...(id === undefined ? {} : { id }),
  status: 'final',
  code: { text: 'pouls' },
  subject: { reference: `Patient/${patient}` },
  valueInteger: value,
});

/** Writes until the server no longer answers. */
export async function writeOn(
  client: () => Client,
  patient: string,
  ledger: Ledger,
  stop: () => boolean,
): Promise<void> {
  const own = randomUUID().slice(0, 8);
  const trio = { ids: TRIO.map((part) => `trio-${own}-${part}`), last: 0, unsure: false };
  ledger.trios.set(own, trio);
  let line: Line | undefined;
  for (let turn = 1; !stop(); turn += 1) {
    const kind = KINDS[turn % KINDS.length]!;
    if (kind === 'transaction') {
      trio.unsure = true;
      const entry = trio.ids.map((id) => ({
        resource: observation(id, patient, turn),
        request: { method: 'PUT', url: `Observation/${id}` },
      }));
      const reply = await sent(client().post('', { resourceType: 'Bundle', type: 'transaction', entry }));
      if (reply === undefined) return;
      if (reply.status !== 200) throw new Error(`a transaction was refused: ${reply.text}`);
      Object.assign(trio, { last: turn, unsure: false });
    } else {
      line = await writeLine(client(), kind, kind === 'create' ? undefined : line, patient, turn, ledger);
      if (line === undefined) return;
      if (kind === 'delete') line = undefined;
    }
    ledger.writes += 1;
  }
}

async function writeLine(
  client: Client,
  kind: 'create' | 'update' | 'delete',
  before: Line | undefined,
  patient: string,
  value: number,
  ledger: Ledger,
): Promise<Line | undefined> {
  const line = before ?? { id: `line-${randomUUID()}`, acknowledged: [], unsure: false };
  ledger.lines.set(line.id, line);
  line.unsure = true;
  const reply = await sent(
    kind === 'delete' && before !== undefined
      ? client.delete(`Observation/${line.id}`)
      : client.put(`Observation/${line.id}`, observation(line.id, patient, value)),
  );
  if (reply === undefined) return undefined;
  if (reply.status >= 300) throw new Error(`a write was refused: ${reply.text}`);
  line.unsure = false;
  line.acknowledged.push(reply.status === 204 ? 'deleted' : reply.json.meta.versionId);
  return line;
}

async function sent(reply: Promise<Reply>): Promise<Reply | undefined> {
  try {
    const { status } = await reply;
    // a machine that is too busy to read a request in time has not taken it
    return status >= 500 || status === 408 ? undefined : await reply;
  } catch {
    return undefined;
  }
}

/** What is wrong, in words; nothing when every acknowledged write holds and no half transaction does. */
export async function faults(client: Client, ledger: Ledger): Promise<string[]> {
  const found: string[] = [];
  await Promise.all(
    [...ledger.lines.values()].map(async (line) => found.push(...(await faultsOfLine(client, line)))),
  );
  await Promise.all(
    [...ledger.trios.values()].map(async (trio) => found.push(...(await faultsOfTrio(client, trio)))),
  );
  return found;
}

async function faultsOfLine(client: Client, { id, acknowledged, unsure }: Line): Promise<string[]> {
  const history = await client.get(`Observation/${id}/_history?_count=1000`);
  if (history.status === 404) return acknowledged.length === 0 ? [] : [`${id}: gone`];
  const entries: { resource?: { meta: { versionId: string } } }[] = history.json.entry.toReversed();
  const versions = entries.map(({ resource }) => resource?.meta.versionId ?? 'deleted');
  const held = versions.slice(0, acknowledged.length);
  const extra = versions.length - acknowledged.length;
  const wrong: string[] = [];
  if (held.join() !== acknowledged.join())
    wrong.push(`${id}: history ${versions.join()} for ${acknowledged.join()}`);
  if (extra > (unsure ? 1 : 0)) wrong.push(`${id}: ${extra} versions that nobody wrote`);
  const now = await client.get(`Observation/${id}`);
  const current = now.status === 410 ? 'deleted' : now.json?.meta?.versionId;
  if (current !== versions.at(-1))
    wrong.push(`${id}: the current version is ${current}, the last ${versions.at(-1)}`);
  const traces = await tracesOf(client, id);
  if (traces !== versions.length) wrong.push(`${id}: ${traces} traces of ${versions.length} writes`);
  return wrong;
}

async function faultsOfTrio(
  client: Client,
  { ids, last, unsure }: { ids: string[]; last: number; unsure: boolean },
): Promise<string[]> {
  const replies = await Promise.all(ids.map((id) => client.get(`Observation/${id}`)));
  const values = replies.map(({ status, json }) => (status === 200 ? json.valueInteger : 0));
  if (new Set(values).size !== 1) return [`${ids[0]}: half a transaction: ${values.join()}`];
  if (values[0] !== last && !(unsure && values[0] > last))
    return [`${ids[0]}: ${values[0]}, acknowledged ${last}`];
  const histories = await Promise.all(ids.map((id) => client.get(`Observation/${id}/_history?_count=1000`)));
  const versions = histories.map(({ status, json }) => (status === 200 ? json.total : 0));
  const traces = await tracesOf(client, ids[0]!);
  return versions.every((total) => total === traces)
    ? []
    : [`${ids[0]}: ${versions.join()} versions, ${traces} traces`];
}

/** How many AuditEvents tell of writes to it. */
async function tracesOf(client: Client, id: string): Promise<number> {
  const { json } = await client.get(`AuditEvent?entity=Observation/${id}&action=C,U,D,E&_count=0`);
  return json.total;
}
