/** Of which sort a resource is, by its own word, beside its type: a document's class and type, a result's category. */
import { items } from './items.ts';
import type { Resource } from './resource.ts';

const SAID_IN: Readonly<Record<string, readonly string[]>> = {
  DocumentReference: ['category', 'type'],
  DocumentManifest: ['type'],
  Composition: ['category', 'type'],
  List: ['code'],
  Observation: ['category'],
  DiagnosticReport: ['category'],
};
/** Codings of one resource. */
const MOST = 10;
const LONGEST = 200;

export interface Category {
  /** `category`, `type` or `code` */
  element: string;
  /** `system|code` */
  token: string;
}

export function saysCategory(type: string): boolean {
  return SAID_IN[type] !== undefined;
}

export function categoriesOf(resource: Resource): Category[] {
  const stated = (SAID_IN[resource.resourceType] ?? []).flatMap((element) => {
    const value = resource[element];
    return items(Array.isArray(value) ? value : [value]).flatMap(({ coding }) =>
      items(coding).flatMap(({ system, code }) =>
        typeof code === 'string'
          ? [{ element, token: `${typeof system === 'string' ? system : ''}|${code}` }]
          : [],
      ),
    );
  });
  return stated.filter(({ token }) => token.length <= LONGEST).slice(0, MOST);
}
