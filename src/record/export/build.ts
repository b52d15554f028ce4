/**
 * A patient's whole record as a ZIP, written while it is read: page by page through the gate of who asked for it, so
 * that each part is decided and traced as a request of theirs is.
 */
import type { Kept } from '../../enforcement/ports.ts';
import { stringifyJson } from '../../fhir/json.ts';
import { FhirError } from '../../fhir/outcome.ts';
import type { Json, Resource } from '../../fhir/resource.ts';
import { each, stringOf } from '../summary/elements.ts';
import { type Get, ifThere, resourceIn } from './ask.ts';
import { Documents } from './documents.ts';
import { historyOf, latestVisits } from './history.ts';
import { indexPage } from './index-page.ts';
import { Lines } from './lines.ts';
import { People, nameOf } from './people.ts';
import type { Claimed, Progress, Result } from './ports.ts';
import { SAID } from './words.ts';
import { Zip } from './zip.ts';

/** Resources of a page: as many as one trace names. */
const PAGE = 100;
/** Of one record. */
export const MOST = 100_000;

export interface Around {
  get: Get;
  /** Absolute FHIR base. */
  base: string;
  keep(source: AsyncIterable<Buffer>, patient: string): Promise<Kept>;
  /** @throws what ends the work */
  told(progress: Progress): Promise<void>;
}

export async function build(order: Claimed, around: Around): Promise<Result> {
  const zip = new Zip(order.at);
  const writing = write(order, around, zip).then(
    (told) => {
      zip.end();
      return told;
    },
    (error: unknown) => {
      zip.fail(error as Error);
      throw error;
    },
  );
  // what failed in writing is what is told
  const keeping = around.keep(zip, order.patient);
  keeping.catch(() => {});
  const told = await writing.catch(async (error: unknown) => {
    await keeping.catch(() => {});
    throw error;
  });
  return { ...(await keeping), ...told };
}

type Told = Omit<Result, keyof Kept>;

async function write(order: Claimed, around: Around, zip: Zip): Promise<Told> {
  const { patient, language, id, at } = order;
  const { get, base } = around;
  const names = new Set<string>([`Patient/${patient}`]);
  const people = new People();
  const lines = new Lines((name, content) => zip.add(name, content));
  const documents = new Documents(get, base, language, (name, content) => zip.add(name, content));
  let patientName = '';
  const met = new Set<string>();
  let done = 0;
  for await (const { matches, along, total } of pagesOf(get, patient)) {
    for (const resource of [...matches, ...along]) {
      const key = `${resource.resourceType}/${resource.id}`;
      if (met.has(key)) continue;
      met.add(key);
      people.meet(resource);
      await lines.add(resource.resourceType, Buffer.from(stringifyJson(resource)));
    }
    for (const resource of matches) {
      const key = `${resource.resourceType}/${resource.id}`;
      names.add(key);
      if (key === `Patient/${patient}`) patientName = nameOf(resource) ?? '';
      if (resource.resourceType === 'DocumentReference')
        for (const read of await documents.add(resource)) names.add(read);
    }
    done += matches.length;
    await around.told({ done, total });
    if (met.size > MOST) throw new FhirError('too-costly', `the record has more than ${MOST} resources`);
  }
  await lines.end();
  const summary = await summaryIn(order, get, zip);
  const history = await historyOf(get, order, (name, content) => zip.add(name, content));
  for (const name of history.names) names.add(name);
  const page = indexPage({
    id,
    at,
    language,
    patient: patientName === '' ? SAID.unnamed[language] : patientName,
    documents: documents.listed(people),
    counts: lines.counts,
    summary,
    visits: await latestVisits(get, order),
    histories: history.files,
  });
  await zip.add('index.html', page);
  return { resources: met.size, documents: documents.count, names: [...names] };
}

interface Page {
  matches: Resource[];
  /** Of the directory. */
  along: Resource[];
  total?: number;
}

async function* pagesOf(get: Get, patient: string): AsyncGenerator<Page> {
  let next: string | undefined = `Patient/${patient}/$everything?_count=${PAGE}`;
  while (next !== undefined) {
    const bundle = resourceIn(await get(next));
    const entries = each(bundle.entry);
    const of = (mode: string): Resource[] =>
      entries.flatMap(({ resource, search }) =>
        (search as Json | undefined)?.mode === mode ? [resource as Resource] : [],
      );
    yield { matches: of('match'), along: of('include'), total: bundle.total as number | undefined };
    next = stringOf(each(bundle.link).find(({ relation }) => relation === 'next')?.url);
  }
}

/** The name of its file; undefined when the scopes don't reach what it is made of. */
async function summaryIn({ patient, language }: Claimed, get: Get, zip: Zip): Promise<string | undefined> {
  const answer = await ifThere(
    get(`Patient/${patient}/$summary?as=pdf&language=${language}`, { accept: 'application/pdf' }),
  );
  if (!Buffer.isBuffer(answer?.body)) return undefined;
  const name = SAID.summaryFile[language];
  await zip.add(name, answer.body);
  return name;
}
