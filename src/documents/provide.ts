/**
 * ITI-65, Provide Document Bundle: a transaction that is checked as such, of which nothing is doubled when it is sent
 * again, and that supersedes what it replaces. https://profiles.ihe.net/ITI/MHD/ITI-65.html
 */
import { items } from '../fhir/items.ts';
import type { Stored } from '../enforcement/ports.ts';
import { copyJson, parseJson, stringifyJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Reference, Resource } from '../fhir/resource.ts';
import { bundleOf } from '../interaction/bundle.ts';
import { findOne } from '../interaction/condition.ts';
import type { Context } from '../interaction/context.ts';
import { answered } from '../interaction/entry-answer.ts';
import { blaming } from '../interaction/entry-fault.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { preferred } from '../interaction/preferred.ts';
import { referenceTo } from '../interaction/references.ts';
import { transaction } from '../interaction/transaction.ts';
import { inTurn, written } from '../interaction/write.ts';
import { attachmentsOf, claimsProvide, uniqueIdOf } from './codes.ts';
import { following } from './document-bundle.ts';
import { patientsBrought } from './brought-patient.ts';
import { namedByNumber } from './named-patient.ts';
import { type Part, checkProvided, completed, isProvided, local, made, partsOf } from './provided.ts';
import { earlier, requireSame, requireSameContents, requireSameDocument } from './repeated.ts';
import { documentIn, targetsKnown } from './replacing.ts';

/** Tries when others deposit the same at the same moment. */
const TRIES = 3;

/** Any other Bundle is carried out as it always is. */
export async function provide(context: Context, exchange: Exchange): Promise<Answer> {
  const { body } = exchange;
  const sent = body?.kind === 'json' ? (body.value as Resource) : undefined;
  if (sent?.type === 'batch' && claimsProvide(sent)) {
    throw new FhirError('business-rule', 'a Provide Document Bundle is a `transaction`', {
      expression: 'Bundle.type',
    });
  }
  if (body === undefined || sent?.type !== 'transaction' || !bringsDocuments(sent))
    return transaction(context, exchange);
  const names = partsOf(sent).flatMap(({ resource }) =>
    resource === undefined ? [] : (uniqueIdOf(resource) ?? []),
  );
  const things = [...new Set(names)].map((name) => `DocumentReference#${name}`);
  return inTurn(context, exchange, things, async () => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(context, exchange, copyJson(sent));
      } catch (error) {
        const isRepeated = error instanceof FhirError && error.issues[0]?.code === 'duplicate';
        if (!isRepeated || attempt === TRIES || !(await isKnownNow(context, exchange, sent))) throw error;
      }
    }
  });
}

const bringsDocuments = (bundle: Resource): boolean => {
  const parts = partsOf(bundle);
  return made(parts, 'DocumentReference').length > 0 || isProvided(bundle, parts);
};

async function once(context: Context, exchange: Exchange, bundle: Resource): Promise<Answer> {
  const parts = partsOf(bundle);
  const provides = isProvided(bundle, parts);
  const patients = provides
    ? await patientsBrought(context, exchange, bundle, parts)
    : new Map<number, string>();
  await subjectsKnown(context, exchange, parts);
  if (provides) checkProvided(parts, exchange.base);
  completed(parts);
  followingDocuments(parts);
  const known = await knownOf(context, exchange, parts);
  const left = parts.filter(({ index }) => !known.has(index) && !patients.has(index));
  const redundant = await redundantOf(context, exchange, left);
  const rest = left.filter(({ index }) => !redundant.has(index));
  if (rest.length === parts.length) return transaction(context, withBundle(exchange, bundle));
  const answers: Json[] =
    rest.length === 0
      ? []
      : items(
          (
            parseJson(
              (
                await transaction(
                  context,
                  withBundle(exchange, { ...bundle, entry: rest.map(({ entry }) => entry) }),
                )
              ).body as Buffer,
            ) as Resource
          ).entry,
        );
  const pieces = new Map<number, (string | Buffer)[]>();
  for (const [place, { index }] of rest.entries()) pieces.set(index, [stringifyJson(answers[place])]);
  for (const [index, stored] of known) pieces.set(index, told(exchange, stored, true));
  for (const [index, id] of patients) pieces.set(index, [patientAnswer(`${exchange.base}/Patient/${id}`)]);
  for (const [index, id] of redundant) {
    const stored = await exchange.store.read('DocumentReference', id);
    if (stored !== undefined) pieces.set(index, told(exchange, stored, false));
  }
  const inOrder = parts.map(({ index }) => pieces.get(index) ?? ['{"response":{"status":"200 OK"}}']);
  return { status: 200, body: bundleOf({ type: 'transaction-response', links: [] }, inOrder) };
}

