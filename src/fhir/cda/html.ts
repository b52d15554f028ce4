/**
 * A CDA R2 as HTML that is clean by construction: every element and attribute is written here, all else of the document is
 * escaped text. No script, no address, nothing fetched. http://www.hl7.org/implement/standards/product_brief.cfm?product_id=7
 */
import { createHash } from 'node:crypto';
import { FhirError } from '../outcome.ts';
import { type XmlElement, type XmlNode, child, childrenOf, parseXml, textOf } from '../xml-tree.ts';
import { headerOf } from './header.ts';
import { escaped, tag } from './markup.ts';

const STYLE =
  'body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#1a1a1a;background:#fff}' +
  'h1{font-size:1.5em}h2{font-size:1.2em;margin-top:1.5em}h3,h4,h5,h6{font-size:1.05em}' +
  'dl{display:grid;grid-template-columns:max-content 1fr;gap:.2em 1em;border:1px solid #999;padding:.7em}dt{font-weight:bold}dd{margin:0}' +
  'table{border-collapse:collapse;margin:.7em 0}th,td{border:1px solid #999;padding:.2em .5em;text-align:left;vertical-align:top}' +
  'img{max-width:100%}.b{font-weight:bold}.i{font-style:italic}.u{text-decoration:underline}.t{white-space:pre-wrap}';

/** Of the answer: the one style sheet, and pictures that stand in the page itself. */
export const POLICY =
  `default-src 'none'; img-src data:; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; ` +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

/** @throws FhirError when it is no CDA */
export function cdaHtml(bytes: Buffer): string {
  const root = parseXml(bytes);
  if (root.name !== 'ClinicalDocument' || root.namespace !== 'urn:hl7-org:v3')
    throw new FhirError(
      'processing',
      'the document is no CDA: its root is not `ClinicalDocument` of `urn:hl7-org:v3`',
    );
  const title = textOf(child(root, 'title')) ?? child(root, 'code')?.attributes.displayName ?? 'Document';
  const language = child(root, 'languageCode')?.attributes.code ?? '';
  const facts = headerOf(root).map(([name, value]) => tag('dt', escaped(name)) + tag('dd', escaped(value)));
  return (
    `<!DOCTYPE html>\n<html lang="${/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?$/.test(language) ? language : 'fr'}"><head><meta charset="utf-8">` +
    `<meta name="viewport" content="width=device-width, initial-scale=1">${tag('title', escaped(title))}<style>${STYLE}</style></head><body>` +
    tag('main', tag('h1', escaped(title)) + tag('dl', facts.join('')) + bodyOf(child(root, 'component'))) +
    '</body></html>\n'
  );
}

function bodyOf(component: XmlElement | undefined): string {
  const file = child(component, 'nonXMLBody', 'text');
  if (file !== undefined) return fileHtml(file);
  return sectionsOf(child(component, 'structuredBody'), 2);
}

function sectionsOf(holder: XmlElement | undefined, level: number): string {
  return childrenOf(holder, 'component')
    .flatMap((component) => childrenOf(component, 'section'))
    .map((section) => {
      const title = textOf(child(section, 'title'));
      const heading = `h${Math.min(level, 6)}`;
      return tag(
        'section',
        (title === undefined ? '' : tag(heading, escaped(title))) +
          inner(child(section, 'text'), picturesOf(section)) +
          sectionsOf(section, level + 1),
      );
    })
    .join('');
}

function fileHtml(file: XmlElement): string {
  const { mediaType = 'text/plain', representation } = file.attributes;
  const text = textOf(file) ?? '';
  if (representation !== 'B64') return tag('p', escaped(text), 't');
  if (mediaType.startsWith('text/plain'))
    return tag('p', escaped(Buffer.from(text, 'base64').toString()), 't');
  return (
    picture(mediaType, text) ?? tag('p', `Ce document contient un fichier de type ${escaped(mediaType)}.`)
  );
}

type Pictures = ReadonlyMap<string, string>;

/** Of one section, by the ids that its narrative names. */
function picturesOf(section: XmlElement): Pictures {
  const found = new Map<string, string>();
  const visit = (element: XmlElement): void => {
    if (element.name === 'observationMedia') {
      const value = child(element, 'value');
      const made = picture(value?.attributes.mediaType ?? '', textOf(value) ?? '');
      const id = element.attributes.ID;
      if (made !== undefined && id !== undefined) found.set(id, made);
    }
    for (const each of element.children) if (typeof each !== 'string') visit(each);
  };
  for (const entry of childrenOf(section, 'entry')) visit(entry);
  return found;
}

function picture(mediaType: string, base64: string): string | undefined {
  const data = base64.replace(/\s+/g, '');
  if (!/^image\/(png|jpeg|gif)$/.test(mediaType) || !/^[A-Za-z0-9+/]+={0,2}$/.test(data)) return undefined;
  return `<img alt="" src="data:${mediaType};base64,${data}">`;
}

/** Narrative elements that are HTML's own. */
const SAME: ReadonlySet<string> = new Set(['table', 'thead', 'tbody', 'tfoot', 'tr', 'sub', 'sup']);

function inner(element: XmlElement | undefined, pictures: Pictures): string {
  return (element?.children ?? []).map((node) => narrative(node, pictures)).join('');
}

function narrative(node: XmlNode, pictures: Pictures): string {
  if (typeof node === 'string') return escaped(node);
  const { name, attributes } = node;
  const content = (): string => inner(node, pictures);
  if (SAME.has(name)) return tag(name, content());
  switch (name) {
    case 'br':
      return '<br>';
    case 'paragraph':
      return tag('p', content(), stylesOf(attributes.styleCode));
    case 'content':
      return tag('span', content(), stylesOf(attributes.styleCode));
    case 'list':
      return tag(attributes.listType === 'ordered' ? 'ol' : 'ul', content());
    case 'item':
      return tag('li', content());
    case 'th':
    case 'td':
      return `<${name}${span('colspan', attributes.colspan)}${span('rowspan', attributes.rowspan)}>${content()}</${name}>`;
    case 'caption':
      return tag('p', content(), 'b');
    case 'renderMultiMedia':
      return (
        (attributes.referencedObject ?? '')
          .split(/\s+/)
          .map((id) => pictures.get(id) ?? '')
          .join('') + content()
      );
    case 'footnote':
      return tag('small', content());
    case 'col':
    case 'colgroup':
    case 'footnoteRef':
      return '';
    default:
      // linkHtml among them: its text, not its address
      return content();
  }
}

const span = (name: string, value = ''): string => (/^[1-9]\d?$/.test(value) ? ` ${name}="${value}"` : '');

function stylesOf(styleCode = ''): string {
  const codes = styleCode.toLowerCase().split(/\s+/);
  return [
    codes.includes('bold') ? 'b' : '',
    codes.includes('italics') ? 'i' : '',
    codes.includes('underline') ? 'u' : '',
  ]
    .filter((each) => each !== '')
    .join(' ');
}
