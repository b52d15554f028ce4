/** A uniqueId that its depositor sends again: the same content gets the same answer, other content 409. */
import { items } from '../fhir/items.ts';
import type { Stored } from '../enforcement/ports.ts';
import { contentAt, knownOf } from '../fhir/content/attachment.ts';
import { parseJson, stringifyJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import type { Exchange } from '../interaction/exchange.ts';
import { documentIn } from './attachment.ts';
import { attachmentsOf, uniqueIdOf } from './codes.ts';

/** What may have changed since: by a replacement, the patient's labels, an archive. */
const CHANGING = ['id', 'meta', 'status', 'securityLabel', 'extension', 'text'] as const;
/** Where the content lies is the server's to say. */
const OURS = /^(Binary|Bundle)\/|^urn:uuid:|\/Binary\//;

/** What the caller deposited under this uniqueId; nothing of what others did. */
export async function earlier({ store }: Exchange, resource: Resource): Promise<Stored | undefined> {
  const name = uniqueIdOf(resource);
  if (name === undefined) return undefined;
  return store.ownDeposit(resource.resourceType, name, (body) => uniqueIdOf(body) === name);
}

/** @throws FhirError 409 */
export function requireSame(sent: Resource, stored: Stored, expression = sent.resourceType): void {
  const held = parseJson(stored.body) as Resource;
  if (alike(plain(comparable(sent, held)), plain(comparable(held)))) return;
  throw changed(sent, expression);
}

const changed = (sent: Resource, expression: string): FhirError =>
  new FhirError('duplicate', `\`${uniqueIdOf(sent)}\` names something else that you deposited`, {
    expression,
  });

/** FHIR documents that came in a document, with the Bundles that they became. @throws FhirError 409 */
export async function requireSameDocuments(
  store: Pick<Exchange['store'], 'read'>,
  sent: Resource,
  stored: Stored,
): Promise<void> {
  const held = attachmentsOf(parseJson(stored.body) as Resource);
  for (const [index, attachment] of attachmentsOf(sent).entries()) {
    if (!isBundle(held[index]) || typeof attachment.data !== 'string') continue;
    const document = documentIn(attachment, `DocumentReference.content[${index}].attachment`);
    const kept = await store.read('Bundle', String(held[index]!.url).slice('Bundle/'.length));
    if (document === undefined || kept === undefined || !isSameDocument(document, kept))
      throw changed(sent, sent.resourceType);
  }
}

/** Content that lay here before its document came: told by its bytes, whatever it is called now. @throws FhirError 409 */
export async function requireSameContents(
  { store, base }: Pick<Exchange, 'store' | 'base'>,
  sent: Resource,
  stored: Stored,
  expression = sent.resourceType,
): Promise<void> {
  const held = attachmentsOf(parseJson(stored.body) as Resource);
  for (const [index, { url }] of attachmentsOf(sent).entries()) {
    const [now, before] = [binaryAt(url, base), binaryAt(held[index]?.url, base)];
    if (now === undefined || now === before) continue;
    const [one, other] = await Promise.all([
      store.ownContent(now),
      before === undefined ? undefined : store.ownContent(before),
    ]);
    const isSame = one !== undefined && one.size === other?.size && one.sha1() === other.sha1();
    if (!isSame) throw changed(sent, expression);
  }
}

function binaryAt(url: unknown, base: string): string | undefined {
  const [type, id] = contentAt(url, base)?.split('/') ?? [];
  return type === 'Binary' ? id : undefined;
}

/** A FHIR document in the Bundle of an ITI-65, which has no hash to be told by, with what was kept of it. @throws FhirError 409 */
export function requireSameDocument(
  sent: Resource,
  document: Resource,
  kept: Stored,
  expression: string,
): void {
  if (!isSameDocument(document, kept)) throw changed(sent, expression);
}

const isSameDocument = (document: Resource, kept: Stored): boolean =>
  kept.method !== 'DELETE' && alike(plain(bare(document)), plain(bare(parseJson(kept.body) as Resource)));

const isBundle = ({ url }: Json = {}): boolean => typeof url === 'string' && url.startsWith('Bundle/');

const bare = ({ id: _id, meta: _meta, ...rest }: Resource): Resource => rest;

/** @param held what was kept of it: a Bundle has neither size nor hash */
function comparable(resource: Resource, held = resource): Resource {
  const compared = { ...resource };
  for (const name of CHANGING) delete compared[name];
  if (resource.resourceType !== 'DocumentReference') return compared;
  const kept = items(held.content).map(({ attachment }) => attachment as Json | undefined);
  const content = items(resource.content).map((each, index) => ({
    ...each,
    attachment: attached(each.attachment as Json | undefined, isBundle(kept[index])),
  }));
  return { ...compared, content };
}

function attached(attachment: Json = {}, inBundle = false): Json {
  const { data, url, ...rest } = attachment;
  if (typeof data === 'string' && inBundle) {
    const { size: _size, hash: _hash, ...about } = rest;
    return about;
  }
  if (typeof data === 'string') {
    const { size, sha1 } = knownOf(data, rest.contentType);
    return { ...rest, size, hash: sha1() };
  }
  return typeof url === 'string' && !OURS.test(url) ? { ...rest, url } : rest;
}

/** Without what JSON doesn't tell apart, such as how a number was written. */
const plain = (resource: Resource): unknown => JSON.parse(stringifyJson(resource)) as unknown;

/** Of the reference to what the same Bundle brings, or finds by a search, the other names who that was. */
const ELSEWHERE = /^(urn:(uuid|oid):|[A-Z][A-Za-z]+\?)/;

function alike(sent: unknown, held: unknown, name = ''): boolean {
  if (name === 'reference' && typeof sent === 'string' && typeof held === 'string' && ELSEWHERE.test(sent))
    return true;
  if (Array.isArray(sent) && Array.isArray(held)) {
    return sent.length === held.length && sent.every((each, index) => alike(each, held[index]));
  }
  if (typeof sent !== 'object' || typeof held !== 'object' || sent === null || held === null)
    return sent === held;
  const names = new Set([...Object.keys(sent), ...Object.keys(held)]);
  return [...names].every((each) => alike((sent as Json)[each], (held as Json)[each], each));
}
