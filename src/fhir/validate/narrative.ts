/**
 * The XHTML of a narrative: well formed, formatting only, nothing active. One pass, no backtracking over what was read.
 * https://hl7.org/fhir/R4/narrative.html#rules
 */
import { show } from './path.ts';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const ELEMENTS = words(
  'a abbr acronym address b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img ' +
    'kbd li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var',
);
const ATTRIBUTES = words(
  'abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset cite class ' +
    'colspan compact coords dir frame headers height href hreflang hspace id lang longdesc name nowrap rel rev rowspan rules ' +
    'scope shape span src start style summary tabindex title type valign value vspace width xmlns xml:lang xml:space',
);
const ADDRESSES = words('href src cite longdesc');
const SCHEMES = words('http https mailto tel urn cid ftp');
const XHTML = 'http://www.w3.org/1999/xhtml';
const MAX_DEPTH = 200;

const START = /<([A-Za-z][\w:.-]*)/y;
const ATTRIBUTE = /\s+([A-Za-z_][\w:.-]*)\s*=\s*("[^"<]*"|'[^'<]*')/y;
const OPEN_END = /\s*(\/?)>/y;
const CLOSE = /<\/([A-Za-z][\w:.-]*)\s*>/y;
const COMMENT = /<!--(?!\[if)/y;
const ENTITY = /&(?:[A-Za-z][A-Za-z0-9]{1,31}|#\d{1,7}|#x[\dA-Fa-f]{1,6});/y;

/** Undefined when good; else the invariant that fails, and why. */
export function narrativeFault(xhtml: string): { key: 'txt-1' | 'txt-2'; text: string } | undefined {
  const scanner = new Scanner(xhtml);
  const fault = scanner.run();
  if (fault !== undefined) return { key: 'txt-1', text: fault };
  return scanner.hasContent ? undefined : { key: 'txt-2', text: 'the narrative must have text or an image' };
}

class Scanner {
  hasContent = false;
  private at = 0;
  private readonly open: string[] = [];
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  run(): string | undefined {
    this.at = this.text.search(/\S|$/);
    if (!/^<div[\s>]/.test(this.text.slice(this.at, this.at + 5)))
      return `must be one \`<div xmlns="${XHTML}">\``;
    do {
      const fault = this.step();
      if (fault !== undefined) return fault;
    } while (this.open.length > 0 && this.at < this.text.length);
    if (this.open.length > 0) return `\`<${this.open.at(-1)}>\` is not closed`;
    return this.text.slice(this.at).trim() === '' ? undefined : 'must end with its `</div>`';
  }

  private step(): string | undefined {
    if (this.text[this.at] !== '<') return this.characters();
    if (this.text.startsWith('</', this.at)) return this.close();
    if (this.text.startsWith('<!', this.at)) return this.comment();
    return this.start();
  }

  private characters(): string | undefined {
    const next = this.text.indexOf('<', this.at);
    const end = next < 0 ? this.text.length : next;
    const run = this.text.slice(this.at, end);
    this.at = end;
    if (!this.hasContent && /\S/.test(run)) this.hasContent = true;
    return entityFault(run);
  }

  private start(): string | undefined {
    const name = this.take(START)?.[1];
    if (name === undefined) return 'a bare `<` is not allowed; write `&lt;`';
    if (!ELEMENTS.has(name))
      return `\`<${name.slice(0, 64)}>\` is not allowed; allowed: ${[...ELEMENTS].join(', ')}`;
    if (name === 'img') this.hasContent = true;
    const seen = new Set<string>();
    for (let found = this.take(ATTRIBUTE); found !== null; found = this.take(ATTRIBUTE)) {
      const [, attribute = '', quoted = ''] = found;
      if (seen.has(attribute)) return `attribute \`${attribute}\` is there twice`;
      seen.add(attribute);
      const fault = attributeFault(attribute, quoted.slice(1, -1));
      if (fault !== undefined) return fault;
    }
    const end = this.take(OPEN_END);
    if (end === null) return `\`<${name}>\` is not well formed`;
    if (this.open.length === 0 && !seen.has('xmlns')) return `must be one \`<div xmlns="${XHTML}">\``;
    if (end[1] !== '/') this.open.push(name);
    return this.open.length > MAX_DEPTH ? `elements are nested deeper than ${MAX_DEPTH}` : undefined;
  }

  private close(): string | undefined {
    const name = this.take(CLOSE)?.[1];
    const expected = this.open.pop();
    return name === expected
      ? undefined
      : `\`</${(name ?? '').slice(0, 64)}>\` is out of place; allowed: \`</${expected}>\``;
  }

  private comment(): string | undefined {
    const end = this.take(COMMENT) === null ? -1 : this.text.indexOf('--', this.at);
    if (end < 0 || this.text[end + 2] !== '>') return 'only comments are allowed after `<!`';
    this.at = end + 3;
    return undefined;
  }

  private take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }
}

function entityFault(text: string): string | undefined {
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) {
    ENTITY.lastIndex = at;
    if (!ENTITY.test(text)) return 'a bare `&` is not allowed; write `&amp;`';
  }
  return undefined;
}

