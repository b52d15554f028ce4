/** What a document is called: by who deposited it, else by its kind. https://hl7.org/fhir/R4/documentreference.html */
import type { Coding, Json, Resource } from '../../fhir/resource.ts';

const LONGEST = 120;

/** Undefined: it says nothing of itself. */
export function titleOf({ description, content, type, category }: Resource): string | undefined {
  const [first] = (Array.isArray(content) ? content : []) as { attachment?: { title?: unknown } }[];
  const [kind] = (Array.isArray(category) ? category : []) as Json[];
  const words = [description, first?.attachment?.title, wordsOf(type), wordsOf(kind)];
  const found = words.find((each): each is string => typeof each === 'string' && each.trim() !== '');
  const plain = found?.replaceAll(/\s+/g, ' ').trim();
  return plain === undefined || plain.length <= LONGEST ? plain : `${plain.slice(0, LONGEST)}…`;
}

function wordsOf(concept: unknown): string | undefined {
  const { text, coding } = (concept ?? {}) as { text?: string; coding?: Coding[] };
  return text ?? coding?.find(({ display }) => display !== undefined)?.display;
}
