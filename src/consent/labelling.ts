/**
 * Who may take off which security label. A label that a writer may not take off stays, without a word: that it is
 * there may be hidden from them. Pure.
 */
import { isLabelledApart, type Label, labelledOnto, labelsIn, renamed } from '../fhir/labels.ts';
import type { Coding, Json, Resource } from '../fhir/resource.ts';
import type { Rules } from './rules.ts';
import type { Standing } from './link.ts';
import { CONFIDENTIALITY } from './vocabulary.ts';
import { isFamily } from './writing.ts';

export interface Labeller {
  /** Deposited what is written. */
  isDepositor: boolean;
  /** What the writer is to each of the patients. */
  relations: readonly Standing['is'][];
  /** The demo's test caller. */
  mayAll: boolean;
  /** Puts no label but the plainest: what is hidden, and how much, others say. */
  isApp: boolean;
  /** Labels, `system|code`, that others put on the writer's deposit without their being told: not theirs to take off. */
  others: readonly string[];
  /** Codes of labels that the writer says; absent: all that they send. */
  says?: ReadonlySet<string>;
}

export interface Labelled {
  resource: Resource;
  /** Labels, `system|code`, that others than the depositor put on it. */
  imposed: readonly string[];
  /** Those of them that the depositor, who isn't shown them, hasn't put on it too. */
  unshown: readonly string[];
}

/** @param before what is written over, with the labels that were imposed on it */
export function relabelled(after: Resource, before: Labelled, who: Labeller, rules: Rules): Labelled {
  const held = labelsIn(before.resource);
  const now = new Set(labelsIn(after).map(({ name }) => name));
  const kept = held.filter((label) => !now.has(label.name) && !mayTakeOff(label, before.imposed, who, rules));
  const { resourceType, meta } = before.resource;
  const marked = new Set(
    labelsIn({ resourceType, ...(meta === undefined ? {} : { meta }) }).map(({ coding }) => coding),
  );
  const isApart = (coding: Coding): boolean => isLabelledApart(after) && !marked.has(coding);
  const present = [...now, ...kept.map(({ name }) => name)];
  const had = new Set(held.map(({ name }) => name));
  const resource =
    who.isDepositor || who.mayAll
      ? kept.length === 0
        ? after
        : labelledAlso(after, kept, isApart)
      : labelledOnto(before.resource, after, (name) => present.includes(name));
  const said = new Set(saidToo(after, who, rules));
  const imposed = present.filter(
    (name) =>
      before.imposed.includes(name) ||
      (!who.isDepositor && !had.has(name)) ||
      (had.has(name) && said.has(name)),
  );
  const unshown = imposed.filter((name) =>
    who.isDepositor ? !now.has(name) : !had.has(name) || before.unshown.includes(name),
  );
  return { resource, imposed, unshown };
}

/**
 * Labels that the family puts where somebody else's stand already: each takes their own off. None that they could not
 * put by themselves, nor the plainest, which hides nothing.
 */
function saidToo(after: Resource, who: Labeller, { labels }: Rules): string[] {
  const { isDepositor, relations, mayAll, isApp, says } = who;
  if (isDepositor || mayAll || isApp || !isFamily(relations)) return [];
  return labelsIn(after)
    .filter(({ code }) => says === undefined || says.has(code))
    .filter((label) => label.name !== PLAINEST && !isAmong(label, forbiddenTo(relations, labels)))
    .map(({ name }) => name);
}

const PLAINEST = `${CONFIDENTIALITY}|N`;

/** Labels by which one of the family would hide something from another of them, or from themself. */
const forbiddenTo = (relations: Labeller['relations'], labels: Rules['labels']): readonly string[] => [
  ...labels.hiddenFromPatient,
  ...(relations.every((is) => is === 'patient') ? [] : labels.hiddenFromRepresentatives),
];

/** A label by which one of the family would hide something from another of them, or from themself. */
export function overreaching(
  after: Resource,
  before: Resource,
  { relations, mayAll, isApp }: Labeller,
  { labels }: Rules,
): Label | undefined {
  if (isApp) {
    const held = new Set(labelsIn(before).map(({ name }) => name));
    return labelsIn(after).find(({ name }) => name !== PLAINEST && !held.has(name));
  }
  if (mayAll || relations.length === 0 || relations.includes('other')) return undefined;
  const had = new Set(labelsIn(before).map(({ name }) => name));
  const forbidden = forbiddenTo(relations, labels);
  return labelsIn(after).find((label) => !had.has(label.name) && isAmong(label, forbidden));
}

