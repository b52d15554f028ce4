/** https://hl7.org/fhir/R4/http.html#read and https://hl7.org/fhir/R4/http.html#vread */
import type { Stored } from '../enforcement/ports.ts';
import { FhirError } from '../fhir/outcome.ts';
import { contentAnswer } from './content.ts';
import { parseSummary, shaped } from './summarized.ts';
import type { Answer, Exchange } from './exchange.ts';
import { isUnchanged, versionHeaders } from './versions.ts';

export async function read(exchange: Exchange): Promise<Answer> {
  const { type, id } = exchange.params;
  return give(exchange, await exchange.store.read(type!, id!, { byDocument: true }));
}

export async function vread(exchange: Exchange): Promise<Answer> {
  const { type, id, vid } = exchange.params;
  return give(exchange, await exchange.store.readVersion(type!, id!, vid!));
}

async function give(exchange: Exchange, stored: Stored | undefined): Promise<Answer> {
  const shape = parseSummary(exchange.query, exchange.params.type!);
  if (stored === undefined) throw new FhirError('not-found', 'not found');
  const headers = versionHeaders(stored);
  if (stored.method === 'DELETE') throw new FhirError('deleted', 'deleted', { headers });
  const { at } = stored;
  if (isUnchanged(exchange, stored)) return { status: 304, headers, at };
  if (stored.type === 'Binary') {
    const content = await contentAnswer(exchange, stored);
    if (content !== undefined) return { ...content, headers: { ...headers, ...content.headers }, at };
  }
  return { status: 200, headers, body: shape === undefined ? stored.body : shaped(stored.body, shape), at };
}
