/**
 * Content before it is written, wherever it stands in a resource: its length, its type, and what documents say of it. Of
 * Binaries that lie here only the caller's own are looked at: what is said of another's is neither checked nor told.
 */
import {
  type Known,
  type Measured,
  attachmentFault,
  contentAt,
  contentIn,
  knownOf,
  typeFault,
} from '../fhir/content/attachment.ts';
import type { Bytes } from '../fhir/content/about.ts';
import { type Held, contentsIn, heldIn } from '../fhir/content/held.ts';
import { type Taken, elsewhere } from '../fhir/content/taken.ts';
import { parseJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { ofEach } from './at-fault.ts';
import type { Change } from './ports.ts';

/** What else is there that changes are held against. */
export interface There {
  /** What is known of a Binary of the caller's own, by its id. */
  own(id: string): Promise<Known | undefined>;
  /** Documents of the caller's own that name this `Type/id` as their content. */
  naming(name: string): Promise<readonly Resource[]>;
  /** Content of the caller's own, by its `Type/id`. */
  content(name: string): Promise<Bytes | Resource | undefined>;
  /** Whose space is open, by logical id. */
  patient(id: string): Promise<Resource | undefined>;
  /** That the caller tried who these are, whether they are there or not, is traced. */
  tried(patients: readonly string[]): void;
}

/** @throws FhirError */
export type Vet = (changes: readonly Change[], there: There) => Promise<void>;

/** One after the other. */
export const vettingAll =
  (...vets: readonly Vet[]): Vet =>
  async (changes, there) => {
    for (const vet of vets) await vet(changes, there);
  };

/** @param most bytes of one content @param taken in documents @param base of the server */
export function vetting(most: number, taken: Taken, base: string): Vet {
  const beside = elsewhere(taken);
  return async (changes, { own, naming }) => {
    const measured = measuring();
    await ofEach(changes, async (change) => {
      const { resource, method, id } = change;
      if (resource === undefined) return;
      const { contents: found, strange } = heldIn(resource);
      for (const { holder, at } of strange)
        if (!linkedBefore(holder.url, change)) throw strangeLink(String(holder.url), at);
      for (const held of found) {
        const fault = dataFault(
          measured(held.holder)!,
          held.at,
          most,
          IN_DOCUMENTS.has(held.of) ? taken : beside,
        );
        if (fault !== undefined && !stoodThere(held, change)) throw fault;
      }
      if (resource.resourceType === 'Binary' && method === 'PUT')
        await vetReplacing(id, measured(resource), changes, naming);
      else if (resource.resourceType === 'DocumentReference')
        await vetDocument(resource, changes, own, measured);
    });
  };

  /** What documents say of content that is there holds of what comes in its place too. */
  async function vetReplacing(
    id: string,
    known: Known | undefined,
    changes: readonly Change[],
    naming: There['naming'],
  ): Promise<void> {
    const written = changes.filter(({ type }) => type === 'DocumentReference');
    const names = (document: Resource): boolean => contentIn(document, base).includes(`Binary/${id}`);
    if (known === undefined || written.some(({ resource }) => resource !== undefined && names(resource)))
      return;
    const gone = new Set(written.map((change) => change.id));
    for (const document of (await naming(`Binary/${id}`)).filter((each) => !gone.has(each.id!)))
      for (const { attachment } of contents(document)) {
        if (contentAt(attachment.url, base) !== `Binary/${id}`) continue;
        const fault = attachmentFault(attachment, known);
        if (fault === undefined) continue;
        throw new FhirError('business-rule', `${fault}: so says the document that names it`, {
          expression: 'Binary',
        });
      }
  }

  async function vetDocument(
    document: Resource,
    changes: readonly Change[],
    own: There['own'],
    measured: Measuring,
  ): Promise<void> {
    for (const [index, { attachment }] of contents(document).entries()) {
      const at = `DocumentReference.content[${index}].attachment`;
      const known = measured(attachment) ?? (await named(attachment, changes, own, measured));
      const fault = known === undefined ? undefined : attachmentFault(attachment, known);
      if (fault !== undefined) throw new FhirError('business-rule', fault, { expression: at });
    }
  }

  async function named(
    { url, size, hash, contentType }: Json,
    changes: readonly Change[],
    own: There['own'],
    measured: Measuring,
  ): Promise<Known | undefined> {
    const [type, id] = contentAt(url, base)?.split('/') ?? [];
    if (type !== 'Binary' || id === undefined) return undefined;
    const written = changes.find((change) => change.type === 'Binary' && change.id === id)?.resource;
    if (written !== undefined) return measured(written);
    const isSaid = size !== undefined || hash !== undefined || contentType !== undefined;
    return isSaid ? own(id) : undefined;
  }
}

/** What is held in `data`, looked at once. */
type Measuring = (holder: Json) => Measured | undefined;

function measuring(): Measuring {
  const known = new Map<Json, Measured>();
  return (holder) => {
    const { data, contentType } = holder;
    if (typeof data !== 'string') return undefined;
    let found = known.get(holder);
    if (found === undefined) known.set(holder, (found = knownOf(data, contentType)));
    return found;
  };
}

/** What a document holds, or may come to hold. */
const IN_DOCUMENTS: ReadonlySet<string> = new Set(['Binary', 'DocumentManifest', 'DocumentReference']);

function dataFault(measured: Measured, at: string, most: number, taken: Taken): FhirError | undefined {
  if (measured.size > most)
    return new FhirError('too-long', `the content is longer than ${most} bytes`, { expression: at });
  const fault = typeFault(measured, taken);
  return fault === undefined ? undefined : new FhirError('business-rule', fault, { expression: at });
}

const strangeLink = (url: string, expression: string): FhirError =>
  new FhirError(
    'business-rule',
    `an address \`${url.slice(0, url.indexOf(':'))}:\` is no place where content lies; allowed: http, https, ftp, urn, or relative ones; content stands in \`data\``,
    { expression },
  );

function linkedBefore(url: unknown, { previous }: Change): boolean {
  if (previous === undefined || previous.method === 'DELETE') return false;
  return heldIn(parseJson(previous.body) as Resource).strange.some(({ holder }) => holder.url === url);
}

/** What came under another rule stays: nobody is kept from masking or replacing it. */
export function stoodThere({ holder: { data, contentType } }: Held, { previous }: Change): boolean {
  if (previous === undefined || previous.method === 'DELETE') return false;
  return contentsIn(parseJson(previous.body) as Resource).some(
    ({ holder }) => holder.data === data && holder.contentType === contentType,
  );
}

function contents({ content }: Resource): { attachment: Json }[] {
  return (Array.isArray(content) ? (content as { attachment?: Json }[]) : []).flatMap(({ attachment }) =>
    attachment === undefined ? [] : [{ attachment }],
  );
}
