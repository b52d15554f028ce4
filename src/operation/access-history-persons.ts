/** An access history by person: each once over all that is asked for, with how many traces there are of theirs. */
import { happeningOf } from '../audit/history/happening.ts';
import { TITLES } from '../audit/history/headings.ts';
import { type Clock, during } from '../audit/history/when.ts';
import { OUTSIDE, named } from '../audit/history/words.ts';
import type { TracersAsked, TracersFound } from '../enforcement/ports.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import type { Exchange } from '../interaction/exchange.ts';
import { instant, whoOf } from './access-history-parts.ts';
import type { Asked, Pairs } from './access-history-query.ts';

const USUAL = 20;
const MOST = 80;
/** Of the address of a person's visits those of the list are left away that say how it is told. */
const OF_THE_LIST: ReadonlySet<string> = new Set(['group', 'person', 'agent', '_count', 'as']);

/** What a page link carries. */
export interface PersonsAfter {
  asOf: number;
  after: NonNullable<TracersAsked['after']>;
}

export interface PersonsPage extends Pick<TracersFound, 'tracers'> {
  next?: PersonsAfter;
}

export async function personsOf(
  context: Context,
  { params, store }: Exchange,
  { sought, from, until, count }: Asked,
  resumed: PersonsAfter | undefined,
): Promise<PersonsPage> {
  // INVARIANT: who comes again between two pages keeps their place
  const { asOf = context.now(), after } = resumed ?? {};
  const limit = Math.min(count ?? USUAL, MOST);
  const { tracers, next } = await store.tracers({
    patient: params.id!,
    sought,
    from,
    until,
    asOf,
    after,
    limit,
  });
  return { tracers, ...(next === undefined ? {} : { next: { asOf, after: next } }) };
}

/** @param visits the address of the access history */
export function personParts(
  { tracers }: PersonsPage,
  patient: string,
  clock: Clock,
  { visits, query }: { visits: string; query: Pairs },
): Json[] {
  const asked = query.flatMap(([name, value]): [string, string][] =>
    OF_THE_LIST.has(name) ? [] : [[name, value]],
  );
  return tracers.map(({ who: reference, outside, count, first, last, trace }) => {
    const { who } = happeningOf(JSON.parse(trace.body.toString()) as Resource, patient);
    const { language } = clock;
    const text = [
      TITLES.traces(count, named(who, language), clock),
      during(first, last, clock),
      ...(outside ? [OUTSIDE[language]] : []),
    ].join(', ');
    const search = new URLSearchParams(asked);
    search.append('person', reference);
    return {
      name: 'person',
      part: [
        { name: 'text', valueString: text },
        ...whoOf(who, clock),
        { name: 'count', valueUnsignedInt: count },
        { name: 'first', valueInstant: instant(first) },
        { name: 'last', valueInstant: instant(last) },
        ...(outside ? [{ name: 'outside', valueBoolean: true }] : []),
        ...(reference === '' ? [] : [{ name: 'visits', valueUri: `${visits}?${search}` }]),
      ],
    };
  });
}
