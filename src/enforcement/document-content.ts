/** Content that lies apart from its document: a Binary, or a FHIR document, that is nobody's by itself and follows what names it. */
import type { Attributes, Condition } from '../condition/condition.ts';
import type { Bytes } from '../fhir/content/about.ts';
import { type ContentType, type Known, contentIn, knownOf, locationOf } from '../fhir/content/attachment.ts';
import { items } from '../fhir/items.ts';
import { parseJson } from '../fhir/json.ts';
import { listType } from '../fhir/lists.ts';
import type { Reference, Resource } from '../fhir/resource.ts';
import { everythingOf, type Filter } from '../search/filter.ts';
import { Access } from './access.ts';
import type { ResourceStore, Stored } from './ports.ts';

/** SubmissionSets of one document that go with it. */
const MOST_SETS = 20;

/** What may be a document's content, as the caller may read it. */
export interface ReadContent {
  content: Stored;
  /** Whose content it is: one that the caller may read. Absent: it is read by itself, or is nobody's. */
  document: Attributes | undefined;
}

/**
 * A Binary, or a FHIR document, that the caller may read by itself or by a document that they may read and that names it.
 * Only its own depositor's documents count: naming somebody's Binary in a document of one's own opens nothing. One that
 * says by itself whose data it is follows that alone.
 * @param asked `byDocument`: else by itself alone; `refused` is told of what is there and not given
 */
export async function contentFor(
  port: ResourceStore,
  access: Access,
  [type, id]: readonly [ContentType, string],
  asked: { byDocument: boolean; refused?: (facts: Attributes) => void },
): Promise<ReadContent | undefined> {
  const attached = await port.attached(access, type, id);
  if (attached === undefined) return undefined;
  const { facts, isGiven, documents, open } = attached;
  const document = facts.patients.length === 0 ? documentOf(facts, documents) : undefined;
  if (!isGiven && (document === undefined || !asked.byDocument)) {
    asked.refused?.(facts);
    return undefined;
  }
  const content = await open();
  return content === undefined ? undefined : { content, document };
}

/** It was nobody's by itself, and is deleted: what it was the content of is named where it is. */
export async function isContentGone(port: ResourceStore, type: string, id: string): Promise<boolean> {
  const content = await port.get(Access.internal('whether content is deleted'), type, id);
  return content?.method === 'DELETE' && content.patients.length === 0;
}

/** Content of the caller's own that no document of theirs names but this one, and SubmissionSets of nothing else: they go with it. */
export async function goesWith(
  port: ResourceStore,
  { depositor }: Pick<Access, 'depositor'>,
  document: Stored,
  base: string,
): Promise<Stored[]> {
  const { by, id: named, body } = document;
  if (by !== depositor) return [];
  const access = Access.internal('content that goes with its document', { is: 'by', among: [by] });
  const each = await Promise.all(
    contentIn(parseJson(body) as Resource, base).map(async (name) => {
      const [type = '', id = ''] = name.split('/');
      const [documents, content] = await Promise.all([
        port.byIdentity(access, 'DocumentReference', locationOf(name)),
        port.get(access, type, id),
      ]);
      const isThere = content !== undefined && content.method !== 'DELETE';
      return isThere && documents.every((other) => other.id === named) ? [content] : [];
    }),
  );
  return [...each.flat(), ...(await setsOf(port, document))];
}

/** What is known of the content of a Binary that the caller deposited. */
export async function ownContent(
  port: ResourceStore,
  { depositor }: Pick<Access, 'depositor'>,
  id: string,
): Promise<Known | undefined> {
  if (depositor === undefined) return undefined;
  const own: Condition = { is: 'by', among: [depositor] };
  const access = Access.internal('what a document says of its depositor’s own content', own);
  const binary = await port.get(access, 'Binary', id);
  if (binary === undefined || binary.method === 'DELETE') return undefined;
  const { contentType, data } = JSON.parse(binary.body.toString()) as Resource;
  if (typeof data === 'string') return knownOf(data, contentType);
  const content = binary.content === undefined ? undefined : await port.content(binary.content);
  if (content === undefined) return undefined;
  return { contentType: contentType as string, size: content.size, sha1: () => content.sha1 };
}

/** The same content itself, of a FHIR document too, by its first bytes where it lies as bytes. @param name `Type/id` */
export async function ownBytes(
  port: ResourceStore,
  { depositor }: Pick<Access, 'depositor'>,
  name: string,
): Promise<Bytes | Resource | undefined> {
  if (depositor === undefined) return undefined;
  const own: Condition = { is: 'by', among: [depositor] };
  const access = Access.internal('whom its depositor’s own content is about', own);
  const [type = '', id = ''] = name.split('/');
  const found = await port.get(access, type, id);
  if (found === undefined || found.method === 'DELETE') return undefined;
  const resource = parseJson(found.body) as Resource;
  const content = found.content === undefined ? undefined : await port.content(found.content);
  if (content === undefined) return resource;
  return {
    contentType: resource.contentType,
    first: async (most) => {
      const pieces: Buffer[] = [];
      for await (const piece of content.read(0, Math.min(most, content.size))) pieces.push(piece);
      return { bytes: Buffer.concat(pieces), isCut: content.size > most };
    },
  };
}

/** Documents of the caller's own that name this content. */
export async function ownNaming(
  port: ResourceStore,
  { depositor }: Pick<Access, 'depositor'>,
  name: string,
): Promise<Resource[]> {
  if (depositor === undefined) return [];
  const own: Condition = { is: 'by', among: [depositor] };
  const access = Access.internal('what a depositor’s own documents say of content', own);
  const found = await port.byIdentity(access, 'DocumentReference', locationOf(name));
  const each = await Promise.all(found.map(({ id }) => port.get(access, 'DocumentReference', id)));
  return each.flatMap((stored) =>
    stored === undefined || stored.method === 'DELETE' ? [] : [parseJson(stored.body) as Resource],
  );
}

async function setsOf(port: ResourceStore, { id, by, patients }: Stored): Promise<Stored[]> {
  const access = Access.internal('SubmissionSets that go with their document', { is: 'by', among: [by] });
  const about: Filter[] = [
    { op: 'reference', param: 'item', targets: [`DocumentReference/${id}`] },
    { op: 'reference', param: 'patient', targets: patients.map((patient) => `Patient/${patient}`) },
  ];
  const query = { ...everythingOf(['List'], MOST_SETS), filter: { op: 'and' as const, of: about } };
  const { matches } = await port.matching(access, query);
  return matches.filter((list) => isSetOf(list, id));
}

/** Of those that name it, one by the same depositor: if there is one, one that isn't hidden from its patient. */
function documentOf({ by }: Attributes, documents: readonly Attributes[]): Attributes | undefined {
  const naming = documents.filter((each) => each.by === by);
  return naming.find(({ hidden }) => hidden === undefined) ?? naming[0];
}

/** Whether it is a SubmissionSet of this document and of nothing else. */
function isSetOf({ body }: Stored, document: string): boolean {
  const list = parseJson(body) as Resource;
  return (
    listType(list) === 'submissionset' &&
    items(list.entry).every(
      ({ item }) => (item as Reference | undefined)?.reference === `DocumentReference/${document}`,
    )
  );
}
