/** What a batch or transaction answers for one entry: https://hl7.org/fhir/R4/http.html#transaction-response */
import { stringifyJson } from '../fhir/json.ts';
import { FhirError, outcome } from '../fhir/outcome.ts';
import { type Answer, type Exchange, Flow } from './exchange.ts';

type Pieces = (string | Buffer)[];

const STATUS: Record<number, string> = {
  200: '200 OK',
  201: '201 Created',
  204: '204 No Content',
  304: '304 Not Modified',
};

/** The resource stands there for what was asked for, and for what was written when the caller prefers it. */
export function answered(answer: Answer, { prefer }: Exchange, method: string): Pieces {
  const { headers = {}, status, body, at } = answer;
  const location = headers.location ?? headers['content-location'];
  const written = location !== undefined;
  const bytes = body === undefined || method === 'HEAD' ? undefined : bytesOf(body);
  const about = JSON.stringify({
    status: STATUS[status] ?? String(status),
    ...(written ? { location } : {}),
    ...(headers.etag === undefined ? {} : { etag: headers.etag }),
    ...(at === undefined ? {} : { lastModified: new Date(at).toISOString() }),
  });
  if (
    bytes === undefined ||
    (written && prefer.return !== 'representation' && prefer.return !== 'OperationOutcome')
  ) {
    return [`{"response":${about}}`];
  }
  if (written && prefer.return === 'OperationOutcome') {
    return [`{"response":${about.slice(0, -1)},"outcome":`, bytes, '}}'];
  }
  return ['{"resource":', bytes, `,"response":${about}}`];
}

export function failed({ status, issues }: FhirError): Pieces {
  return [`{"response":${JSON.stringify({ status: String(status), outcome: outcome(issues) })}}`];
}

function bytesOf(body: NonNullable<Answer['body']>): Buffer {
  if (body instanceof Flow) throw new FhirError('not-supported', 'content is read by a request of its own');
  return Buffer.isBuffer(body) ? body : Buffer.from(stringifyJson(body));
}
