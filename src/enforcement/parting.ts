/**
 * Some of what was given may be hidden from the patient, or from who speaks for them, by what it names or by whose it is
 * besides, which no label of its own says. It is traced apart, as what is hidden by a label is: docs/audit.md
 *
 * INVARIANT: by nothing but what the caller was given too. A caller counts their own traces, and would learn from them what
 * others are let know.
 */
import type { Concern, Decided } from './notes.ts';

/** Which of these `Type/id` name, at any depth, nothing that is hidden: from the patient, and from who speaks for them. */
export type Open = (
  patient: string,
  names: readonly string[],
) => Promise<readonly [forPatient: readonly boolean[], forOthers: readonly boolean[]]>;

/** @param depositor the caller: their own may name what is hidden from them, and is all apart */
export async function parted(
  concerns: readonly Concern[],
  depositor: string,
  open: Open,
): Promise<Concern[]> {
  const parts = await Promise.all(concerns.map((concern) => partsOf(concern, depositor, open)));
  return parts.flat();
}

async function partsOf(concern: Concern, depositor: string, open: Open): Promise<Concern[]> {
  const { patient, hidden, secret, unsure, named, counted = new Set<string>() } = concern;
  if (unsure === undefined || hidden || secret || patient === '') return [concern];
  const parts = new Map<string, Set<string>>();
  const put = (part: string, name: string): void => {
    const others = parts.get(part);
    if (others === undefined) parts.set(part, new Set([name]));
    else others.add(name);
  };
  const whole: string[] = [];
  for (const [name, patients] of unsure) {
    if (patients.length > 1) put(`with ${[...patients].sort().join(' ')}`, name);
    else if (named.get(name)?.by !== depositor) whole.push(name);
    // patients are told of what they made, whatever it names
    else if (depositor !== `Patient/${patient}`) put('own', name);
  }
  if (whole.length > 0) {
    const [forPatient, forOthers] = await open(patient, whole);
    for (const [index, name] of whole.entries())
      if (!forPatient[index] || !forOthers[index])
        put(forPatient[index] === true ? 'secret' : 'hidden', name);
  }
  const moved = new Set([...parts.values()].flatMap((each) => [...each]));
  const asked = [...counted].filter((name) => unsure.has(name) && !moved.has(name));
  if (parts.size === 0 && asked.length === 0) return [concern];
  const askedBy = [...(concern.askedBy ?? []), ...asked.flatMap((name) => named.get(name)?.decided ?? [])];
  const rest = {
    ...withOnly(concern, (name) => !moved.has(name) && !counted.has(name), askedBy),
    asked: concern.asked === true || asked.length > 0,
  };
  const apart = [...parts.values()].map((only) => ({
    ...withOnly(concern, (name) => only.has(name)),
    apart: true,
  }));
  return isEmpty(rest) ? apart : [rest, ...apart];
}

/** INVARIANT: by what something was given that isn't there is not told. */
function withOnly(
  concern: Concern,
  isKept: (name: string) => boolean,
  askedBy: readonly Decided[] = [],
): Concern {
  const kept = [...concern.named].filter(([name]) => isKept(name));
  const grounds = new Set([...askedBy, ...kept.flatMap(([, { decided }]) => decided ?? [])].map(told));
  return {
    ...concern,
    named: new Map(kept),
    wrote: concern.wrote.filter(({ reference }) => isKept(reference)),
    count: concern.count - (concern.named.size - kept.length),
    decided: concern.decided.filter((each) => grounds.has(told(each))),
  };
}

const told = ({ line, rule, because }: Decided): string => JSON.stringify([line, rule, because]);

/** Nothing of it is left that was asked for; or a page of which nothing is. */
function isEmpty({ patient, named, asked, paged }: Concern): boolean {
  if (named.size === 0) return asked !== true || paged === true;
  return paged === true && named.size === 1 && named.has(`Patient/${patient}`);
}
