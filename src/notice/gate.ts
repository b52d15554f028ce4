/** Decides again, whenever a notice is read or leaves: of what its reader may not know now, nothing is told. */
import type { Notice } from './notice.ts';
import { isDepositor, practitionersOf, readersOf } from './reader.ts';
import type { Source, Teller } from './tell.ts';

/** Which of these, all of one reader, may be told now. */
export async function tellable(
  source: Source,
  teller: Teller,
  notices: readonly Notice[],
  now: number,
): Promise<Notice[]> {
  const reader = notices[0]?.reader;
  if (reader === undefined) return [];
  const patients = [...new Set(notices.map(({ patient }) => patient))];
  const policies = await source.policies.policies(patients);
  const open = new Set(
    [...policies.values()]
      .filter(({ policy, named }) => {
        const readers = reader.startsWith('Practitioner/')
          ? practitionersOf(policy, source.policies.rules, named, now)
          : readersOf(policy, now);
        return policy.open && readers.includes(reader);
      })
      .map(({ policy }) => policy.patient),
  );
  // a depositor is told of the document alone, as long as the gate lets them know of it
  const isDeposit = ({ kind, about }: Notice): boolean =>
    kind === 'document-unsafe' && about.length > 0 && isDepositor(reader);
  const candidates = notices.filter((notice) => open.has(notice.patient) || isDeposit(notice));
  const names = [...new Set(candidates.flatMap(({ about }) => about))];
  const knows = names.length === 0 ? [] : await source.knows(teller.accessOf(reader), names);
  const known = new Set(names.filter((_, index) => knows[index]));
  return candidates.filter(({ about }) => about.every((name) => known.has(name)));
}
