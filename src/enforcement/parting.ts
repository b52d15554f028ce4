/**
 * Some of what was given may be hidden from the patient, or from who speaks for them, by what it names or by whose it is
 * besides, which no label of its own says. It is traced apart, as what is hidden by a label is: docs/audit.md
 *
 * INVARIANT: of a caller who isn't told all of it by one trace of their own, by nothing but what they were given too: they
 * would learn from how many parts there are what others are let know.
 */
import type { Subject } from '../consent/subject.ts';
import { type Concern, type Decided, type Noted, isBare } from './notes.ts';
import { isTraced } from './own-traces.ts';

/** Which of these `Type/id` name, at any depth, nothing that is hidden: from the patient, and from who speaks for them. */
export type Open = (
  patient: string,
  names: readonly string[],
) => Promise<readonly [forPatient: readonly boolean[], forOthers: readonly boolean[]]>;

export async function parted(
  concerns: readonly Concern[],
  caller: Pick<Subject, 'role' | 'depositor'>,
  open: Open,
): Promise<Concern[]> {
  // their own may name what is hidden from them: it is all apart, where they would learn it from how many parts there are
  const depositor = isTraced(caller) ? undefined : caller.depositor;
  const all = await Promise.all(concerns.map((concern) => partsOf(concern, depositor, open)));
  const parts = all.flat().map((part) => (isApart(part) ? copied(part) : part));
  return parts.flatMap((part) => {
    if (isApart(part) || part.refused) return [part];
    const apart = parts.filter((each) => isApart(each) && each.patient === part.patient);
    return apart.length === 0 ? [part] : withoutLed(part, apart);
  });
}

const copied = (part: Concern): Concern => ({
  ...part,
  named: new Map(part.named),
  decided: [...part.decided],
});

const isApart = ({ refused, hidden, secret, apart = false }: Concern): boolean =>
  !refused && (hidden || secret || apart);

/**
 * What came along with nothing but what is told apart is told with that: by itself it would tell that there is such a
 * thing. @param apart parts of the same patient's, to which it goes over
 */
function withoutLed(rest: Concern, apart: readonly Concern[]): Concern[] {
  const known = new Set([...rest.named.keys(), ...apart.flatMap(({ named }) => [...named.keys()])]);
  /** What something open led to, in any number of steps. */
  const kept = new Set<string>();
  const isOpen = ({ via }: Noted): boolean =>
    via === undefined || via.some((name) => kept.has(name) || !known.has(name));
  const found = (): string[] =>
    [...rest.named].filter(([name, noted]) => !kept.has(name) && isOpen(noted)).map(([name]) => name);
  for (let more = found(); more.length > 0; more = found()) for (const name of more) kept.add(name);
  let left = [...rest.named].filter(([name]) => !kept.has(name));
  if (left.length === 0) return [rest];
  while (left.length > 0) {
    const moved = left.filter(([, { via = [] }]) =>
      apart.some((part) => via.some((name) => part.named.has(name))),
    );
    for (const [name, noted] of moved.length > 0 ? moved : left) {
      const part = apart.find(({ named }) => noted.via?.some((each) => named.has(each))) ?? apart[0]!;
      part.named.set(name, noted);
      part.count += 1;
      if (noted.decided !== undefined) part.decided.push(noted.decided);
    }
    left = left.filter(([name]) => !apart.some(({ named }) => named.has(name)));
  }
  const others = withOnly(rest, (name) => kept.has(name), rest.askedBy);
  return isEmpty(others) ? [] : [others];
}

async function partsOf(concern: Concern, depositor: string | undefined, open: Open): Promise<Concern[]> {
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
    else if (depositor === undefined || named.get(name)?.by !== depositor) whole.push(name);
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
const isEmpty = (concern: Concern): boolean =>
  concern.paged === true ? isBare(concern) : concern.named.size === 0 && concern.asked !== true;
