/**
 * `$meta`, `$meta-add`, `$meta-delete`: https://hl7.org/fhir/R4/resource-operation-meta.html. A change of labels is
 * a write like any other: a new version, by who may write.
 */
import { parseJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Coding, Json, Meta, Resource } from '../fhir/resource.ts';
import { validate } from '../fhir/validate/index.ts';
import { everythingOf } from '../search/filter.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { searchedTogether } from '../interaction/search.ts';
import { versionHeaders } from '../interaction/versions.ts';
import { changeOf, commitOne, inTurn, requireWrite } from '../interaction/write.ts';

/** Resources of which a type's or the server's `$meta` is put together. */
const MOST = 1000;

export function meta(context: Context, exchange: Exchange): Promise<Answer> {
  const { type, id } = exchange.params;
  if (type !== undefined && id !== undefined) return ofOne(exchange, type, id);
  return ofAll(exchange, type === undefined ? searchedTogether(context) : [type]);
}

async function ofOne(exchange: Exchange, type: string, id: string): Promise<Answer> {
  const stored = await exchange.store.read(type, id);
  if (stored === undefined) throw new FhirError('not-found', 'not found');
  if (stored.method === 'DELETE') throw new FhirError('deleted', 'deleted');
  return {
    status: 200,
    headers: versionHeaders(stored),
    body: answer((parseJson(stored.body) as Resource).meta),
  };
}

/** What the caller may see of a type or of all: every profile, label and tag once. */
async function ofAll(exchange: Exchange, types: string[]): Promise<Answer> {
  const { matches, next } = await exchange.store.search(everythingOf(types, MOST));
  if (next !== undefined) {
    throw new FhirError(
      'too-costly',
      `\`$meta\` of more than ${MOST} resources is not told: ask for the \`$meta\` of a type or of one of them`,
    );
  }
  const metas = matches.map(({ body }) => (parseJson(body) as Resource).meta ?? {});
  const all = metas.reduce<Meta>(
    (now, { profile = [], security = [], tag = [] }) => added(now, { profile, security, tag }),
    {},
  );
  return { status: 200, body: answer(pruned(inOrder(all))) };
}

/** INVARIANT: the order tells nothing of where each was found. */
function inOrder({ profile = [], security = [], tag = [] }: Meta): Meta {
  const sorted = (codings: Coding[]): Coding[] =>
    [...codings].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return { profile: [...profile].sort(), security: sorted(security), tag: sorted(tag) };
}

export const metaAdd = (context: Context, exchange: Exchange): Promise<Answer> =>
  change(context, exchange, added, ({ security = [] }) => new Set(security.map(({ code = '' }) => code)));
export const metaDelete = (context: Context, exchange: Exchange): Promise<Answer> =>
  change(context, exchange, removed, () => new Set());

async function change(
  context: Context,
  exchange: Exchange,
  apply: (now: Meta, asked: Meta) => Meta,
  said: (asked: Meta) => ReadonlySet<string>,
): Promise<Answer> {
  const { type, id } = exchange.params;
  const asked = metaIn(exchange);
  return inTurn(context, exchange, [`${type}/${id}`], async () => {
    const current = await exchange.store.read(type!, id!);
    if (current === undefined) throw new FhirError('not-found', 'not found');
    if (current.method === 'DELETE') throw new FhirError('deleted', 'deleted');
    await requireWrite(exchange, current, current, 'labels');
    if (type === 'AuditEvent') throw new FhirError('forbidden', 'an AuditEvent is never changed');
    const resource = parseJson(current.body) as Resource;
    resource.meta = pruned(apply(resource.meta ?? {}, asked));
    const change = await changeOf(exchange, 'PUT', resource, current, { says: said(asked) });
    const stored = await commitOne(exchange, change);
    return {
      status: 200,
      headers: versionHeaders(stored),
      body: answer((parseJson(stored.body) as Resource).meta),
    };
  });
}

const missing = (): FhirError =>
  new FhirError('required', 'Parameters with a `meta` (valueMeta) are required as body');

function metaIn({ body }: Exchange): Meta {
  const parameters = body?.kind === 'json' ? (body.value as Resource) : undefined;
  if (parameters?.resourceType !== 'Parameters') throw missing();
  const errors = validate(parameters).filter(({ severity }) => severity === 'error' || severity === 'fatal');
  if (errors.length > 0) throw FhirError.of(errors, 400);
  const value = ((parameters.parameter ?? []) as Json[]).find(({ name }) => name === 'meta')?.valueMeta;
  if (value === undefined) throw missing();
  const { profile = [], security = [], tag = [] } = value as Meta;
  return { profile, security, tag };
}

function added(now: Meta, asked: Meta): Meta {
  return {
    ...now,
    profile: [...new Set([...(now.profile ?? []), ...asked.profile!])],
    security: union(now.security, asked.security!),
    tag: union(now.tag, asked.tag!),
  };
}

function removed(now: Meta, asked: Meta): Meta {
  const without = (codings: Coding[] | undefined, gone: Coding[]): Coding[] =>
    (codings ?? []).filter((coding) => !gone.some((each) => keyOf(each) === keyOf(coding)));
  return {
    ...now,
    profile: (now.profile ?? []).filter((profile) => !asked.profile!.includes(profile)),
    security: without(now.security, asked.security!),
    tag: without(now.tag, asked.tag!),
  };
}

function union(now: Coding[] | undefined, more: Coding[]): Coding[] {
  return [...new Map([...(now ?? []), ...more].map((coding) => [keyOf(coding), coding])).values()];
}

function keyOf({ system, code }: Coding): string {
  return `${system ?? ''}|${code ?? ''}`;
}

function pruned(value: Meta): Meta {
  return Object.fromEntries(
    Object.entries(value).filter(([, part]) => !Array.isArray(part) || part.length > 0),
  );
}

/** R4 has no empty element, so that nothing to tell is no parameter. */
function answer(value: Meta = {}): Resource {
  const parameter =
    Object.keys(value).length === 0 ? {} : { parameter: [{ name: 'return', valueMeta: value }] };
  return { resourceType: 'Parameters', ...parameter };
}
