/** Names that HTML gives characters, and XML doesn't know: https://www.w3.org/TR/html4/sgml/entities.html */

const XML = new Set(['amp', 'lt', 'gt', 'quot', 'apos']);

/** In the order of their characters, from U+00A0 on. */
const LATIN =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para ' +
  'middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave ' +
  'Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc ' +
  'Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc ' +
  'iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml';

const OTHERS: Readonly<Record<string, number>> = {
  OElig: 0x152,
  oelig: 0x153,
  euro: 0x20ac,
  ndash: 0x2013,
  mdash: 0x2014,
  lsquo: 0x2018,
  rsquo: 0x2019,
  ldquo: 0x201c,
  rdquo: 0x201d,
  bull: 0x2022,
  hellip: 0x2026,
  trade: 0x2122,
  larr: 0x2190,
  rarr: 0x2192,
  ne: 0x2260,
  le: 0x2264,
  ge: 0x2265,
};

const CODES: ReadonlyMap<string, number> = new Map([
  ...LATIN.split(' ').map((name, index): [string, number] => [name, 0xa0 + index]),
  ...Object.entries(OTHERS),
]);

/** What has no number here is shown as it was written. */
export function withoutNamedEntities(xhtml: string): string {
  return xhtml.replace(/&([A-Za-z]\w{1,31});/g, (whole, name: string) => {
    if (XML.has(name)) return whole;
    const code = CODES.get(name);
    return code === undefined ? `&amp;${name};` : `&#${code};`;
  });
}
