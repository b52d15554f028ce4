/** One METADATA.XML and the files beside it as transactions, and what of it is rejected. */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import {
  documentFault,
  documentReference,
  first,
  listOf,
  type Placed,
} from '../../documents/xds/document-reference.ts';
import {
  type XdsDocument,
  type XdsMetadata,
  type XdsObject,
  readMetadata,
} from '../../documents/xds/metadata.ts';
import { type Ins, insOf } from '../../documents/xds/people.ts';
import { isCda } from '../../fhir/cda/people.ts';
import { contentCheck } from '../../fhir/content/check.ts';
import { bare } from '../../fhir/content/kinds.ts';
import { elsewhere } from '../../fhir/content/taken.ts';
import { FhirError } from '../../fhir/outcome.ts';
import type { Resource } from '../../fhir/resource.ts';
import { parseXml } from '../../fhir/xml-tree.ts';
import type { Archive } from './archive.ts';

export interface Rejected {
  path: string;
  reason: string;
}

/** What is written together: a document with its content, or a list of documents. */
export interface Piece {
  path: string;
  resources: Resource[];
  /** Bytes of content. */
  size: number;
}

export interface Submission {
  pieces: AsyncGenerator<Piece | Rejected>;
  /** Paths that the metadata names. */
  named: Set<string>;
}

interface Entry {
  entry: XdsDocument;
  ins: Ins;
  id: string;
  path: string;
}

const RELATIONS: Readonly<Record<string, Placed['related'][number]['code']>> = {
  RPLC: 'replaces',
  XFRM_RPLC: 'replaces',
  APND: 'appends',
  XFRM: 'transforms',
};

/** @param prefix of ids that the caller may make @throws FhirError when the metadata can't be read */
export function readSubmission(archive: Archive, path: string, bytes: Buffer, prefix: string): Submission {
  const metadata = readMetadata(bytes);
  const named = new Set<string>();
  const rejected: Rejected[] = [];
  const entries: Entry[] = [];
  for (const entry of metadata.documents) {
    const file = fileOf(entry, path);
    if (file !== undefined) named.add(file);
    const ins = insOf(entry.patientId);
    const fault =
      documentFault(entry) ??
      (typeof ins === 'string' ? ins : undefined) ??
      (file === undefined ? 'the document has no URI inside the archive' : undefined);
    if (fault !== undefined) rejected.push({ path: file ?? `${path}#${entry.id}`, reason: fault });
    else
      entries.push({
        entry,
        ins: ins as Ins,
        id: idOf(prefix, 'd', ins as Ins, entry.uniqueId!),
        path: file!,
      });
  }
  return { named, pieces: pieces(archive, path, metadata, entries, rejected, prefix) };
}

async function* pieces(
  archive: Archive,
  path: string,
  metadata: XdsMetadata,
  entries: readonly Entry[],
  rejected: readonly Rejected[],
  prefix: string,
): AsyncGenerator<Piece | Rejected> {
  yield* rejected;
  const kept = new Map<string, Entry>();
  const related = relationsOf(metadata, entries);
  for (const each of entries) {
    const made = await piece(archive, related.get(each.entry.id) ?? [], each, prefix);
    if ('resources' in made) kept.set(each.entry.id, each);
    yield made;
  }
  for (const [sets, kind] of [
    [metadata.sets, 'submissionset'],
    [metadata.folders, 'folder'],
  ] as const)
    for (const set of sets) yield* list(path, metadata, set, kind, kept, prefix);
}

/** By the id of what replaces, appends to or transforms. */
function relationsOf(
  { associations }: XdsMetadata,
  entries: readonly Entry[],
): Map<string, Placed['related'][number][]> {
  const ids = new Map(entries.map(({ entry, id }) => [entry.id, id]));
  const related = new Map<string, Placed['related'][number][]>();
  for (const { type, source, target } of associations) {
    const [code, id] = [RELATIONS[type], ids.get(target)];
    if (code === undefined || id === undefined) continue;
    related.set(source, [...(related.get(source) ?? []), { code, id }]);
  }
  return related;
}

