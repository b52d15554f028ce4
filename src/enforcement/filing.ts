/**
 * A document that says in its header whom it is about is filed under that patient, whichever way it comes: else one
 * person's health data stood in another's space. docs/decisions/0075-whom-a-header-names.md
 */
import {
  type Bytes,
  type Named,
  Reading,
  about,
  bytesOf,
  namesAnother,
  subjectsOf as namedIn,
} from '../fhir/content/about.ts';
import { contentAt, contentIn, isContentType } from '../fhir/content/attachment.ts';
import { contentsIn } from '../fhir/content/held.ts';
import { isDocument } from '../fhir/document.ts';
import { items } from '../fhir/items.ts';
import { parseJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { patientsOf } from '../fhir/subjects.ts';
import { ofEach } from './at-fault.ts';
import type { Change } from './ports.ts';
import { type Vet, stoodThere } from './vetting.ts';

/** Who may be looked for, by a header too: each that names another than whom it is filed under counts. */
export interface Finding {
  /** @throws FhirError while the caller is refused more */
  requireLeft(): void;
  /** @throws FhirError */
  take(): Promise<void>;
}

/** Content, and whose it is to be. */
interface Filed {
  content: Bytes | Resource;
  /** Logical ids: it is about one of them. */
  under: readonly string[];
  at: string;
}

/** @param isToldNational whether the caller is told national numbers: who isn't learns none by trying @param base of the server */
export function filing(finding: Finding, isToldNational: boolean, base: string): Vet {
  return async (changes, { content, naming, patient, tried }) => {
    const reading = new Reading();
    const whom = (of: Bytes | Resource): Promise<readonly Named[] | undefined> => named(of, reading);
    const patients = new Map<string, Promise<Resource | undefined>>();
    await ofEach(changes, async (change) => {
      for (const filed of [...within(change), ...(await claimed(change)), ...(await replacing(change))]) {
        const who = await whom(filed.content);
        if (who !== undefined) await requireFiled(who, filed);
      }
    });

    /** What documents name that they didn't before: from these changes, or the caller's own. */
    async function claimed({ resource, patients, previous }: Change): Promise<Filed[]> {
      if (resource?.resourceType !== 'DocumentReference' || patients.length === 0) return [];
      const before =
        previous === undefined || previous.method === 'DELETE'
          ? []
          : contentIn(parseJson(previous.body) as Resource, base);
      const found: Filed[] = [];
      const looked = new Set(before);
      for (const [index, { attachment }] of items(resource.content).entries()) {
        const name = contentAt((attachment as Json | undefined)?.url, base);
        if (name === undefined || looked.has(name)) continue;
        looked.add(name);
        const brought = changes.find(({ type, id }) => `${type}/${id}` === name)?.resource;
        const held = brought ?? (await content(name));
        const at = `DocumentReference.content[${index}].attachment`;
        if (held !== undefined) found.push({ content: held, under: patients, at });
      }
      return found;
    }

    /** What comes in place of content is what documents that name it hold. */
    async function replacing({ method, type, id, resource, patients, previous }: Change): Promise<Filed[]> {
      if (resource === undefined || !isContentType(type) || method !== 'PUT' || patients.length > 0)
        return [];
      if ((await whom(resource)) === undefined || isUnchanged(resource, previous)) return [];
      const name = `${type}/${id}`;
      const written = changes.filter((each) => each.type === 'DocumentReference');
      const isBrought = written.some((each) => contentIn(each.resource ?? NOTHING, base).includes(name));
      if (previous === undefined && isBrought) return [];
      const documents = (await naming(name)).filter((each) => written.every(({ id }) => id !== each.id));
      return documents.map((each) => ({ content: resource, under: patientsOf(each, base), at: type }));
    }

    async function known(id: string): Promise<Resource | undefined> {
      const brought = changes.find((each) => each.type === 'Patient' && each.id === id)?.resource;
      if (brought !== undefined) return brought;
      if (!patients.has(id)) patients.set(id, patient(id));
      return patients.get(id);
    }

    async function requireFiled(who: readonly Named[], { under, at }: Filed): Promise<void> {
      finding.requireLeft();
      for (const id of under) {
        const asked = { id, patient: await known(id), base, byNumber: isToldNational };
        if (!namesAnother(who, asked)) return;
      }
      tried(under);
      await finding.take();
      throw new FhirError('business-rule', MISFILED, { expression: at });
    }
  };
}

const NOTHING: Resource = { resourceType: 'DocumentReference' };
const MISFILED =
  'the document names another patient in its header than the one it is filed under: by national identifier, or without one by name at birth, first given name, date of birth and gender';

/** What the resource holds itself, or is; of what is nobody's by itself its documents say whose it is. */
function within(change: Change): Filed[] {
  const { resource, patients: under, previous } = change;
  if (resource === undefined || under.length === 0) return [];
  const held = contentsIn(resource)
    .filter((each) => !stoodThere(each, change))
    .map(({ holder, at }) => ({ content: bytesOf(holder), under, at }));
  const isNew = isDocument(resource) && !isUnchanged(resource, previous);
  return isNew ? [...held, { content: resource, under, at: 'Bundle' }] : held;
}

function named(content: Bytes | Resource, reading: Reading): Promise<readonly Named[] | undefined> {
  if (isBytes(content)) return about(content, reading);
  if (typeof content.data === 'string') return about(bytesOf(content), reading);
  return Promise.resolve(namedIn(content));
}

const isBytes = (content: Bytes | Resource): content is Bytes => typeof content.first === 'function';

/** It says what it said. */
function isUnchanged(resource: Resource, previous: Change['previous']): boolean {
  if (previous === undefined || previous.method === 'DELETE') return false;
  const said = ({ meta: _meta, ...rest }: Resource): string => JSON.stringify(rest);
  return said(parseJson(previous.body) as Resource) === said(resource);
}
