/**
 * How a version was made, as who is shown it may know. To who is given none before it, it is new: an update of what isn't
 * there would tell that something was hidden.
 */
import type { Stored } from './ports.ts';

type Made = Pick<Stored, 'type' | 'id' | 'method' | 'version' | 'anew' | 'first'>;

/** Such as the server gives; what has another id was made by PUT. */
const GIVEN = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** @returns method and address, and the status that it was answered with */
export function madeBy({ type, id, method, version, anew, first }: Made) {
  const isNew = version === 1 || anew === true || first === true;
  if (method === 'POST' || (method === 'PUT' && first === true && version > 1 && GIVEN.test(id)))
    return { method: 'POST', url: type, status: 201 } as const;
  const status = method === 'DELETE' ? 204 : isNew ? 201 : 200;
  return { method, url: `${type}/${id}`, status } as const;
}
