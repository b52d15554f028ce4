/** What is written as the content of something else is told with that: it is nobody's by itself. */
import { contentIn } from '../fhir/content/attachment.ts';
import { parseJson } from '../fhir/json.ts';
import type { Resource } from '../fhir/resource.ts';
import { WHOLE, namesOf } from '../fhir/whole.ts';
import type { Change } from './ports.ts';

/**
 * The change whose patients and labels its trace has: its own, or that of what it is the content of. A document that is
 * hidden takes the trace of its content with it; where documents that name one content differ in that, it stays nobody's.
 * @param beside what is written with it @param base of this server
 */
export function toldWith(change: Change, beside: readonly Change[], base: string): Change {
  const { type, id, patients, resource } = change;
  if (type !== 'Binary' || patients.length > 0) return change;
  const { reference } = (resource?.securityContext ?? {}) as { reference?: string };
  if (reference !== undefined)
    return beside.find((each) => `${each.type}/${each.id}` === reference) ?? change;
  const name = `${type}/${id}`;
  const [document, ...others] = beside.filter(
    (each) => each.type === 'DocumentReference' && contentIn(writtenIn(each), base).includes(name),
  );
  if (document === undefined || others.some((other) => apart(other) !== apart(document))) return change;
  return document;
}

/** The labels that hide its trace: its own, and of what names others as a whole those of what is written with it. */
export function labelsWith(change: Change, beside: readonly Change[], base: string): readonly string[] {
  if (!WHOLE.has(change.type)) return change.labels;
  const names = namesOf(writtenIn(change), base);
  const named = beside.filter((each) => each !== change && names.has(`${each.type}/${each.id}`));
  return [...change.labels, ...named.flatMap(({ labels }) => labels)];
}

/** As it will be, or as it was before it was deleted. */
function writtenIn({ resource, previous }: Change): Resource {
  if (resource !== undefined) return resource;
  return previous === undefined ? { resourceType: '' } : (parseJson(previous.body) as Resource);
}

/** What tells one trace of a request from another. */
const apart = ({ patients, labels }: Change): string => JSON.stringify([patients, labels]);
