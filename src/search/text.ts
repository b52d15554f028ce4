/** Strings as they are compared: https://hl7.org/fhir/R4/search.html#string */

const PLAIN = /^\p{ASCII}*$/u;

/** Lower case, without accents, white space collapsed. */
export function normalize(text: string): string {
  const lower = text.toLowerCase();
  const base = PLAIN.test(lower) ? lower : lower.normalize('NFD').replace(/\p{Mn}+/gu, '');
  return base.replace(/\s+/g, ' ').trim();
}

/** The first characters, never half of one. */
export function prefix(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 && text.length > length ? length - 1 : length);
}

/** The words of a narrative's XHTML. */
export function plainText(xhtml: string): string {
  return xhtml
    .replace(/<[^<>]*>/g, ' ')
    .replace(
      /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));/gi,
      (whole, decimal, hex, name) => {
        if (name) return NAMED[String(name).toLowerCase()] ?? whole;
        const point = decimal ? Number(decimal) : parseInt(String(hex), 16);
        return point > 0 && point < 0x110000 ? String.fromCodePoint(point) : ' ';
      },
    );
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/** Every text in the content, but for base64 data. */
export function allText(value: unknown, into: string[] = []): string[] {
  if (typeof value === 'string') into.push(value.startsWith('<div') ? plainText(value) : value);
  else if (Array.isArray(value)) for (const item of value) allText(item, into);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) if (name !== 'data') allText(item, into);
  }
  return into;
}
