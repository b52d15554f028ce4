/**
 * The search as sent, as others than who sent it are told: what it asked for by name, and didn't find, may be hidden from
 * them; so may what pages are full of, so how long they are and which it was isn't told; and so may what a chain led
 * through, so where it led isn't. docs/audit.md
 */
import type { Json, Resource } from '../fhir/resource.ts';
import { definitionsOf } from '../search/definitions.ts';

const NAME = /\b([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})/g;
const NOT_TOLD = '…';
const NAMING: ReadonlySet<string> = new Set(['_id', '_list']);

/** Names stand there only if they are among what is told. The same event where nothing changes. */
export function withoutUnfound(event: Resource): Resource {
  const entities = Array.isArray(event.entity) ? (event.entity as Json[]) : [];
  if (!entities.some(({ query }) => query !== undefined)) return event;
  const told = new Set(
    entities.flatMap(({ what }) => (what as { reference?: string } | undefined)?.reference ?? []),
  );
  let changed = false;
  const entity = entities.map((each) => {
    if (typeof each.query !== 'string') return each;
    const sent = Buffer.from(each.query, 'base64').toString();
    const kept = keptOf(sent, told);
    changed ||= kept !== sent;
    return kept === sent ? each : { ...each, query: Buffer.from(kept).toString('base64') };
  });
  return changed ? { ...event, entity } : event;
}

function keptOf(sent: string, told: ReadonlySet<string>): string {
  const [path = '', ...rest] = sent
    .replace(NAME, (name, type: string) => (told.has(name) ? name : `${type}/${NOT_TOLD}`))
    .split('?');
  if (rest.length === 0) return path;
  const ids = new Set([...told].map((name) => name.slice(name.indexOf('/') + 1)));
  const type = path.split('/').findLast((each) => /^[A-Z]/.test(each)) ?? '';
  const pairs = rest
    .join('?')
    .split('&')
    .flatMap((pair) => (isOfPages(pair) ? [] : [pairOf(pair, type, ids)]));
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

/** How long they are, or which it was. That none was asked for tells nothing of it. */
const isOfPages = (pair: string): boolean => /^_(?:count|page)=/.test(pair) && pair !== '_count=0';

/** Ids without a type: of `_id`, `_list`, and of references. */
function pairOf(pair: string, type: string, ids: ReadonlySet<string>): string {
  const equals = pair.indexOf('=');
  const name = pair.slice(0, Math.max(equals, 0));
  const [first = ''] = name.split(/[:.]/, 1);
  if (first === '_has' || name.includes('.')) return `${first}=${NOT_TOLD}`;
  const isName = NAMING.has(first) || definitionsOf(type).get(first)?.type === 'reference';
  if (equals < 0 || !isName) return pair;
  const values = pair.slice(equals + 1).split(',');
  const isTold = values.every((value) => value.includes('/') || value === NOT_TOLD || ids.has(value));
  return isTold ? pair : `${name}=${NOT_TOLD}`;
}
