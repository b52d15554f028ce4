/** FHIR's XML from its JSON: https://hl7.org/fhir/R4/xml.html */
import { isResourceType } from '../definitions/index.ts';
import { literalOf, parseJson } from '../json.ts';
import type { Json } from '../resource.ts';
import { withoutNamedEntities } from './entities.ts';
import { isAttribute, propertiesOf, type Property } from './properties.ts';

export const FHIR_NAMESPACE = 'http://hl7.org/fhir';

/** The bytes of a resource in JSON as bytes in XML. */
export function xmlOf(json: Buffer): Buffer {
  const parts: string[] = ['<?xml version="1.0" encoding="UTF-8"?>'];
  resource(parseJson(json), parts, ` xmlns="${FHIR_NAMESPACE}"`);
  return Buffer.from(parts.join(''));
}

function resource(value: Json, parts: string[], attributes = ''): void {
  const type = textOf(value.resourceType);
  if (!isResourceType(type)) throw new Error(`\`${type}\` is no resource type`);
  parts.push('<', type, attributes);
  content(value, type, parts, true);
  parts.push('</', type, '>');
}

/** After the name and before the end tag. */
function content(value: Json, type: string, parts: string[], isResource: boolean): void {
  const properties = propertiesOf(type)!;
  const names = new Set(Object.keys(value).map((name) => (name.startsWith('_') ? name.slice(1) : name)));
  const present = [...names].flatMap((name) => properties.get(name) ?? []).sort((a, b) => a.order - b.order);
  for (const { name } of present) {
    if (isAttribute(name, type, isResource) && value[name] !== undefined)
      parts.push(' ', name, '="', escape(textOf(value[name])), '"');
  }
  parts.push('>');
  for (const property of present) {
    if (!isAttribute(property.name, type, isResource)) elements(value, property, parts);
  }
}

function elements(holder: Json, property: Property, parts: string[]): void {
  const [value, beside] = [holder[property.name], holder[`_${property.name}`]];
  if (!Array.isArray(value) && !Array.isArray(beside)) {
    element(property, value, literalIn(holder, property.name), beside, parts);
    return;
  }
  const [values, besides] = [value ?? [], beside ?? []] as [unknown[], unknown[]];
  for (let at = 0; at < Math.max(values.length, besides.length); at++) {
    element(property, values[at], literalIn(values as unknown as Json, String(at)), besides[at], parts);
  }
}

const literalIn = (holder: Json, key: string): string | undefined =>
  typeof holder[key] === 'number' ? literalOf(holder, key) : undefined;

function element(
  { name, type }: Property,
  value: unknown,
  literal: string | undefined,
  beside: unknown,
  parts: string[],
): void {
  if (type === 'xhtml') {
    if (typeof value === 'string') parts.push(withoutNamedEntities(value.trim()));
    return;
  }
  if (type === 'Resource') {
    parts.push('<', name, '>');
    resource(value as Json, parts);
    parts.push('</', name, '>');
    return;
  }
  parts.push('<', name);
  if (propertiesOf(type) !== undefined) {
    content(value as Json, type, parts, false);
    parts.push('</', name, '>');
    return;
  }
  const besides = (beside ?? {}) as Json;
  if (besides.id !== undefined) parts.push(' id="', escape(textOf(besides.id)), '"');
  if (value !== undefined && value !== null) parts.push(' value="', escape(literal ?? textOf(value)), '"');
  if (!Array.isArray(besides.extension)) {
    parts.push('/>');
    return;
  }
  parts.push('>');
  elements({ extension: besides.extension }, EXTENSIONS, parts);
  parts.push('</', name, '>');
}

/** Of a string, number or boolean. */
const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? null);

const EXTENSIONS: Property = { name: 'extension', order: 0, type: 'Extension', many: true };

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};
/** What XML can't hold, even as a reference. https://www.w3.org/TR/xml/#charsets */
const UNFIT = /(?![\u007f-\u009f])\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu;

function escape(text: string): string {
  if (!/[&<>"\p{Cc}\p{Cs}\ufffe\uffff]/u.test(text)) return text;
  return text.replace(/[&<>"\n\r\t]/g, (found) => ESCAPES[found]!).replace(UNFIT, '\ufffd');
}
