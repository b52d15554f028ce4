/**
 * XML as a tree, within bounds; no document type, so that no entity is defined and nothing is fetched.
 * https://www.w3.org/TR/xml-names/
 */
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { FhirError } from './outcome.ts';
import { MAX_ATTRIBUTES, requireReadable } from './xml/bounds.ts';

export interface XmlElement {
  /** Without its prefix. */
  name: string;
  namespace: string;
  /** By local name; of two that differ in their namespaces the one without any. */
  attributes: Readonly<Record<string, string>>;
  children: readonly XmlNode[];
}

/** A text is a string. */
export type XmlNode = XmlElement | string;

const MAX_DEPTH = 200;
const XML_BYTES = 64 * 1024 * 1024;

interface Open extends XmlElement {
  children: XmlNode[];
}

/** Where reading ends before the document does. */
export interface Partly {
  /** At this element, which is left out unless it is the root. @param depth 0: the root */
  at(element: XmlElement, depth: number): boolean;
  /** The document goes on behind these bytes. */
  isCut?: boolean;
}

const ENOUGH = Symbol('enough');

/** @throws FhirError structure, too-long; where reading ends nowhere, that too */
export function parseXml(bytes: Buffer, until?: Partly): XmlElement {
  if (bytes.length > XML_BYTES) throw new FhirError('too-long', `the XML is longer than ${XML_BYTES} bytes`);
  const text = decode(bytes, until?.isCut);
  requireReadable(text, XML_BYTES);
  const parser = new SaxesParser({ xmlns: true, position: false });
  const open: Open[] = [];
  let root: Open | undefined;
  const refuse = (text: string): never => {
    throw new FhirError('structure', text);
  };
  const add = (node: XmlNode): void => {
    open.at(-1)?.children.push(node);
  };
  parser.on('error', () => refuse('the XML is not well formed'));
  parser.on('doctype', () => refuse('a document type (`<!DOCTYPE`) is not allowed in XML'));
  let attributes = 0;
  parser.on('opentagstart', () => void (attributes = 0));
  parser.on('attribute', () => {
    attributes += 1;
    if (attributes > MAX_ATTRIBUTES)
      refuse(`an element of the XML has more than ${MAX_ATTRIBUTES} attributes`);
  });
  parser.on('opentag', (tag) => {
    if (open.length >= MAX_DEPTH) refuse(`the XML is nested deeper than ${MAX_DEPTH}`);
    const element: Open = {
      name: tag.local,
      namespace: tag.uri,
      attributes: attributesOf(tag),
      children: [],
    };
    root ??= element;
    if (until?.at(element, open.length) === true) throw ENOUGH;
    add(element);
    open.push(element);
  });
  parser.on('closetag', () => void open.pop());
  const keep = (read: string): void => {
    if (open.length > 0) add(read);
  };
  parser.on('text', keep);
  parser.on('cdata', keep);
  try {
    parser.write(text).close();
  } catch (error) {
    if (error !== ENOUGH) throw error;
  }
  return root ?? refuse('the XML has no element');
}

function attributesOf({ attributes }: SaxesTagNS): Record<string, string> {
  const found = Object.create(null) as Record<string, string>;
  for (const { local, prefix, value } of Object.values(attributes)) {
    if (prefix === 'xmlns' || (prefix === '' && local === 'xmlns')) continue;
    if (prefix === '' || found[local] === undefined) found[local] = value;
  }
  return found;
}

/** UTF-8, or what the declaration says: https://www.w3.org/TR/xml/#charencoding */
function decode(bytes: Buffer, isCut = false): string {
  const isWide = bytes[0] === 0xfe || bytes[0] === 0xff;
  const declared = /^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']/.exec(
    bytes.toString('latin1', bytes[0] === 0xef ? 3 : 0, 300),
  )?.[1];
  const encoding = isWide ? (bytes[0] === 0xfe ? 'utf-16be' : 'utf-16le') : (declared ?? 'utf-8');
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: isCut });
  } catch {
    throw new FhirError('structure', `the XML is not in its encoding \`${encoding}\``);
  }
}

/** The first child of that name, then of the next name in it, and so on. */
export function child(element: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  let found = element;
  for (const name of path) found = found === undefined ? undefined : childrenOf(found, name)[0];
  return found;
}

export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return (element?.children ?? []).filter(
    (each): each is XmlElement => typeof each !== 'string' && each.name === name,
  );
}

/** All the text in it, blanks at the ends left out; undefined when there is none. */
export function textOf(element: XmlElement | undefined): string | undefined {
  if (element === undefined) return undefined;
  const pieces: string[] = [];
  const gather = (node: XmlNode): void => {
    if (typeof node === 'string') pieces.push(node);
    else node.children.forEach(gather);
  };
  gather(element);
  return pieces.join('').trim() || undefined;
}