const told = (exchange: Exchange, stored: Stored, created: boolean): (string | Buffer)[] =>
  answered(
    preferred(written(exchange, stored, created), exchange.prefer),
    exchange,
    created ? 'POST' : 'PATCH',
  );

/** What version it has is not told. */
const patientAnswer = (location: string): string =>
  JSON.stringify({ response: { status: '200 OK', location } });

/** Subjects that are a national number or a search become who that finds, once for all entries that say the same. */
async function subjectsKnown(context: Context, exchange: Exchange, parts: readonly Part[]): Promise<void> {
  const found = new Map<string, string | undefined>();
  for (const part of [...made(parts, 'DocumentReference'), ...made(parts, 'List')]) {
    const resource = namedByNumber(part.resource!, exchange.subject);
    const subject = resource.subject as Reference | undefined;
    const query = typeof subject?.reference === 'string' ? subject.reference : '';
    if (query.startsWith('Patient?') && !found.has(query))
      found.set(query, await referenceTo(context, exchange, query, []).catch(blaming(part)));
    const reference = found.get(query) ?? subject?.reference;
    // whom nobody is found by, another entry may make; else the transaction refuses it
    part.resource =
      reference === subject?.reference ? resource : { ...resource, subject: { ...subject, reference } };
    part.entry.resource = part.resource;
  }
}

const withBundle = (exchange: Exchange, value: Resource): Exchange => ({
  ...exchange,
  body: { kind: 'json', contentType: 'application/fhir+json', value, bytes: Buffer.alloc(0) },
});

/** A FHIR document that is a document's content is read as that document is. */
function followingDocuments(parts: readonly Part[]): void {
  const contents = new Set(
    made(parts, 'DocumentReference').flatMap(({ resource }) =>
      attachmentsOf(resource!).map(({ url }) => url),
    ),
  );
  for (const part of made(parts, 'Bundle')) {
    if (part.fullUrl === undefined || !contents.has(part.fullUrl) || part.resource!.type !== 'document')
      continue;
    part.resource = following(part.resource!);
    part.entry.resource = part.resource;
  }
}

/**
 * What of the Bundle its depositor has deposited before, by place; what is left names it by where it is.
 * @throws FhirError 409 when it has changed
 */
async function knownOf(
  context: Context,
  exchange: Exchange,
  parts: readonly Part[],
): Promise<Map<number, Stored>> {
  const known = new Map<number, Stored>();
  const names = new Map<string, string>();
  const note = (part: Part, stored: Stored): void => {
    known.set(part.index, stored);
    if (part.fullUrl !== undefined) names.set(part.fullUrl, `${stored.type}/${stored.id}`);
  };
  const contents = new Map(parts.map((part) => [part.fullUrl, part]));
  for (const part of made(parts, 'DocumentReference')) {
    const stored = await earlier(exchange, part.resource!);
    if (stored === undefined) continue;
    requireSame(await resolved(context, exchange, part.resource!), stored, at(part));
    await requireSameContents(exchange, part.resource!, stored, at(part));
    note(part, stored);
    await noteContents(exchange, part, stored, contents, note);
  }
  for (const part of made(parts, 'List')) {
    const stored = await earlier(exchange, part.resource!);
    if (stored === undefined) continue;
    requireSame(await resolved(context, exchange, namedAs(part.resource!, names)), stored, at(part));
    note(part, stored);
  }
  if (names.size > 0) {
    for (const part of parts) {
      if (part.resource === undefined || known.has(part.index)) continue;
      part.resource = namedAs(part.resource, names);
      part.entry.resource = part.resource;
    }
  }
  return known;
}

