/** The server asked by who is exporting, from within: scoped, gated and traced as over HTTP. */
import type { Subject } from '../../consent/subject.ts';
import { FhirError } from '../../fhir/outcome.ts';
import type { Resource } from '../../fhir/resource.ts';
import { parseJson } from '../../fhir/json.ts';
import { type Answer, type Entry, Flow } from '../../interaction/exchange.ts';

export type AskWithin = (
  subject: Subject,
  entry: Entry,
  from: { address: string; requestId: string },
) => Promise<Answer>;

/** A GET in the name of who ordered it. */
export type Get = (url: string, headers?: Record<string, string>) => Promise<Answer>;

/** Hidden, absent, deleted, not of these scopes: it isn't there. */
const LACKING = new Set([403, 404, 406, 410, 422]);

export async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof FhirError && LACKING.has(error.status)) return undefined;
    throw error;
  }
}

export function bytesIn({ body }: Answer): Buffer | AsyncIterable<Buffer> | undefined {
  if (body instanceof Flow) return body.read();
  return Buffer.isBuffer(body) ? body : undefined;
}

export function resourceIn({ body }: Answer): Resource {
  if (body === undefined || body instanceof Flow) throw new Error('an answer without a resource');
  return (Buffer.isBuffer(body) ? parseJson(body) : body) as Resource;
}
