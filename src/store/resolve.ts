/**
 * Chains, `_has` and `_list` become ids, by searches that pass the same gate: what the caller can't see leads
 * nowhere. https://hl7.org/fhir/R4/search.html#chaining
 */
import type { Access } from '../enforcement/access.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Filter } from '../search/filter.ts';

export interface Resolver {
  /** `Type/id` and refs of what the filter finds among a type; at most `limit` and one more. */
  find(
    access: Access,
    type: string,
    filter: Filter,
    patients: readonly string[] | undefined,
    limit: number,
  ): Promise<{ key: string; refs: readonly string[] }[]>;
  items(access: Access, list: string): Promise<string[]>;
}

const LINKS = 1000;

export interface Scope {
  access: Access;
  resolver: Resolver;
  types: readonly string[];
  /** the patients that the search as a whole names */
  patients: readonly string[] | undefined;
  /** told of what the links ask, once they are resolved themselves */
  asks?: (filter: Filter, types: readonly string[]) => void;
}

export async function resolve(filter: Filter, scope: Scope): Promise<Filter> {
  const { access, resolver, types, patients } = scope;
  switch (filter.op) {
    case 'and':
    case 'or': {
      const of: Filter[] = [];
      for (const part of filter.of) of.push(await resolve(part, scope));
      return { op: filter.op, of };
    }
    case 'not':
      return { op: 'not', of: await resolve(filter.of, scope) };
    case 'chain': {
      const inner = await resolve(filter.filter, { ...scope, types: [filter.type] });
      scope.asks?.(inner, [filter.type]);
      const found = await resolver.find(access, filter.type, inner, patients, LINKS);
      bounded(found.length, `${filter.param}:${filter.type}`);
      return { op: 'reference', param: filter.param, targets: found.map(({ key }) => key) };
    }
    case 'has': {
      const inner = await resolve(filter.filter, { ...scope, types: [filter.type] });
      scope.asks?.(inner, [filter.type]);
      const found = await resolver.find(access, filter.type, inner, patients, LINKS);
      bounded(found.length, `_has:${filter.type}:${filter.param}`);
      const prefix = `${filter.param}=`;
      const keys = found.flatMap(({ refs }) =>
        refs.filter((ref) => ref.startsWith(prefix)).map((ref) => ref.slice(prefix.length)),
      );
      return idsAmong(keys, types);
    }
    case 'list':
      if (filter.id.startsWith('$')) {
        throw new FhirError(
          'not-supported',
          `\`_list=${filter.id}\` is not kept here: allowed is the id of a List`,
          { status: 400 },
        );
      }
      return idsAmong(await resolver.items(access, filter.id), types);
    default:
      return filter;
  }
}

function idsAmong(keys: readonly string[], types: readonly string[]): Filter {
  const ids = keys.flatMap((key) => {
    const [type, id] = key.split('/');
    return type !== undefined && id !== undefined && types.includes(type) ? [id] : [];
  });
  return { op: 'id', ids: [...new Set(ids)] };
}

function bounded(found: number, param: string): void {
  if (found > LINKS) {
    throw new FhirError('too-costly', `\`${param}\` leads to more than ${LINKS} resources: narrow it`);
  }
}
