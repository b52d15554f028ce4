/**
 * Chains, `_has`, hierarchies and `_list` become ids, by searches that pass the same gate: what the caller can't see leads
 * nowhere. https://hl7.org/fhir/R4/search.html#chaining
 */
import type { Access } from '../../enforcement/access.ts';
import { FhirError } from '../../fhir/outcome.ts';
import type { Resource } from '../../fhir/resource.ts';
import { canonicalOf, canonicalsIn, named, namingAny } from '../../search/canonical.ts';
import { all, any, type Filter } from '../../search/filter.ts';
import { parametersOf } from '../../search/parameter.ts';
import { PART_OF } from '../../search/parameters/reference.ts';

/** What a link leads to, with its content. */
export interface Linked {
  /** `Type/id` */
  key: string;
  refs: readonly string[];
  resource: Resource;
}

export interface Resolver {
  /** `Type/id` and refs of what the filter finds among a type; at most `limit` and one more. */
  find(
    access: Access,
    type: string,
    filter: Filter,
    patients: readonly string[] | undefined,
    limit: number,
  ): Promise<{ key: string; refs: readonly string[] }[]>;
  /** The same with their content, where addresses have to be compared; past a bound, an error. */
  contents(
    access: Access,
    type: string,
    filter: Filter,
    patients: readonly string[] | undefined,
    about: string,
  ): Promise<Linked[]>;
  items(access: Access, list: string): Promise<string[]>;
  /** What is on the `$current-…` list of each of these patients. */
  current(access: Access, list: string, patients: readonly string[]): Promise<string[]>;
}

const LINKS = 1000;
/** Of a hierarchy. */
const LEVELS = 20;

export interface Scope {
  access: Access;
  resolver: Resolver;
  types: readonly string[];
  /** the patients that the search as a whole names */
  patients: readonly string[] | undefined;
  /** `Type/id` of what a match may be alone, when the search says so */
  only?: readonly string[];
  /** what else a match must satisfy, as far as the index tells */
  beside?: readonly Filter[];
  /** told of what the links ask, once they are resolved themselves */
  asks?: (filter: Filter, types: readonly string[]) => void;
}

export async function resolve(filter: Filter, scope: Scope): Promise<Filter> {
  const { access, resolver, types, patients, only } = scope;
  switch (filter.op) {
    case 'and':
    case 'or': {
      const of: Filter[] = [];
      const among = filter.op === 'and' ? onlyOf(filter.of, types) : undefined;
      const alike =
        filter.op === 'and' ? { beside: [...(scope.beside ?? []), ...filter.of.filter(isPlain)] } : {};
      const within = { ...scope, ...alike, ...(among === undefined ? {} : { only: among }) };
      for (const part of filter.of) of.push(await resolve(part, within));
      return { op: filter.op, of };
    }
    case 'not':
      return { op: 'not', of: await resolve(filter.of, scope) };
    case 'chain': {
      const inner = await resolve(filter.filter, beyond(scope, filter.type));
      scope.asks?.(inner, [filter.type]);
      const about = `${filter.param}:${filter.type}`;
      if (filter.canonical === true) {
        const meant = await resolver.contents(access, filter.type, inner, patients, about);
        const terms = meant.flatMap(({ resource }) => canonicalOf(resource));
        return any([
          { op: 'reference', param: filter.param, targets: meant.map(({ key }) => key) },
          { op: 'term', terms: terms.flatMap((own) => namingAny(filter.param, own)) },
        ]);
      }
      const found = await resolver.find(access, filter.type, inner, patients, LINKS);
      bounded(found.length, about);
      return referring(
        filter,
        found.map(({ key }) => key),
      );
    }
    case 'has': {
      const inner = await resolve(filter.filter, beyond(scope, filter.type));
      scope.asks?.(inner, [filter.type]);
      const about = `_has:${filter.type}:${filter.param}`;
      if (filter.canonical === true) {
        const naming = await resolver.contents(access, filter.type, inner, patients, about);
        const select = parametersOf(filter.type).get(filter.param)?.select ?? (() => []);
        const terms = naming.flatMap(({ resource }) => canonicalsIn(select(resource, resource)).map(named));
        const local = naming.flatMap(({ refs }) => targetsIn(refs, filter.param));
        return any([idsAmong(local, types), { op: 'term', terms: [...new Set(terms)], unique: true }]);
      }
      const links = only === undefined ? inner : both(inner, filter.param, only);
      const found = await resolver.find(access, filter.type, links, patients, LINKS);
      bounded(found.length, about);
      return idsAmong(
        found.flatMap(({ refs }) => targetsIn(refs, filter.param)),
        types,
      );
    }
    case 'hierarchy':
      return referring(filter, await related(filter, scope));
    case 'inside': {
      const narrow = all([await resolve(filter.narrow, scope), ...(scope.beside ?? [])]);
      const found = await resolver.contents(access, filter.type, narrow, patients, filter.about);
      return idsAmong(
        found.filter(({ resource }) => filter.test(resource)).map(({ key }) => key),
        types,
      );
    }
    case 'list':
      if (!filter.id.startsWith('$')) return idsAmong(await resolver.items(access, filter.id), types);
      if (patients === undefined) {
        throw new FhirError(
          'required',
          `\`_list=${filter.id}\` is the list of a patient: add the parameter \`patient\``,
          { status: 400 },
        );
      }
      return idsAmong(await resolver.current(access, filter.id, patients), types);
    default:
      return filter;
  }
}