function attributeFault(name: string, value: string): string | undefined {
  if (!ATTRIBUTES.has(name))
    return `attribute ${show(name)} is not allowed; allowed: ${[...ATTRIBUTES].join(', ')}`;
  if (name === 'xmlns')
    return value === XHTML ? undefined : `namespace ${show(value)} is not allowed; allowed: \`${XHTML}\``;
  const fault = entityFault(value);
  if (fault !== undefined) return fault;
  if (ADDRESSES.has(name)) return addressFault(name, value);
  return name === 'style' ? styleFault(value) : undefined;
}

/** What browsers read past: spaces and control characters, before and inside of a scheme. */
// oxlint-disable-next-line no-control-regex
const IGNORED = /[\0-\x20\x7f-\xa0\u2000-\u200f\u2028\u2029\ufeff]/g;

function addressFault(name: string, value: string): string | undefined {
  const address = decode(value)?.replace(IGNORED, '').toLowerCase();
  if (address === undefined) return `attribute \`${name}\` has an entity that an address needs not`;
  const scheme = /^([^/?#:]*):/.exec(address)?.[1];
  if (scheme === undefined || SCHEMES.has(scheme)) return undefined;
  if (name === 'src' && /^data:image\/(?:png|gif|jpeg);base64,/.test(address)) return undefined;
  return `${show(value)} is not allowed in \`${name}\`; allowed: relative addresses, ${[...SCHEMES].join(', ')}`;
}

function styleFault(value: string): string | undefined {
  const style = decode(value)?.replace(IGNORED, '').toLowerCase();
  const active =
    style === undefined ||
    /\\|\/\*|image\(|image-set\(|expression\(|@|behavior:|-moz-binding|script:/.test(style);
  if (active)
    return `style ${show(value)} is not allowed; allowed: declarations without escapes, comments and code`;
  for (const part of style.split('url(').slice(1)) {
    const fault = addressFault('src', part.replace(/^['"]/, ''));
    if (fault !== undefined) return fault.replace('`src`', '`style`');
  }
  return undefined;
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

/** Undefined for entities that hide what an address is, such as `&colon;`. */
function decode(value: string): string | undefined {
  let unknown = false;
  const text = value.replace(/&(#?\w{1,32});/g, (_, entity: string) => {
    const code = entity.startsWith('#x')
      ? Number.parseInt(entity.slice(2), 16)
      : entity.startsWith('#')
        ? Number(entity.slice(1))
        : -1;
    if (code >= 0 && code <= 0x10ffff) return String.fromCodePoint(code);
    if (!Object.hasOwn(NAMED, entity)) unknown = true;
    return NAMED[entity] ?? '';
  });
  return unknown ? undefined : text;
}
