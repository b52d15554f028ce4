/** https://hl7.org/fhir/R4/http.html#delete and https://hl7.org/fhir/R4/http.html#3.1.0.7.1 */
import type { Change, Lock, Stored } from '../enforcement/ports.ts';
import { FhirError } from '../fhir/outcome.ts';
import { onMatch } from './condition.ts';
import type { Context } from './context.ts';
import type { Answer, Exchange } from './exchange.ts';
import { checkIfMatch, versionHeaders } from './versions.ts';
import { inTurn, requireBlockKept, requireWrite } from './write.ts';

export function remove(context: Context, exchange: Exchange): Promise<Answer> {
  const { type, id } = exchange.params;
  return inTurn(context, exchange, [`${type}/${id}`], async () =>
    removed(exchange, await exchange.store.read(type!, id!), []),
  );
}

export function conditionalRemove(context: Context, exchange: Exchange): Promise<Answer> {
  return onMatch(context, exchange, exchange.params.type!, exchange.query, ({ found, lock }) =>
    removed(exchange, found, [lock]),
  );
}

/** What is hidden, absent or deleted is left as it is, with one answer. */
async function removed(
  exchange: Exchange,
  current: Stored | undefined,
  locks: readonly Lock[],
): Promise<Answer> {
  if (current === undefined || current.method === 'DELETE') {
    checkIfMatch(exchange, undefined);
    return { status: 204 };
  }
  await requireWrite(exchange, current, current, 'delete');
  if (current.type === 'AuditEvent') throw new FhirError('forbidden', 'an AuditEvent is never deleted');
  checkIfMatch(exchange, current);
  requireBlockKept(exchange, current, undefined);
  const whole = current.whole ?? current;
  const { store, base } = exchange;
  // the entries of a transaction say all that it deletes
  const isDocument = whole.type === 'DocumentReference' && !store.staged;
  const contents = isDocument ? await store.contentOf(whole, base) : [];
  const [stored] = await store.commit([whole, ...contents].map(deletion), locks);
  return { status: 204, headers: { etag: versionHeaders(stored!).etag! }, at: stored!.at };
}

function deletion(previous: Stored): Change {
  const { type, id, patients, labels, by } = previous;
  return { method: 'DELETE', type, id, patients, labels, by, previous };
}