/** Of what a link leads to. */
const beyond = (scope: Scope, type: string): Scope => ({
  ...scope,
  types: [type],
  only: undefined,
  beside: undefined,
});

function referring(
  { param, within }: Extract<Filter, { op: 'chain' | 'hierarchy' }>,
  targets: readonly string[],
): Filter {
  if (within === undefined) return { op: 'reference', param, targets: [...targets] };
  return { op: 'term', terms: targets.map((target) => `${within}${param}=${target}`) };
}

const PLAIN: readonly Filter['op'][] = ['term', 'reference', 'range', 'pair', 'id', 'updated'];
const isPlain = ({ op }: Filter): boolean => PLAIN.includes(op);

/** What `_id` asks for beside a link: only what refers to that need be found. */
function onlyOf(parts: readonly Filter[], types: readonly string[]): string[] | undefined {
  const asked = parts.find((part) => part.op === 'id');
  return asked === undefined || types.length !== 1 ? undefined : asked.ids.map((id) => `${types[0]}/${id}`);
}

function both(inner: Filter, param: string, targets: readonly string[]): Filter {
  return { op: 'and', of: [inner, { op: 'reference', param, targets: [...targets] }] };
}

/** A resource with all that it is part of, or all that are part of it, level by level. */
async function related(
  { type, id, direction }: Extract<Filter, { op: 'hierarchy' }>,
  { access, resolver, patients }: Scope,
): Promise<string[]> {
  const param = PART_OF.get(type) ?? '';
  const all = new Set([`${type}/${id}`]);
  let latest = [...all];
  for (let level = 0; latest.length > 0; level += 1) {
    if (level === LEVELS) throw tooMany(`${param}:${direction}`, `${LEVELS} levels`);
    const next: Filter =
      direction === 'below'
        ? { op: 'reference', param, targets: latest }
        : { op: 'id', ids: latest.map((key) => key.slice(type.length + 1)) };
    const found = await resolver.find(access, type, next, patients, LINKS);
    const keys =
      direction === 'below'
        ? found.map(({ key }) => key)
        : found.flatMap(({ refs }) => targetsIn(refs, param));
    latest = [...new Set(keys)].filter((key) => key.startsWith(`${type}/`) && !all.has(key));
    for (const key of latest) all.add(key);
    bounded(all.size, `${param}:${direction}`);
  }
  return [...all];
}

function targetsIn(refs: readonly string[], param: string): string[] {
  const prefix = `${param}=`;
  return refs.filter((ref) => ref.startsWith(prefix)).map((ref) => ref.slice(prefix.length));
}

function idsAmong(keys: readonly string[], types: readonly string[]): Filter {
  const ids = keys.flatMap((key) => {
    const [type, id] = key.split('/');
    return type !== undefined && id !== undefined && types.includes(type) ? [id] : [];
  });
  return { op: 'id', ids: [...new Set(ids)] };
}

function bounded(found: number, param: string): void {
  if (found > LINKS) throw tooMany(param, `${LINKS} resources`);
}

const tooMany = (param: string, most: string): FhirError =>
  new FhirError('too-costly', `\`${param}\` leads to more than ${most}: narrow it`);
