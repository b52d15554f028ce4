/** https://hl7.org/fhir/R4/search.html#uri */
import type { Filter } from '../filter.ts';
import { parseLocal, relative } from '../local.ts';
import type { Kind } from '../parameter.ts';
import { refuse, shown, unescape } from '../value.ts';

/** What a document’s address may lead to here. */
const CONTENT = new Set(['Binary', 'Bundle']);

/** Path segments that `:below` tells apart. */
const DEEPEST = 20;

export const uri: Kind = {
  modifiers: ['missing', 'below', 'above'],
  index({ code }, nodes, into) {
    for (const { value, type } of nodes) {
      if (typeof value !== 'string') continue;
      const address = relative(value, into.base);
      into.terms.add(`${code}=${address}`);
      const whole = type === 'canonical' ? value.split('|', 1)[0] : value;
      if (whole !== undefined && whole !== value) into.terms.add(`${code}=${relative(whole, into.base)}`);
      for (const ancestor of ancestors(whole ?? value)) into.terms.add(`${code}:below=${ancestor}`);
      if (!isUnique(code, address)) continue;
      into.ids.add(`${code}=${address}`);
      const { key, version } = parseLocal(address, '') ?? {};
      if (version === undefined || code !== 'location') continue;
      // who names a version of content names the content
      into.terms.add(`${code}=${key}`);
      into.ids.add(`${code}=${key}`);
    }
  },
  parse({ parameter: { code }, modifier, value }, { base, spend }): Filter {
    const text = unescape(value);
    if (modifier === undefined) {
      const address = relative(text, base);
      const terms = [`${code}=${address}`];
      return isUnique(code, address) ? { op: 'term', terms, unique: true } : { op: 'term', terms };
    }
    const above = ancestors(text);
    const [own] = above;
    if (own === undefined) {
      return refuse(
        `${shown(`${code}:${modifier}`)} needs a URL of at most ${DEEPEST} segments, not ${shown(text)}`,
      );
    }
    if (modifier === 'below') return { op: 'term', terms: [`${code}:below=${own}`] };
    spend(above.length);
    return {
      op: 'term',
      terms: above.flatMap((each) => [each, `${each}/`]).map((each) => `${code}=${relative(each, base)}`),
    };
  },
};

/** The URL and those that it lies below, without a slash at the end: itself first. */
function ancestors(url: string): string[] {
  const [, authority, path] = /^([A-Za-z][A-Za-z0-9+.-]{0,30}:\/\/[^/?#]+)(.*)$/s.exec(url) ?? [];
  if (authority === undefined || path === undefined) return [];
  const segments = path.split('/', DEEPEST + 3).slice(1);
  if (segments.at(-1) === '') segments.pop();
  if (segments.length > DEEPEST) return [];
  const found = [authority];
  for (const segment of segments) found.push(`${found.at(-1) ?? ''}/${segment}`);
  return found.reverse();
}

/** Canonical addresses, and those of attachments kept here, find a resource without naming a patient. */
function isUnique(code: string, address: string): boolean {
  return code === 'url' || (code === 'location' && CONTENT.has(parseLocal(address, '')?.type ?? ''));
}
