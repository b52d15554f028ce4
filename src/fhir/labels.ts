/** Security labels, wherever a type carries them: https://hl7.org/fhir/R4/security-labels.html */
import type { Coding, Json, Resource } from './resource.ts';

const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

export interface Label {
  /** `system|code` */
  name: string;
  code: string;
  coding: Coding;
}

/** Types with an element of their own for labels: https://hl7.org/fhir/R4/documentreference.html */
const WITH_LABELS = new Set(['DocumentManifest', 'DocumentReference']);

export const isLabelledApart = ({ resourceType }: Resource): boolean => WITH_LABELS.has(resourceType);

/** Those of `meta.security`, `securityLabel` and a Composition's `confidentiality` together. */
export function labelsIn(resource: Resource): Label[] {
  const codings = [
    ...(resource.meta?.security ?? []),
    ...concepts(resource.securityLabel).flatMap(codingsIn),
    ...(typeof resource.confidentiality === 'string'
      ? [{ system: CONFIDENTIALITY, code: resource.confidentiality }]
      : []),
  ];
  return codings.map((coding) => ({ name: nameOf(coding), code: coding.code ?? '', coding }));
}

/** `system|code` and, for who asks whatever the system, `*|code`; without doubles. */
export function labelsOf(resource: Resource): string[] {
  return [...new Set(labelsIn(resource).flatMap(({ name, code }) => [name, `*|${code}`]))];
}

/** The resource without these labels. */
export function withoutLabels(resource: Resource, isGone: (name: string) => boolean): Resource {
  const left = (codings: readonly Coding[]): Coding[] => codings.filter((each) => !isGone(nameOf(each)));
  const marks = left(resource.meta?.security ?? []);
  const labels = concepts(resource.securityLabel).flatMap((concept) => {
    const codings = codingsIn(concept);
    const kept = left(codings);
    if (kept.length === codings.length) return [concept];
    return kept.length === 0 ? [] : [{ ...concept, coding: kept }];
  });
  return labelledAs(resource, marks, labels);
}

/**
 * The labels of `before` that stay, where they stood, and behind them those of `after` that it hadn't: who labels what
 * another labelled moves and doubles nothing of theirs.
 */
export function labelledOnto(before: Resource, after: Resource, stays: (name: string) => boolean): Resource {
  const had = new Set(labelsIn(before).map(({ name }) => name));
  const worded = (resource: Resource): string[] =>
    concepts(resource.securityLabel).filter(isWords).map(stringOf);
  const [wordsBefore, wordsAfter] = [worded(before), worded(after)];
  const old = withoutLabels(before, (name) => !stays(name));
  const more = withoutLabels(after, (name) => had.has(name));
  const marks = [...(old.meta?.security ?? []), ...(more.meta?.security ?? [])];
  const labels = [
    ...concepts(old.securityLabel).filter((each) => !isWords(each) || wordsAfter.includes(stringOf(each))),
    ...concepts(more.securityLabel).filter((each) => !isWords(each) || !wordsBefore.includes(stringOf(each))),
  ];
  return labelledAs(after, marks, labels);
}

const isWords = (concept: Json): boolean => codingsIn(concept).length === 0;
const stringOf = (concept: Json): string => JSON.stringify(concept);

/** With each label as `rename` has it; one that then is there twice in an element is there once. */
export function renamed(resource: Resource, rename: (coding: Coding) => Coding): Resource {
  const marks = (resource.meta?.security ?? []).map(rename);
  const labels = concepts(resource.securityLabel).map((concept) =>
    Array.isArray(concept.coding) ? { ...concept, coding: codingsIn(concept).map(rename) } : concept,
  );
  const nameOfLabel = (concept: Json): string =>
    codingsIn(concept).length === 0 ? JSON.stringify(concept) : codingsIn(concept).map(nameOf).join(' ');
  return labelledAs(resource, distinctBy(marks, nameOf), distinctBy(labels, nameOfLabel));
}

function distinctBy<T>(all: readonly T[], keyOf: (each: T) => string): T[] {
  const seen = new Map<string, T>();
  for (const each of all) if (!seen.has(keyOf(each))) seen.set(keyOf(each), each);
  return [...seen.values()];
}

/** Each other element stays where it is: the order tells nothing of what is gone. */
export function labelledAs(resource: Resource, marks: readonly Coding[], labels: readonly Json[]): Resource {
  const meta = { ...resource.meta, security: [...marks] };
  const labelled: Resource = { ...resource, meta, securityLabel: labels };
  if (marks.length === 0) delete labelled.meta!.security;
  if (labels.length === 0) delete labelled.securityLabel;
  if (resource.meta === undefined && marks.length === 0) delete labelled.meta;
  return labelled;
}

/** The resource without what labels say, for comparison. */
export function unlabelled(resource: Resource): Resource {
  const { securityLabel: _labels, meta, ...rest } = resource;
  const { security: _security, versionId: _version, lastUpdated: _updated, ...others } = meta ?? {};
  return { ...rest, meta: others };
}

function concepts(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

function codingsIn({ coding }: Json): Coding[] {
  return Array.isArray(coding) ? (coding as Coding[]) : [];
}

function nameOf({ system = '', code = '' }: Coding): string {
  return `${system}|${code}`;
}
