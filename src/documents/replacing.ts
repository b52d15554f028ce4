/** A document that replaces another supersedes it in the same transaction: https://profiles.ihe.net/ITI/MHD/ITI-65.html */
import { items } from '../fhir/items.ts';
import type { Change } from '../enforcement/ports.ts';
import { labelsOf } from '../fhir/labels.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Reference, Resource } from '../fhir/resource.ts';
import type { Exchange } from '../interaction/exchange.ts';
import { requireWrite } from '../interaction/write.ts';

/** Documents that one document may replace. */
const MOST = 20;
const LOCAL = /^DocumentReference\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/** The id of a document here, also where a version of it is named, as `Location` tells it. @param address below the base */
export const documentIn = (address: string): string | undefined => LOCAL.exec(address)?.[1];

/** Ids of the documents here that it replaces. @throws FhirError too many */
export function replacedBy({ relatesTo }: Resource, base: string): string[] {
  const ids = items(relatesTo).flatMap(({ code, target }) => {
    const reference = code === 'replaces' ? (target as Reference | undefined)?.reference : undefined;
    if (typeof reference !== 'string') return [];
    const local = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference;
    return documentIn(local) ?? [];
  });
  const distinct = [...new Set(ids)];
  if (distinct.length > MOST) {
    throw new FhirError('business-rule', `a document replaces up to ${MOST} others`, {
      expression: 'DocumentReference.relatesTo',
    });
  }
  return distinct;
}

/**
 * That it is superseded, and nothing else of it. Undefined: it is absent, deleted or hidden, which is the same: the
 * reference is kept as any other is.
 * @throws FhirError 403 for another's, 409 when it isn't current any more, 422 for another patient's
 */
export async function superseding(
  exchange: Exchange,
  id: string,
  patients: readonly string[],
): Promise<Change | undefined> {
  const { store } = exchange;
  const stored = await store.read('DocumentReference', id);
  if (stored === undefined || stored.method === 'DELETE') return undefined;
  await requireWrite(exchange, stored, stored, 'change');
  const expression = 'DocumentReference.relatesTo';
  if (stored.patients.join() !== patients.join()) {
    throw new FhirError('business-rule', 'a document replaces one of the same patient', { expression });
  }
  const whole = stored.whole ?? stored;
  const { resource, imposed, unshown } = store.held(whole);
  if (resource.status !== 'current') {
    const text = `the document \`${id}\` is \`${String(resource.status)}\`: only a current one is replaced`;
    throw new FhirError('duplicate', text, { expression });
  }
  const superseded: Resource = { ...resource, status: 'superseded' };
  const { type, by, patients: of } = whole;
  const labels = labelsOf(superseded);
  return {
    method: 'PUT',
    type,
    id,
    resource: superseded,
    patients: of,
    labels,
    imposed,
    unshown,
    by,
    previous: whole,
  };
}

/** A document may name what it replaces by the uniqueId under which the same depositor has sent it. */
export async function targetsKnown({ store }: Exchange, sent: Resource): Promise<Resource> {
  const relations = items(sent.relatesTo);
  if (!relations.some(isByName)) return sent;
  const relatesTo = [];
  for (const relation of relations) {
    const { identifier } = (relation.target ?? {}) as Reference;
    const found = isByName(relation)
      ? await store.ownDeposit(
          'DocumentReference',
          `${identifier?.system ?? ''}|${identifier?.value}`,
          () => true,
        )
      : undefined;
    relatesTo.push(
      found === undefined
        ? relation
        : {
            ...relation,
            target: { ...(relation.target as Reference), reference: `DocumentReference/${found.id}` },
          },
    );
  }
  return { ...sent, relatesTo };
}

function isByName({ code, target }: Json): boolean {
  const { reference, identifier } = (target ?? {}) as Reference;
  return code === 'replaces' && reference === undefined && typeof identifier?.value === 'string';
}
