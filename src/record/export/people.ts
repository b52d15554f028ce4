/** Who wrote what, by the names of the directory that comes along with a record. */
import type { Json, Resource } from '../../fhir/resource.ts';
import { each, stringOf } from '../summary/elements.ts';

export class People {
  readonly #names = new Map<string, string>();
  /** `PractitionerRole/x` to whom and where. */
  readonly #roles = new Map<string, string[]>();

  meet(resource: Resource): void {
    const key = `${resource.resourceType}/${resource.id}`;
    if (resource.resourceType === 'PractitionerRole') {
      const parts = [resource.practitioner, resource.organization].map(
        (part) => stringOf((part as Json | undefined)?.reference) ?? '',
      );
      this.#roles.set(
        key,
        parts.filter((part) => part !== ''),
      );
      return;
    }
    const name = nameOf(resource);
    if (name !== undefined) this.#names.set(key, name);
  }

  /** @param unnamed what is said of who has no name */
  named(references: readonly Json[], unnamed: string): string {
    const names = references.map(
      (each) => stringOf(each.display) ?? this.#nameOf(stringOf(each.reference) ?? ''),
    );
    const known = [...new Set(names.filter((name) => name !== undefined && name !== ''))];
    return known.length === 0 ? unnamed : known.join(', ');
  }

  #nameOf(reference: string): string | undefined {
    const parts = this.#roles.get(reference) ?? [reference];
    const names = parts.map((part) => this.#names.get(part)).filter((name) => name !== undefined);
    return names.length === 0 ? undefined : names.join(', ');
  }
}

/** https://hl7.org/fhir/R4/datatypes.html#HumanName; an organization has a text. */
export function nameOf({ name, deviceName }: Resource): string | undefined {
  if (typeof name === 'string') return name;
  const [first] = each(name ?? deviceName);
  if (first === undefined) return undefined;
  const given = (Array.isArray(first.given) ? first.given : []).filter((part) => typeof part === 'string');
  const text = stringOf(first.text) ?? stringOf(first.name);
  return text ?? ([...given, stringOf(first.family) ?? ''].join(' ').trim() || undefined);
}
