/**
 * `Patient/x/$export-record`: a patient's whole record as a ZIP, for the patient and who speaks for them. Ordered, told
 * how far it is, fetched, cancelled, as https://hl7.org/fhir/R4/async.html has it.
 */
import type { Language } from '../../consent/reasons.ts';
import { reachesAll } from '../../consent/token-reach.ts';
import { FhirError } from '../../fhir/outcome.ts';
import { type Answer, type Exchange, Flow, type Interaction } from '../../interaction/exchange.ts';
import { rangeOf } from '../../interaction/range.ts';
import { insightFor } from '../../operation/asker.ts';
import { languageOf } from '../../operation/language.ts';
import { parametersIn } from '../../operation/parameters.ts';
import type { Desk, Job } from './ports.ts';
import { SAID } from './words.ts';

/** Seconds until it is worth asking again. */
const AGAIN = '2';
const JSON_TYPE = 'application/json; charset=utf-8';

export interface Exporting {
  desk: Desk;
  wake(): void;
}

export function exportInteractions({ desk, wake }: Exporting) {
  return {
    '$export-record': async (exchange) => {
      const language = languageIn(exchange);
      await insightFor(exchange);
      const { params, subject, base, address } = exchange;
      const patient = params.id!;
      const id = await desk.order({ patient, subject, language, address });
      wake();
      const url = `${base}/${pathOf({ patient, id })}`;
      return { status: 202, headers: { 'content-location': url, 'retry-after': AGAIN } };
    },
    '$export-record-status': async (exchange): Promise<Answer> => {
      const job = await jobFor(desk, exchange);
      if (job.state === 'failed')
        throw new FhirError('processing', 'the record could not be put together: ask for it again', {
          status: 500,
        });
      if (job.result === undefined) {
        return { status: 202, headers: { 'x-progress': progressOf(job), 'retry-after': AGAIN } };
      }
      return {
        status: 200,
        headers: { 'content-type': JSON_TYPE, expires: new Date(job.until).toUTCString() },
        body: Buffer.from(JSON.stringify(manifestOf(job, exchange.base))),
      };
    },
    '$export-record-cancel': async (exchange) => {
      await desk.cancel(await jobFor(desk, exchange));
      return { status: 202 };
    },
    '$export-record-file': async (exchange) => {
      const job = await jobFor(desk, exchange);
      if (job.result === undefined) throw new FhirError('not-found', 'not found');
      return fileOf(desk, exchange, job, job.result);
    },
  } satisfies Record<string, Interaction>;
}

async function fileOf(
  desk: Desk,
  exchange: Exchange,
  job: Job,
  result: NonNullable<Job['result']>,
): Promise<Answer> {
  requireReach(exchange, job);
  // read, so that it is traced
  await insightFor(exchange);
  // INVARIANT: what is hidden since isn't given with what was packed before
  const content = (await exchange.store.givesAll(result.names)) ? await desk.content(result) : undefined;
  if (content === undefined) {
    await desk.cancel(job);
    throw new FhirError('not-found', 'not found');
  }
  const { size, read } = content;
  const range = rangeOf(exchange, { vid: job.id, at: job.at }, size);
  const { from, to } = range ?? { from: 0, to: size };
  const name = `${SAID.file[job.language]}-${new Date(job.at).toISOString().slice(0, 10)}.zip`;
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      'content-type': 'application/zip',
      'content-disposition': `attachment; filename="${name}"`,
      etag: `W/"${job.id}"`,
      'accept-ranges': 'bytes',
      ...(range === undefined ? {} : { 'content-range': `bytes ${from}-${to - 1}/${size}` }),
    },
    body: new Flow(to - from, () => read(from, to)),
  };
}

/** Of who asked for it, as long as they speak for the patient. @throws FhirError not-found */
async function jobFor(desk: Desk, { params, subject, store }: Exchange): Promise<Job> {
  const patient = params.id!;
  const job = await desk.find(patient, params.vid!, subject);
  if (job === undefined || (await store.insight(patient)) === undefined)
    throw new FhirError('not-found', 'not found');
  return job;
}

/** @throws FhirError 403 when less is asked with than it was made with */
function requireReach({ subject }: Exchange, job: Job): void {
  if (reachesAll(subject, job.subject)) return;
  throw new FhirError('forbidden', 'the token reaches less than the one with which the record was asked for');
}

function progressOf({ state, progress: { done, total } }: Job): string {
  if (state === 'waiting') return 'waiting';
  return total === undefined || total === 0
    ? 'begun'
    : `${Math.min(99, Math.floor((done / total) * 100))} %, ${done} of ${total} resources`;
}

/** As https://hl7.org/fhir/uv/bulkdata/export.html has it, of one file. */
function manifestOf({ patient, id, at, result }: Job, base: string): object {
  const { size, sha1, resources, documents } = result!;
  const path = pathOf({ patient, id });
  return {
    transactionTime: new Date(at).toISOString(),
    request: `${base}/Patient/${patient}/$export-record`,
    requiresAccessToken: true,
    output: [{ type: 'Binary', url: `${base}/${path}/record.zip`, count: 1 }],
    error: [],
    extension: { contentType: 'application/zip', size, sha1, resources, documents },
  };
}

const pathOf = ({ patient, id }: Pick<Job, 'patient' | 'id'>): string =>
  `Patient/${patient}/$export-record/${id}`;

/** @throws FhirError 400 */
function languageIn(exchange: Exchange): Language {
  const pairs = parametersIn(exchange);
  const other = pairs.find(([name]) => name !== 'language');
  if (other !== undefined)
    throw new FhirError(
      'not-supported',
      `parameter \`${other[0].slice(0, 60)}\` is not supported; allowed: language`,
    );
  if (pairs.length > 1) throw new FhirError('value', 'one `language` at most');
  const asked = pairs[0]?.[1].split('-', 1)[0];
  if (asked === undefined) return languageOf(exchange);
  if (asked === 'fr' || asked === 'en') return asked;
  throw new FhirError('value', `\`${asked.slice(0, 60)}\` is no value of \`language\`; allowed: fr, en`);
}
