/**
 * Who may take off which security label. A label that a writer may not take off stays, without a word: that it is
 * there may be hidden from them. Pure.
 */
import { type Label, labelsIn } from '../fhir/labels.ts';
import type { Coding, Resource } from '../fhir/resource.ts';
import type { Rules } from './rules.ts';
import type { Standing } from './link.ts';

export interface Labeller {
  /** Deposited what is written. */
  isDepositor: boolean;
  /** What the writer is to each of the patients. */
  relations: readonly Standing['is'][];
  /** The demo's test caller. */
  mayAll: boolean;
}

export interface Labelled {
  resource: Resource;
  /** Labels, `system|code`, that others than the depositor put on it. */
  imposed: readonly string[];
}

/** @param before what is written over, with the labels that were imposed on it */
export function relabelled(
  after: Resource,
  before: Labelled | undefined,
  who: Labeller,
  rules: Rules,
): Labelled {
  const held = before === undefined ? [] : labelsIn(before.resource);
  const now = new Set(labelsIn(after).map(({ name }) => name));
  const imposed = before?.imposed ?? [];
  const kept = held.filter((label) => !now.has(label.name) && !mayTakeOff(label, imposed, who, rules));
  const resource = kept.length === 0 ? after : labelledAlso(after, kept);
  const present = [...now, ...kept.map(({ name }) => name)];
  const had = new Set(held.map(({ name }) => name));
  const foreign = new Set(imposed);
  return {
    resource,
    imposed: present.filter((name) => foreign.has(name) || (!who.isDepositor && !had.has(name))),
  };
}

function mayTakeOff(
  { name, code }: Label,
  imposed: readonly string[],
  { isDepositor, relations, mayAll }: Labeller,
  { labels }: Rules,
): boolean {
  if (mayAll) return true;
  const isAmong = (list: readonly string[]): boolean => list.includes(name) || list.includes(`*|${code}`);
  const family = relations.length > 0 && relations.every((is) => is !== 'other');
  if (!family) return isDepositor && !imposed.includes(name);
  if (isAmong(labels.hiddenFromPatient)) return false;
  return !isAmong(labels.hiddenFromRepresentatives) || relations.every((is) => is === 'patient');
}

/** What the patient chose for new documents. */
export function masked(after: Resource, { labels: { mask } }: Rules): Labelled {
  const name = `${mask.system}|${mask.code}`;
  if (labelsIn(after).some((label) => label.name === name)) return { resource: after, imposed: [] };
  return { resource: labelledAlso(after, [{ coding: mask }]), imposed: [name] };
}

/** A label that can't be understood can't be kept: its code, of a system that the rules know wholly. */
export function unknownLabel(resource: Resource, { labels: { closed } }: Rules): Coding | undefined {
  return labelsIn(resource).find(({ coding: { system = '', code = '' } }) =>
    Object.hasOwn(closed, system) ? !closed[system]!.includes(code) : false,
  )?.coding;
}

function labelledAlso(resource: Resource, labels: readonly { coding: Coding }[]): Resource {
  const { meta } = resource;
  const security = [...(meta?.security ?? []), ...labels.map(({ coding }) => coding)];
  return { ...resource, meta: { ...meta, security } };
}
