/**
 * XML as FHIR uses it: elements and attributes, and a narrative kept as it is written. No document type, so that there
 * are no entities; bounded in depth and, in all, by bounds.ts. https://www.w3.org/TR/xml-names/
 */
import { isUtf8 } from 'node:buffer';
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { FhirError } from '../outcome.ts';
import { MAX_ATTRIBUTES, requireReadable } from './bounds.ts';

export interface Element {
  name: string;
  namespace: string;
  attributes: Record<string, string>;
  children: Element[];
  /** Of a narrative, its text. */
  raw?: string;
  /** Of an operation of a patch: what is written in it, and the namespaces that its prefixes stand for. */
  text?: string;
  prefixes?: Readonly<Record<string, string>>;
}

/** A patch holds operations, which may hold text. */
export interface ElementsOptions {
  operations?: boolean;
  maxLength?: number;
}

const DEPTH_OF_OPERATIONS = 2;

export const XHTML = 'http://www.w3.org/1999/xhtml';
const INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';
const MAX_DEPTH = 100;

/** @throws FhirError structure, too-long */
export function parseElements(
  bytes: Buffer,
  { operations = false, maxLength }: ElementsOptions = {},
): Element {
  requireReadable(bytes, maxLength);
  if (!isUtf8(bytes)) throw refusal('the body is not valid UTF-8');
  const text = bytes.toString('utf8', bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0);
  const parser = new SaxesParser({ xmlns: true });
  const open: Element[] = [];
  let root: Element | undefined;
  /** Of the narrative that is open: where it starts, and how deep. */
  let narrative: { start: number; depth: number } | undefined;
  let depth = 0;
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding !== undefined && !/^utf-?8$/i.test(encoding))
      throw refusal(`the encoding \`${encoding.slice(0, 40)}\` is not supported; allowed: \`UTF-8\``);
  });
  parser.on('error', ({ message }) => {
    throw refusal(`the XML is not well formed: ${message.replace(/^[\d:]+\s*/, '').slice(0, 100)}`);
  });
  parser.on('doctype', () => {
    throw refusal('a document type (`<!DOCTYPE`) is not allowed in XML');
  });
  let attributes = 0;
  parser.on('opentagstart', () => void (attributes = 0));
  parser.on('attribute', () => {
    attributes += 1;
    if (attributes > MAX_ATTRIBUTES) throw refusal(`an element has more than ${MAX_ATTRIBUTES} attributes`);
  });
  parser.on('opentag', (tag) => {
    depth += 1;
    if (depth > MAX_DEPTH) throw refusal(`the XML is nested deeper than ${MAX_DEPTH} levels`);
    if (narrative !== undefined) return;
    const isNarrative = tag.uri === XHTML;
    const element: Element = {
      name: tag.local,
      namespace: tag.uri,
      attributes: isNarrative ? {} : attributesOf(tag),
      children: [],
    };
    if (operations && depth <= DEPTH_OF_OPERATIONS) element.prefixes = { ...root?.prefixes, ...tag.ns };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
    if (!isNarrative) return;
    if (tag.prefix !== '' || tag.attributes.xmlns === undefined)
      throw refusal(`a narrative is a \`<div xmlns="${XHTML}">\``);
    narrative = { start: text.lastIndexOf('<', parser.position - 1), depth };
  });
  parser.on('closetag', () => {
    depth -= 1;
    if (narrative !== undefined) {
      if (narrative.depth !== depth + 1) return;
      open.at(-1)!.raw = text.slice(narrative.start, parser.position);
      narrative = undefined;
    }
    open.pop();
  });
  const takeText = (found: string): void => {
    if (operations && open.length === DEPTH_OF_OPERATIONS && narrative === undefined) {
      const operation = open.at(-1)!;
      operation.text = (operation.text ?? '') + found;
    } else if (narrative === undefined && found.trim() !== '')
      throw refusal(
        `text is not allowed in \`${open.at(-1)?.name.slice(0, 64) ?? ''}\`; values stand in the attribute \`value\``,
      );
  };
  parser.on('text', takeText);
  parser.on('cdata', takeText);
  parser.write(text).close();
  if (root === undefined) throw refusal('the XML has no element');
  return root;
}

function attributesOf({ name, attributes }: SaxesTagNS): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { local, prefix, uri, value } of Object.values(attributes)) {
    if (prefix === 'xmlns' || (prefix === '' && local === 'xmlns') || uri === INSTANCE) continue;
    if (prefix !== '' || local === '__proto__')
      throw refusal(`attribute \`${local.slice(0, 64)}\` of \`${name.slice(0, 64)}\` is not allowed`);
    found[local] = value;
  }
  return found;
}

const refusal = (text: string): FhirError => new FhirError('structure', text);
