/**
 * The codes of the chain: HMAC-SHA256 (RFC 2104), cut to 16 bytes, under keys that are kept apart from the database.
 * A record's own code covers its sealed bytes and all that stands clear beside them, but what it is found by: that is
 * made anew with each change of the extractors, and has a code of its own. No patient's key is needed to check one.
 */
import { type Hmac, type KeyObject, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { type Doc, WITHOUT_INDEX } from '../document.ts';
import type { Link } from './link.ts';

const BYTES = 16;
const FOUND_BY = [...Object.keys(WITHOUT_INDEX), 'date', 'long']
  .filter((name) => !/^(place|link)$/.test(name))
  .sort();
const USUAL = [
  '_id',
  'about',
  'at',
  'authors',
  'by',
  'keyless',
  'labels',
  'method',
  'patient',
  'type',
  'v',
  'vid',
] as const;
const KNOWN: ReadonlySet<string> = new Set([...FOUND_BY, 'body', 'place', 'link', ...USUAL]);

export class Codes {
  readonly #records: KeyObject;
  readonly #found: KeyObject;
  readonly #links: KeyObject;

  constructor(derive: (purpose: string) => Buffer) {
    this.#records = createSecretKey(derive('trace records'));
    this.#found = createSecretKey(derive('trace indexes'));
    this.#links = createSecretKey(derive('trace links'));
  }

  record(doc: Doc, id: string, n: number): Buffer {
    const fields: unknown[] = [id, n];
    for (const name of USUAL) if (doc[name] !== undefined) fields.push(name, doc[name]);
    // nothing that was added is left out
    const others = Object.keys(doc).filter((name) => !KNOWN.has(name));
    for (const name of others.sort()) fields.push(name, doc[name as keyof Doc]);
    const hmac = createHmac('sha256', this.#records).update(`${JSON.stringify(fields)}\n`);
    if (doc.body !== undefined) hmac.update(doc.body);
    return cut(hmac);
  }

  /** @param of the record whose code it is, so that no other's fits */
  found(doc: Partial<Doc>, of: Buffer): Buffer {
    const clear: unknown[] = [];
    const keyed: Buffer[] = [of];
    for (const name of FOUND_BY) {
      const value = doc[name as keyof Doc] as unknown;
      if (value === undefined) continue;
      if (isTerms(value)) {
        clear.push(name, value.length);
        keyed.push(...value);
      } else clear.push(name, value);
    }
    const hmac = createHmac('sha256', this.#found).update(`${JSON.stringify(clear)}\n`);
    return cut(hmac.update(Buffer.concat(keyed)));
  }

  /** @param before code of the link before it @param bound codes of the records that it binds, by number */
  link(id: string, link: Omit<Link, 'code'>, before: Buffer, bound: readonly Buffer[]): Buffer {
    const { l, prev, at, binds, void: unused, unsure, what, witnessed, about } = link;
    const text = JSON.stringify([id, l, prev, at, binds, unused, unsure, what, witnessed, about]);
    return cut(
      createHmac('sha256', this.#links).update(`${text}\n`).update(before).update(Buffer.concat(bound)),
    );
  }

  digest(codes: readonly Buffer[]): Buffer {
    return cut(createHmac('sha256', this.#links).update('digest\n').update(Buffer.concat(codes)));
  }
}

export function isSame(one: Buffer, other: unknown): boolean {
  return Buffer.isBuffer(other) && other.length === one.length && timingSafeEqual(one, other);
}

/** The same size each, so that they can be told apart when they are joined. */
function isTerms(value: unknown): value is Buffer[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((each) => Buffer.isBuffer(each) && each.length === 12)
  );
}

function cut(hmac: Hmac): Buffer {
  const code = Buffer.allocUnsafeSlow(BYTES);
  hmac.digest().copy(code, 0, 0, BYTES);
  return code;
}
