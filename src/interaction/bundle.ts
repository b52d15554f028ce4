/** Bundles put together from resources' bytes, which are copied and never parsed. https://hl7.org/fhir/R4/bundle.html */
import { madeBy } from '../enforcement/made.ts';
import type { Shown, Stored } from '../enforcement/ports.ts';

export interface Link {
  relation: string;
  url: string;
}

export interface BundleHead {
  type: 'searchset' | 'history' | 'batch-response' | 'transaction-response';
  total?: number;
  /** Milliseconds. */
  lastUpdated?: number;
  links: readonly Link[];
}

/** @param entries each the JSON of one entry, in pieces */
export function bundleOf(head: BundleHead, entries: readonly (readonly (string | Buffer)[])[]): Buffer {
  const { type, total, lastUpdated, links } = head;
  const start = JSON.stringify({
    resourceType: 'Bundle',
    ...(lastUpdated === undefined ? {} : { meta: { lastUpdated: new Date(lastUpdated).toISOString() } }),
    type,
    ...(total === undefined ? {} : { total }),
    ...(links.length === 0 ? {} : { link: links }),
  });
  const pieces: Buffer[] = [];
  let text = start.slice(0, -1);
  const add = (piece: string | Buffer): void => {
    if (typeof piece === 'string') {
      text += piece;
      return;
    }
    pieces.push(Buffer.from(text), piece);
    text = '';
  };
  for (const [index, entry] of entries.entries()) {
    add(index === 0 ? ',"entry":[' : ',');
    for (const piece of entry) add(piece);
  }
  add(entries.length > 0 ? ']}' : '}');
  pieces.push(Buffer.from(text));
  return Buffer.concat(pieces);
}

export function searchEntry(
  base: string,
  stored: Shown,
  body: Buffer,
  mode: 'match' | 'include' | 'outcome',
) {
  return [
    `{"fullUrl":${JSON.stringify(addressOf(base, stored))},"resource":`,
    body,
    `,"search":{"mode":"${mode}"}}`,
  ];
}

/** Of what is contained: that of the resource around it, and the id within. */
function addressOf(base: string, { type, id, inside }: Shown): string {
  return inside === undefined ? `${base}/${type}/${id}` : `${base}/${type}/${id}#${inside.id}`;
}

export function outcomeEntry(body: Buffer) {
  return ['{"resource":', body, ',"search":{"mode":"outcome"}}'];
}

const REASONS = { 200: '200 OK', 201: '201 Created', 204: '204 No Content' } as const;

export function historyEntry(base: string, stored: Stored) {
  const { type, id, vid, at } = stored;
  const { method, url: made, status } = madeBy(stored);
  const about = JSON.stringify({
    request: { method, url: made },
    response: { status: REASONS[status], etag: `W/"${vid}"`, lastModified: new Date(at).toISOString() },
  });
  const url = `{"fullUrl":"${base}/${type}/${id}"`;
  return method === 'DELETE'
    ? [`${url},${about.slice(1)}`]
    : [`${url},"resource":`, stored.body, `,${about.slice(1)}`];
}
