/** What is written as the content of something else is told with that: it is nobody's by itself. */
import { contentIn } from '../fhir/content/attachment.ts';
import type { Change } from './ports.ts';

/**
 * The change whose patients and labels its trace has: its own, or that of what it is the content of. A document that is
 * hidden takes the trace of its content with it; where documents that name one content differ in that, it stays nobody's.
 * @param beside what is written with it
 */
export function toldWith(change: Change, beside: readonly Change[]): Change {
  const { type, id, patients, resource } = change;
  if (type !== 'Binary' || patients.length > 0) return change;
  const { reference } = (resource?.securityContext ?? {}) as { reference?: string };
  if (reference !== undefined)
    return beside.find((each) => `${each.type}/${each.id}` === reference) ?? change;
  const name = `${type}/${id}`;
  const [document, ...others] = beside.filter(
    (each) =>
      each.type === 'DocumentReference' &&
      each.resource !== undefined &&
      contentIn(each.resource, '').includes(name),
  );
  if (document === undefined || others.some((other) => apart(other) !== apart(document))) return change;
  return document;
}

/** What tells one trace of a request from another. */
const apart = ({ patients, labels }: Change): string => JSON.stringify([patients, labels]);
