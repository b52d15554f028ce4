/** Who has seen a record, as far as who exports it may know: by the access history's own pages. */
import type { Json } from '../../fhir/resource.ts';
import type { Answer } from '../../interaction/exchange.ts';
import { each, stringOf } from '../summary/elements.ts';
import { type Get, ifThere, resourceIn } from './ask.ts';
import type { Claimed } from './ports.ts';
import { SAID } from './words.ts';

/** Visits of a page of a file, and those that the first page of the record tells. */
const VISITS = 2000;
const LATEST = 20;
const NEXT = /^<([^>]+)>; rel="next"$/;
const NAMED = /\b[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}/g;

export interface Told {
  files: string[];
  /** `Type/id` of what it tells of. */
  names: Set<string>;
}

type Write = (name: string, content: Buffer) => Promise<void>;

export async function historyOf(get: Get, { patient, language }: Claimed, write: Write): Promise<Told> {
  const told: Told = { files: [], names: new Set() };
  let next: string | undefined =
    `Patient/${patient}/$access-history?as=csv&language=${language}&_count=${VISITS}`;
  for (let number = 1; next !== undefined; number += 1) {
    const answer: Answer | undefined = await ifThere(get(next));
    if (!Buffer.isBuffer(answer?.body)) break;
    for (const [name] of answer.body.toString().matchAll(NAMED))
      if (!name.startsWith('AuditEvent/')) told.names.add(name);
    const file = `${SAID.historyFile[language]}/${SAID.historyFile[language]}-${number}.csv`;
    await write(file, answer.body);
    told.files.push(file);
    next = NEXT.exec(answer.headers?.link ?? '')?.[1];
  }
  return told;
}

/** In one sentence each. */
export async function latestVisits(get: Get, { patient, language }: Claimed): Promise<string[]> {
  const answer = await ifThere(
    get(`Patient/${patient}/$access-history?language=${language}&_count=${LATEST}`),
  );
  if (answer === undefined) return [];
  return each(resourceIn(answer).parameter)
    .filter(({ name }) => name === 'visit')
    .flatMap(({ part }) => each(part).filter(({ name }) => name === 'text'))
    .flatMap((text: Json) => stringOf(text.valueString) ?? []);
}
