/** https://hl7.org/fhir/R4/http.html#update and https://hl7.org/fhir/R4/http.html#cond-update */
import type { Lock, Stored } from '../enforcement/ports.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import { onMatch } from './condition.ts';
import type { Context } from './context.ts';
import type { Answer, Exchange } from './exchange.ts';
import { checkIfMatch } from './versions.ts';
import { changeOf, commitOne, inTurn, resourceIn, written } from './write.ts';

export async function update(context: Context, exchange: Exchange): Promise<Answer> {
  const { type, id } = exchange.params;
  const resource = resourceIn(exchange);
  if (exchange.body?.kind === 'raw') resource.id = id;
  if (resource.id !== id) {
    throw new FhirError('invalid', `the id of the body must be the \`${id}\` of the address`, {
      expression: 'id',
    });
  }
  return inTurn(context, exchange, [`${type}/${id}`], async () =>
    put(exchange, resource, await exchange.store.read(type!, id!), []),
  );
}

export function conditionalUpdate(context: Context, exchange: Exchange): Promise<Answer> {
  const type = exchange.params.type!;
  const resource = resourceIn(exchange);
  return onMatch(context, exchange, type, exchange.query, async ({ found, lock }) => {
    if (found !== undefined) {
      if (resource.id !== undefined && resource.id !== found.id) {
        throw new FhirError('invalid', 'the id of the body is not that of the resource found', {
          expression: 'id',
        });
      }
      return put(exchange, { ...resource, id: found.id }, found, [lock]);
    }
    if (resource.id !== undefined) {
      return put(exchange, resource, await exchange.store.read(type, resource.id), [lock]);
    }
    checkIfMatch(exchange, undefined);
    requireNoTrace(exchange, type);
    const change = await changeOf(
      exchange,
      'POST',
      { ...resource, id: exchange.assignedId ?? context.newId() },
      undefined,
    );
    return written(exchange, await commitOne(exchange, change, [lock]), true);
  });
}

async function put(
  exchange: Exchange,
  resource: Resource,
  current: Stored | undefined,
  locks: readonly Lock[],
): Promise<Answer> {
  const exists = current !== undefined && current.method !== 'DELETE';
  if (current === undefined) {
    requireNoTrace(exchange, resource.resourceType);
    if (exchange.assignedId !== resource.id) requirePrefix(exchange, resource.id!);
  }
  if (exists && current.type === 'AuditEvent')
    throw new FhirError('forbidden', 'an AuditEvent is never changed');
  checkIfMatch(exchange, current);
  if (exists && exchange.header('if-none-match') === '*') {
    throw new FhirError('conflict', '`If-None-Match: *`, and the resource exists');
  }
  const change = await changeOf(exchange, 'PUT', resource, current);
  return written(exchange, await commitOne(exchange, change, locks), !exists);
}

/**
 * Hidden and absent are answered alike, so a client names an id only where nothing can be hidden from it: under a
 * prefix that is its own.
 */
function requirePrefix({ subject }: Exchange, id: string): void {
  if (subject.role === 'all' || subject.idPrefixes.some((prefix) => prefix !== '' && id.startsWith(prefix)))
    return;
  throw notMadeHere();
}

/** Only the server makes traces; the demo's test caller may load examples. */
function requireNoTrace({ subject }: Exchange, type: string): void {
  if (type === 'AuditEvent' && subject.role !== 'all') throw notMadeHere();
}

const notMadeHere = (): FhirError =>
  new FhirError('not-supported', 'no resource of this id can be made here: create by POST', {
    status: 405,
    headers: { allow: 'GET, HEAD, POST' },
  });
