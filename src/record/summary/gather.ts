/** What of a record the caller may be given for each section of its summary, and what that refers to. */
import type { Shown } from '../../enforcement/ports.ts';
import { FhirError } from '../../fhir/outcome.ts';
import type { Resource } from '../../fhir/resource.ts';
import type { Context } from '../../interaction/context.ts';
import type { Exchange } from '../../interaction/exchange.ts';
import { parse } from '../../interaction/search.ts';
import type { Include, SearchQuery } from '../../search/filter.ts';
import { type Found, isEmptyList, isSaidBySomebody, saysNothing, saysUnknown } from './known-absent.ts';
import { SECTIONS, type Section, type Source, firstOfEach, withoutDoubles } from './sections.ts';

export interface Told {
  section: Section;
  entries: Resource[];
  /** There is more than is told. */
  isCut: boolean;
  /** Of a section without entries. */
  empty?: 'nilknown' | 'unavailable';
}

export interface Gathered {
  patient: Resource;
  told: Told[];
  /** All that may be named, by `Type/id`. */
  pool: Map<string, Resource>;
}

/** What is named besides the patient's own. */
const ALONG = [
  'Practitioner',
  'PractitionerRole',
  'Organization',
  'Location',
  'Medication',
  'Device',
  'Specimen',
  'RelatedPerson',
];
const INCLUDES: readonly Include[] = [
  ...ALONG.map((target): Include => ({ type: '*', param: '*', target, iterate: true })),
  { type: 'DiagnosticReport', param: 'result', target: 'Observation', iterate: true },
  { type: 'Observation', param: 'has-member', target: 'Observation', iterate: true },
];
const PATIENT: Source = { type: 'Patient', query: [], most: 1 };
const LISTS: Source = { type: 'List', query: [['status', 'current']], most: 50 };

interface Read {
  found: Found[];
  isCut: boolean;
}

/** @throws FhirError not-found when the caller may not be given the patient */
export async function gather(context: Context, exchange: Exchange): Promise<Gathered> {
  const { store, params } = exchange;
  const id = params.id!;
  const patient = await store.read('Patient', id);
  if (patient === undefined || patient.method === 'DELETE') throw new FhirError('not-found', 'not found');
  const matches: Shown[] = [];
  const known = new Map<string, Read>();
  // one after the other: what is traced comes in one order, which tells nothing of what is hidden
  const read = async (source: Source): Promise<Read> => {
    const key = `${source.type}?${JSON.stringify(source.query)}`;
    const found = known.get(key) ?? (await search(context, exchange, source, matches));
    known.set(key, found);
    return found;
  };
  const lists = await read(LISTS);
  // with what the patient refers to
  await read(PATIENT);
  const sections: { section: Section; reads: Read[] }[] = [];
  for (const section of SECTIONS) {
    const reads: Read[] = [];
    for (const source of section.sources) reads.push(await read(source));
    sections.push({ section, reads });
  }
  const along = await store.include(matches, { forward: INCLUDES, reverse: [] }, context.bounds.maxIncluded);
  const pool = new Map<string, Resource>();
  for (const { type, id: name, body, patients } of [patient, ...matches, ...along]) {
    // what is somebody else's is no part of it
    if (patients.length > 0 && !patients.includes(id)) continue;
    pool.set(`${type}/${name}`, JSON.parse(body.toString()) as Resource);
  }
  return {
    patient: pool.get(`Patient/${id}`)!,
    told: sections.map(({ section, reads }) => toldOf(section, reads, lists.found)),
    pool,
  };
}

async function search(
  context: Context,
  exchange: Exchange,
  { type, query, most }: Source,
  into: Shown[],
): Promise<Read> {
  if (!context.types.has(type)) return { found: [], isCut: false };
  const { base, params, store } = exchange;
  const pairs: [string, string][] = [
    type === 'Patient' ? ['_id', params.id!] : ['patient', `Patient/${params.id}`],
    ['_count', String(most)],
    ['_total', 'none'],
    ...query.map(([name, value]): [string, string] => [name, value]),
  ];
  const asked: SearchQuery = parse(context, { base, prefer: { handling: 'strict' }, query: pairs }, [type]);
  const page = await store.search({ ...asked, includes: [...INCLUDES] });
  into.push(...page.matches.filter((match) => !into.some((other) => isSame(other, match))));
  return {
    found: page.matches.map(({ body, by }) => ({ resource: JSON.parse(body.toString()) as Resource, by })),
    isCut: page.next !== undefined,
  };
}

const isSame = (a: Shown, b: Shown): boolean => a.type === b.type && a.id === b.id;

function toldOf(section: Section, reads: readonly Read[], lists: readonly Found[]): Told {
  const { code, sources, required, latest } = section;
  const kept = sources.flatMap(({ keep }, index) =>
    reads[index]!.found.filter(({ resource }) => keep?.(resource) ?? true),
  );
  const nothing = kept.filter((found) => saysNothing(found, code));
  const positive = kept.filter((found) => !nothing.includes(found) && !saysUnknown(found));
  const resources = withoutDoubles(positive.map(({ resource }) => resource));
  const entries = latest === true ? firstOfEach(resources) : resources;
  const isCut = reads.some((each) => each.isCut);
  if (entries.length > 0 || required !== true) return { section, entries, isCut };
  const said = [...nothing, ...lists.filter((list) => isEmptyList(list, code))].some(isSaidBySomebody);
  return { section, entries, isCut, empty: said && !isCut ? 'nilknown' : 'unavailable' };
}
