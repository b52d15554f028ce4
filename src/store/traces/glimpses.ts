/**
 * What traces show without being unsealed, in the order of time: who acted, whose data it was, and of which kind it
 * was. For counts over millions of them.
 */
import type { Glimpse } from '../../audit/unusual/tally.ts';
import { soughtKind } from '../../audit/history/sought.ts';
import type { Access } from '../../enforcement/access.ts';
import { TRACER } from '../../enforcement/own-traces.ts';
import { MORE } from '../../fhir/facts.ts';
import type { Database } from '../database.ts';
import type { Doc } from '../document.ts';

const [EMERGENCY, REFUSED] = [soughtKind('emergency'), soughtKind('refused')];
const ACTS = /^(Practitioner|Patient|RelatedPerson|Organization|Device)\//;
const AT_ONCE = 5000;

type Shown = Pick<Doc, 'at' | 'patient' | 'seek'>;

/** Of this server's own: what others have deposited is told apart. @param from milliseconds, inclusive */
export async function* glimpses(
  access: Access,
  { audit }: Database,
  { from, until }: { from: number; until: number },
): AsyncGenerator<Glimpse> {
  if (!access.isUnlimited) throw new Error('only the server itself walks through all traces');
  const found = audit.find<Shown>(
    // what is for who asked alone is told in parts too
    { type: 'AuditEvent', at: { $gte: from, $lt: until }, by: TRACER, about: { $ne: MORE } },
    {
      projection: { _id: 0, at: 1, patient: 1, seek: 1 },
      sort: { at: 1 },
      hint: 'type_at',
      batchSize: AT_ONCE,
      noCursorTimeout: false,
    },
  );
  for await (const { at, patient, seek = [] } of found) {
    const [who = ''] = seek;
    if (!ACTS.test(who)) continue;
    yield { at, who, patient, emergency: seek.includes(EMERGENCY), refused: seek.includes(REFUSED) };
  }
}
