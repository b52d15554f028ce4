/**
 * Content before it is written: its length, its type, and what documents say of it. Of Binaries that lie here only the
 * caller's own are looked at: what is said of another's is neither checked nor told.
 */
import { type Known, attachmentFault, knownOf, typeFault } from '../fhir/content/attachment.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import type { Change } from './ports.ts';

/** A Binary of the caller's own by its id. */
export type OwnContent = (id: string) => Promise<Known | undefined>;

/** @throws FhirError */
export type Vet = (changes: readonly Change[], own: OwnContent) => Promise<void>;

/** One after the other. */
export const vettingAll =
  (...vets: readonly Vet[]): Vet =>
  async (changes, own) => {
    for (const vet of vets) await vet(changes, own);
  };

/** @param most bytes of one content @param base of the server */
export function vetting(most: number, base: string): Vet {
  return async (changes, own) => {
    for (const { resource } of changes) {
      if (resource?.resourceType === 'Binary') vetData(resource, 'Binary', most);
      else if (resource?.resourceType === 'DocumentReference') await vetDocument(resource, changes, own);
    }
  };

  async function vetDocument(document: Resource, changes: readonly Change[], own: OwnContent): Promise<void> {
    for (const [index, { attachment }] of contents(document).entries()) {
      const at = `DocumentReference.content[${index}].attachment`;
      const { data, contentType } = attachment;
      if (typeof data === 'string') vetData(attachment, at, most);
      const known =
        typeof data === 'string' ? knownOf(data, contentType) : await named(attachment, changes, own);
      const fault = known === undefined ? undefined : attachmentFault(attachment, known);
      if (fault !== undefined) throw new FhirError('business-rule', fault, { expression: at });
    }
  }

  async function named(
    { url, size, hash }: Json,
    changes: readonly Change[],
    own: OwnContent,
  ): Promise<Known | undefined> {
    if (typeof url !== 'string') return undefined;
    const local = url.startsWith(`${base}/`) ? url.slice(base.length + 1) : url;
    const id = /^Binary\/([A-Za-z0-9\-.]{1,64})$/.exec(local)?.[1];
    if (id === undefined) return undefined;
    const written = changes.find((change) => change.type === 'Binary' && change.id === id)?.resource;
    if (written !== undefined)
      return typeof written.data === 'string' ? knownOf(written.data, written.contentType) : undefined;
    return size === undefined && hash === undefined ? undefined : own(id);
  }
}

function vetData({ data, contentType }: Json, at: string, most: number): void {
  if (typeof data !== 'string') return;
  const { size } = knownOf(data, contentType);
  if (size > most)
    throw new FhirError('too-long', `the content is longer than ${most} bytes`, { expression: at });
  const fault = typeFault(data, contentType);
  if (fault !== undefined) throw new FhirError('business-rule', fault, { expression: at });
}

function contents({ content }: Resource): { attachment: Json }[] {
  return (Array.isArray(content) ? (content as { attachment?: Json }[]) : []).flatMap(({ attachment }) =>
    attachment === undefined ? [] : [{ attachment }],
  );
}
