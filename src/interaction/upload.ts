/**
 * Content too large for JSON, written while it arrives. https://hl7.org/fhir/R4/binary.html#rest
 * Nobody but its depositor is given it until a DocumentReference of theirs names it, whatever X-Security-Context says.
 */
import { alone } from '../enforcement/app-content.ts';
import { type ContentCheck, contentCheck } from '../fhir/content/check.ts';
import { FhirError } from '../fhir/outcome.ts';
import { UNKNOWN_PATIENT } from '../fhir/subjects.ts';
import type { Context } from './context.ts';
import type { Answer, Body, Exchange } from './exchange.ts';
import { changeOf, commitOne, resourceIn, written } from './write.ts';

type Stream = Extract<Body, { kind: 'stream' }>;

export async function upload(context: Context, exchange: Exchange, body: Stream): Promise<Answer> {
  try {
    return await context.uploads.hold(exchange.subject.depositor, () => take(context, exchange, body));
  } finally {
    await body.bytes.return?.();
  }
}

async function take(context: Context, exchange: Exchange, body: Stream): Promise<Answer> {
  const { store, subject } = exchange;
  if (subject.role === 'app') throw alone();
  if (exchange.header('if-none-exist') !== undefined) {
    throw new FhirError('not-supported', '`If-None-Exist` is not supported for content that is a stream');
  }
  const most = context.uploads.limit(subject.role);
  if ((body.expected ?? 0) > most) throw tooLong(most);
  const resource = { ...resourceIn(exchange), id: context.newId() };
  const check = contentCheck(body.contentType, context.taken);
  if (check.refusal !== undefined) throw unfit(check.refusal);
  // first of all whether it may be written, and is whole but for its bytes
  const change = await changeOf(exchange, 'POST', resource, undefined);
  const [patient = ''] = change.patients;
  if (change.patients.length > 1 || patient === UNKNOWN_PATIENT) {
    throw new FhirError(
      'value',
      'a securityContext of content that is a stream names one patient of this server',
      {
        expression: 'Binary.securityContext',
      },
    );
  }
  const kept = await store.keep(checked(body.bytes, check, most), patient);
  return written(
    exchange,
    await commitOne(exchange, { ...change, patients: [], content: kept.id, held: kept.held }),
    true,
  );
}

async function* checked(bytes: Stream['bytes'], check: ContentCheck, most: number): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const piece of bytes) {
    size += piece.length;
    if (size > most) throw tooLong(most);
    check.take(piece);
    yield piece;
  }
  const fault = check.end();
  if (fault !== undefined) throw unfit(fault);
}

const unfit = (fault: string): FhirError => new FhirError('business-rule', fault, { expression: 'Binary' });

const tooLong = (most: number): FhirError =>
  new FhirError('too-long', `the content is longer than ${most} bytes`);
