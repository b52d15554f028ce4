/** https://hl7.org/fhir/R4/http.html#patch */
import type { Lock, Stored } from '../enforcement/ports.ts';
import { parseJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import { applyPatch } from '../fhir/patch/index.ts';
import { textsIn } from '../fhir/patch/texts.ts';
import type { Resource } from '../fhir/resource.ts';
import { onMatch } from './condition.ts';
import type { Context } from './context.ts';
import type { Answer, Exchange } from './exchange.ts';
import { checkIfMatch } from './versions.ts';
import { changeOf, commitOne, inTurn, requireWrite, written } from './write.ts';

export function patch(context: Context, exchange: Exchange): Promise<Answer> {
  const { type, id } = exchange.params;
  return inTurn(context, exchange, [`${type}/${id}`], async () =>
    patched(exchange, await exchange.store.read(type!, id!), []),
  );
}

export function conditionalPatch(context: Context, exchange: Exchange): Promise<Answer> {
  return onMatch(context, exchange, exchange.params.type!, exchange.query, ({ found, lock }) =>
    patched(exchange, found, [lock]),
  );
}

/** @param revise what becomes of the patched resource; throws when it may not be */
export async function patched(
  exchange: Exchange,
  current: Stored | undefined,
  locks: readonly Lock[],
  revise: (before: Resource, after: Resource) => Resource = (_before, after) => after,
): Promise<Answer> {
  if (current === undefined) throw new FhirError('not-found', 'not found');
  if (current.method === 'DELETE') throw new FhirError('deleted', 'deleted');
  await requireWrite(exchange, current, current, 'labels');
  if (current.type === 'AuditEvent') throw new FhirError('forbidden', 'an AuditEvent is never changed');
  checkIfMatch(exchange, current);
  if (exchange.body?.kind !== 'json') throw new FhirError('required', 'a patch is required as body');
  const before = parseJson(current.body) as Resource;
  const resource = revise(before, applyPatch(before, exchange.body.value));
  const change = await changeOf(exchange, 'PUT', resource, current, { says: textsIn(exchange.body.value) });
  return written(exchange, await commitOne(exchange, change, locks), false);
}