/** The content of a document that is known is where that document says. */
async function noteContents(
  { store }: Exchange,
  part: Part,
  stored: Stored,
  contents: ReadonlyMap<string | undefined, Part>,
  note: (part: Part, stored: Stored) => void,
): Promise<void> {
  const held = attachmentsOf(parseJson(stored.body) as Resource);
  for (const [index, { url }] of attachmentsOf(part.resource!).entries()) {
    const content = typeof url === 'string' ? contents.get(url) : undefined;
    const [, type, id] = /^(Binary|Bundle)\/([A-Za-z0-9\-.]{1,64})$/.exec(String(held[index]?.url)) ?? [];
    const there = content === undefined || type === undefined ? undefined : await store.read(type, id!);
    if (there === undefined || there.method === 'DELETE') continue;
    const sent = content!.resource;
    if (type === 'Bundle' && sent !== undefined) requireSameDocument(part.resource!, sent, there, at(part));
    note(content!, there);
  }
}

/** The subject by a search is who it finds, and what is replaced by its name where it is: so it stands in what was stored. */
async function resolved(context: Context, exchange: Exchange, resource: Resource): Promise<Resource> {
  const known = await targetsKnown(exchange, resource);
  const named = (resource.subject as Reference | undefined)?.reference;
  if (typeof named !== 'string' || !named.startsWith('Patient?')) return known;
  const reference = await referenceTo(context, exchange, named, []);
  return reference === undefined
    ? known
    : { ...known, subject: { ...(resource.subject as Json), reference } };
}

/** With references and addresses to entries as what these are here. */
function namedAs(resource: Resource, names: ReadonlyMap<string, string>): Resource {
  const visit = (value: unknown, name: string): unknown => {
    if (Array.isArray(value)) return value.map((each) => visit(each, name));
    if (typeof value === 'string')
      return name === 'reference' || name === 'url' ? (names.get(value) ?? value) : value;
    if (typeof value !== 'object' || value === null || value.constructor !== Object) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, key)]));
  };
  return visit(resource, '') as Resource;
}

/** Entries by which a source supersedes itself what it replaces, with its id: the replacement does it, and nothing else. */
async function redundantOf(
  context: Context,
  exchange: Exchange,
  parts: readonly Part[],
): Promise<Map<number, string>> {
  const redundant = new Map<number, string>();
  const replaced = await replacedIn(context, exchange, parts);
  if (replaced.size === 0) return redundant;
  const changes = parts.filter(
    ({ method, url }) =>
      (method === 'PATCH' || method === 'PUT') && /^DocumentReference[/?]/.test(local(exchange.base, url)),
  );
  if (changes.length === 0) return redundant;
  for (const { index, url } of changes) {
    const id = await idOf(context, exchange, url);
    if (id !== undefined && replaced.has(id)) redundant.set(index, id);
  }
  return redundant;
}

/** Ids of the documents here that those of the Bundle replace. @throws FhirError 409 when two replace one */
async function replacedIn(
  context: Context,
  exchange: Exchange,
  parts: readonly Part[],
): Promise<ReadonlyMap<string, Part>> {
  const replaced = new Map<string, Part>();
  for (const part of made(parts, 'DocumentReference')) {
    for (const { code, target } of items((await targetsKnown(exchange, part.resource!)).relatesTo)) {
      const { reference } = (target ?? {}) as Reference;
      const isNamed = code === 'replaces' && typeof reference === 'string';
      const id = isNamed ? await idOf(context, exchange, reference) : undefined;
      if (id === undefined) continue;
      if ((replaced.get(id) ?? part) !== part) {
        throw new FhirError('duplicate', `two documents replace \`${id}\`: one does`, {
          expression: `${at(part)}.relatesTo`,
        });
      }
      replaced.set(id, part);
    }
  }
  return replaced;
}

async function idOf(context: Context, exchange: Exchange, url: string): Promise<string | undefined> {
  const address = local(exchange.base, url);
  if (address.startsWith('DocumentReference?')) {
    const { found } = await findOne(
      context,
      exchange,
      'DocumentReference',
      address.slice('DocumentReference?'.length),
    );
    return found?.id;
  }
  return documentIn(address);
}

async function isKnownNow(context: Context, exchange: Exchange, bundle: Resource): Promise<boolean> {
  for (const { resource } of made(partsOf(bundle), 'DocumentReference')) {
    const stored = await earlier(exchange, resource!);
    if (stored === undefined) continue;
    requireSame(await resolved(context, exchange, namedByNumber(resource!, exchange.subject)), stored);
    return true;
  }
  return false;
}

const at = ({ index }: Part): string => `Bundle.entry[${index}].resource`;