async function piece(
  archive: Archive,
  related: Placed['related'],
  { entry, ins, id, path }: Entry,
  prefix: string,
): Promise<Piece | Rejected> {
  const file = archive.files.get(path);
  if (file === undefined) {
    const refused = archive.refused.find((each) => each.path === path);
    return { path, reason: refused?.reason ?? 'the file is not in the archive' };
  }
  const bytes = await file.read().catch(() => undefined);
  if (bytes === undefined) return { path, reason: 'the file can not be read' };
  const sha1 = createHash('sha1').update(bytes).digest();
  const reason = contentFault(entry, bytes, sha1);
  if (reason !== undefined) return { path, reason };
  const binary = idOf(prefix, 'b', ins, entry.uniqueId!);
  const placed: Placed = {
    ins,
    id,
    binary,
    size: bytes.length,
    sha1: sha1.toString('base64'),
    related,
  };
  const content = {
    resourceType: 'Binary',
    id: binary,
    contentType: entry.mimeType,
    // who may read it, the document's own labels say
    securityContext: { reference: `DocumentReference/${id}` },
    data: bytes.toString('base64'),
  };
  return { path, resources: [content, documentReference(entry, placed)], size: bytes.length };
}

function* list(
  path: string,
  { associations }: XdsMetadata,
  set: XdsObject,
  kind: 'submissionset' | 'folder',
  kept: ReadonlyMap<string, Entry>,
  prefix: string,
): Generator<Piece | Rejected> {
  const members = associations.filter(({ type, source }) => type === 'HasMember' && source === set.id);
  const ins = insOf(set.patientId);
  const documents = members
    .flatMap(({ target }) => kept.get(target) ?? [])
    .filter((each) => typeof ins === 'string' || each.ins.value === ins.value);
  if (documents.length === 0) return;
  if (typeof ins === 'string') yield { path: `${path}#${set.id}`, reason: ins };
  else {
    const id = idOf(prefix, kind === 'folder' ? 'f' : 's', ins, set.uniqueId ?? `${path}#${set.id}`);
    const ids = documents.map((each) => each.id);
    yield { path: `${path}#${set.id}`, resources: [listOf(set, kind, { id, ins, documents: ids })], size: 0 };
  }
}

function contentFault(entry: XdsDocument, bytes: Buffer, sha1: Buffer): string | undefined {
  const [hash, size] = [first(entry, 'hash'), first(entry, 'size')];
  if (size !== undefined && Number(size) !== bytes.length)
    return `the metadata says ${size} bytes, the file has ${bytes.length}`;
  if (hash !== undefined && hash.toLowerCase() !== sha1.toString('hex'))
    return 'the SHA-1 of the file is not that of the metadata';
  // which types are taken, and whom a document may be about, the server says
  const check = contentCheck(entry.mimeType!, elsewhere({ types: new Set([bare(entry.mimeType!)]) }));
  check.take(bytes);
  const fault = check.end();
  if (fault !== undefined) return fault;
  if (!/xml/.test(entry.mimeType!)) return undefined;
  try {
    return isCda(parseXml(bytes)) ? undefined : 'the XML is no CDA document';
  } catch (error) {
    if (error instanceof FhirError) return error.message;
    throw error;
  }
}

/** Where the document's file is, below the metadata. Undefined: nowhere in the archive. */
function fileOf(entry: XdsDocument, metadata: string): string | undefined {
  const uri = (entry.slots.get('URI') ?? []).join('');
  if (uri === '' || /^[a-z][\w+.-]*:|^[/\\]/i.test(uri)) return undefined;
  const path = posix.normalize(posix.join(posix.dirname(metadata), uri.replaceAll('\\', '/')));
  return path.startsWith('../') || path.startsWith('/') ? undefined : path;
}

/** The same for the same document, so that nothing is stored twice. */
function idOf(prefix: string, kind: string, { system, value }: Ins, uniqueId: string): string {
  const hash = createHash('sha256').update(`${kind}|${system}|${value}|${uniqueId}`).digest('hex');
  return `${prefix}${kind}${hash.slice(0, 32)}`;
}
