/** The server asked from within, as somebody: the same steps as over HTTP, checked, gated and traced. */
import type { Subject } from '../consent/subject.ts';
import type { Answer, Entry, Trace } from '../interaction/exchange.ts';
import type { Matcher } from './match.ts';
import { parseEntry } from './parse.ts';
import { createPipeline, type PipelineOptions } from './pipeline.ts';

export interface From {
  /** The network address of who caused it. */
  address: string;
  requestId: string;
}

/** @throws FhirError */
export type AskWithin = (subject: Subject, entry: Entry, from: From) => Promise<Answer>;

export function within(options: PipelineOptions, match: Matcher, base: string): AskWithin {
  const interact = createPipeline(options, match);
  return async (subject, entry, from) => {
    const outer: Trace = {
      method: entry.method,
      url: entry.url,
      base,
      params: {},
      interaction: '',
      audit: { code: 'operation', action: 'E' },
      query: [],
      header: () => undefined,
      prefer: { handling: 'strict' },
      subject,
      ...from,
    };
    return interact(parseEntry(entry, outer, match), { paced: false });
  };
}
