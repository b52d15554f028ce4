/** Includes by canonical address: which addresses matches name or have is told by their content. */
import type { Shown } from '../../enforcement/ports.ts';
import type { Resource } from '../../fhir/resource.ts';
import {
  canonicalOf,
  canonicalsIn,
  hasCanonical,
  isCanonical,
  named,
  namingAny,
} from '../../search/canonical.ts';
import { resourceTypes } from '../../search/definitions.ts';
import type { Include } from '../../search/filter.ts';
import { parametersOf, type Parameter } from '../../search/parameter.ts';

/** For each type that may have one of the addresses named, the terms that find what has it. */
export function canonicalsNamed(
  from: readonly Shown[],
  includes: readonly Include[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const stored of from) {
    const wanted = includes.flatMap((include) =>
      followed(stored.inside?.type ?? stored.type, include).map((parameter) => ({ include, parameter })),
    );
    if (wanted.length === 0) continue;
    const resource = contentOf(stored);
    for (const { include, parameter } of wanted) {
      const terms = canonicalsIn(parameter.select(resource, resource)).map(named);
      const types = include.target === undefined ? (parameter.target ?? resourceTypes()) : [include.target];
      for (const type of terms.length === 0 ? [] : types.filter(hasCanonical)) {
        const among = found.get(type) ?? new Set();
        for (const term of terms) among.add(term);
        found.set(type, among);
      }
    }
  }
  return found;
}

/** The terms that find what names a resource's canonical address by one of these parameters. */
export function termsNaming(target: Shown, codes: readonly string[]): string[] {
  if (!hasCanonical(target.type)) return [];
  const own = canonicalOf(contentOf(target));
  return codes.flatMap((code) => own.flatMap((each) => namingAny(code, each)));
}

function followed(type: string, include: Include): Parameter[] {
  if (include.type !== '*' && include.type !== type) return [];
  return [...parametersOf(type).values()].filter(
    (parameter) => isCanonical(parameter) && (include.param === '*' || include.param === parameter.code),
  );
}

function contentOf({ body }: Shown): Resource {
  return JSON.parse(body.toString()) as Resource;
}
