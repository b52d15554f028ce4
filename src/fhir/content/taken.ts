/** Which content is taken: kinds that are known by what they look like, and types that a deployment takes unseen. */
import { GROUPS, type Group } from './ends.ts';

export interface Taken {
  groups: ReadonlySet<Group>;
  /** Of which nothing is known. */
  types: ReadonlySet<string>;
}

/** What documents of the national space hold: PDF, images, text, RTF, CDA, FHIR documents, references to images. */
export const OF_DOCUMENTS: readonly Group[] = ['pdf', 'image', 'rtf', 'text', 'xml', 'json', 'kos'];

export const takes = ({ groups }: Taken, group: Group): boolean => groups.has(group);

/** In what is no document: all that can be told from its bytes, and what the deployment's documents may hold. */
export const elsewhere = ({ types }: Pick<Taken, 'types'>): Taken => ({ groups: new Set(GROUPS), types });

export const DOCUMENTS_TAKEN: Taken = { groups: new Set(OF_DOCUMENTS), types: new Set() };
