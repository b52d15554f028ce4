/**
 * Pieces as transactions, over HTTP. Each resource is made under an id that says what it is, and only if it isn't there:
 * what may have arrived is sent again without harm. https://hl7.org/fhir/R4/http.html#transaction
 */
import type { Server } from '../loading/send.ts';
import { persist, reason } from '../loading/send.ts';
import { CommandError } from '../command.ts';
import type { Piece, Rejected } from './submission.ts';

export interface Delivered {
  stored: number;
  /** Were there already. */
  there: number;
  rejected: Rejected[];
}

const DONE = 200;
const EXISTS = 412;
/** The server's own trouble, or the token's: nothing of it is the document's fault. */
const hopeless = (status: number): boolean =>
  status === 0 || status === 401 || status === 429 || status >= 500;

export async function deliver(pieces: readonly Piece[], server: Server): Promise<Delivered> {
  if (pieces.length === 0) return { stored: 0, there: 0, rejected: [] };
  const reply = await persist('POST', '', bundleOf(pieces), server, { repeatable: true });
  if (reply.status === DONE) return { stored: pieces.length, there: 0, rejected: [] };
  if (hopeless(reply.status))
    throw new CommandError(
      `the server can not go on (${reason(reply.status, reply.body)}): start again to resume`,
    );
  if (pieces.length > 1) {
    // one of them is at fault, or there: each half is tried
    const middle = pieces.length >> 1;
    const one = await deliver(pieces.slice(0, middle), server);
    const other = await deliver(pieces.slice(middle), server);
    return {
      stored: one.stored + other.stored,
      there: one.there + other.there,
      rejected: [...one.rejected, ...other.rejected],
    };
  }
  if (reply.status === EXISTS) return { stored: 0, there: 1, rejected: [] };
  return {
    stored: 0,
    there: 0,
    rejected: [{ path: pieces[0]!.path, reason: reason(reply.status, reply.body) }],
  };
}

/** Content is put between the rest as it is: nobody looks for what JSON would have to escape in base64. */
function bundleOf(pieces: readonly Piece[]): Buffer<ArrayBuffer> {
  const parts: Buffer[] = [Buffer.from('{"resourceType":"Bundle","type":"transaction","entry":[')];
  for (const [index, { data, ...resource }] of pieces.flatMap(({ resources }) => resources).entries()) {
    const request = { method: 'PUT', url: `${resource.resourceType}/${resource.id}`, ifNoneMatch: '*' };
    const head = `${index === 0 ? '' : ','}{"request":${JSON.stringify(request)},"resource":`;
    const rest = JSON.stringify(resource);
    if (typeof data !== 'string') parts.push(Buffer.from(`${head}${rest}}`));
    else
      parts.push(
        Buffer.from(`${head}${rest.slice(0, -1)},"data":"`),
        Buffer.from(data, 'latin1'),
        Buffer.from('"}}'),
      );
  }
  parts.push(Buffer.from(']}'));
  return Buffer.concat(parts);
}