function mayTakeOff(
  label: Label,
  imposed: readonly string[],
  { isDepositor, relations, mayAll, others }: Labeller,
  { labels }: Rules,
): boolean {
  if (mayAll) return true;
  if (others.includes(label.name)) return false;
  // an aidant manages nobody's access
  const speaks = relations.length > 0 && relations.every((is) => is === 'patient' || is === 'representative');
  if (!speaks) return isDepositor && !imposed.includes(label.name);
  if (isAmong(label, labels.hiddenFromPatient)) return false;
  return !isAmong(label, labels.hiddenFromRepresentatives) || relations.every((is) => is === 'patient');
}

function isAmong({ name, code }: Label, list: readonly string[]): boolean {
  return list.includes(name) || list.includes(`*|${code}`);
}

/** What the patient chose for new documents. */
export function masked({ resource, imposed, unshown }: Labelled, { labels: { mask } }: Rules): Labelled {
  const name = `${mask.system}|${mask.code}`;
  const alone = imposed.includes(name) ? imposed : [...imposed, name];
  if (labelsIn(resource).some((label) => label.name === name)) return { resource, imposed: alone, unshown };
  return {
    resource: labelledAlso(resource, [{ coding: mask }], () => isLabelledApart(resource)),
    imposed: alone,
    unshown: [...unshown, name],
  };
}

/** A label that can't be understood can't be kept: its code, of a system that the rules know wholly. */
export function unknownLabel(resource: Resource, { labels: { closed } }: Rules): Coding | undefined {
  return labelsIn(resource).find(({ coding: { system = '', code = '' } }) =>
    Object.hasOwn(closed, system) ? !closed[system]!.includes(code) : false,
  )?.coding;
}

/**
 * A label by which its writer means to hide something and hides nothing: neither its code nor its system says anything
 * to the rules, nor is it a label of R4's. What the resource carried before stays, so that a mask can still be put on.
 * https://hl7.org/fhir/R4/security-labels.html: what to do with an unrecognized label is for local agreements to say
 */
export function strangeLabel(after: Resource, before: Resource, { labels }: Rules): Coding | undefined {
  if (!isLabelledApart(after)) return undefined;
  const { resourceType, securityLabel } = after;
  const had = new Set(labelsIn(before).map(({ name }) => name));
  const open = labels.open ?? [];
  const hiding = [...labels.masked, ...labels.hiddenFromPatient, ...labels.hiddenFromRepresentatives];
  return labelsIn({ resourceType, securityLabel }).find((label) => {
    const { system = '' } = label.coding;
    const isKnown = Object.hasOwn(labels.closed, system) || open.includes(system) || isAmong(label, hiding);
    return !isKnown && !had.has(label.name);
  })?.coding;
}

/** One label comes under several systems, some of them misspelt: kept is one. */
export function aliased(resource: Resource, rules: Rules): Resource {
  if (labelsIn(resource).every(({ coding }) => keptAs(coding, rules) === undefined)) return resource;
  return renamed(resource, (coding) => ({ ...coding, system: keptAs(coding, rules) ?? coding.system }));
}

/** The system under which a label is kept; undefined: its own. */
export function keptAs(
  { system = '', code = '' }: Coding,
  { labels: { aliases = {} } }: Rules,
): string | undefined {
  const known = (name: string): string | undefined =>
    Object.hasOwn(aliases, name) ? aliases[name] : undefined;
  return known(`${system}|${code}`) ?? known(system);
}

/** Each where it was, or where clients of the type look for labels, and take them off. */
function labelledAlso(
  resource: Resource,
  labels: readonly { coding: Coding }[],
  isApart: (coding: Coding) => boolean,
): Resource {
  const codings = labels.map(({ coding }) => coding);
  const marks = codings.filter((each) => !isApart(each));
  const apart = codings.filter(isApart).map((coding) => ({ coding: [coding] }));
  const { meta, securityLabel } = resource;
  return {
    ...resource,
    ...(marks.length === 0 ? {} : { meta: { ...meta, security: [...(meta?.security ?? []), ...marks] } }),
    ...(apart.length === 0
      ? {}
      : { securityLabel: [...(Array.isArray(securityLabel) ? (securityLabel as Json[]) : []), ...apart] }),
  };
}
