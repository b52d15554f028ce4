/** FHIR's JSON from its XML, as text, so that both are read by one reader: https://hl7.org/fhir/R4/xml.html */
import { isResourceType } from '../definitions/index.ts';
import { FhirError } from '../outcome.ts';
import { isAttribute, propertiesOf } from './properties.ts';
import { type Element, parseElements } from './elements.ts';
import { FHIR_NAMESPACE } from './write.ts';

/** The bytes of a resource in XML as bytes in JSON. @throws FhirError structure */
export function jsonOf(xml: Buffer): Buffer {
  return Buffer.from(resource(parseElements(xml)));
}

const NUMBERS = new Set(['decimal', 'integer', 'unsignedInt', 'positiveInt']);
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

interface Values {
  values: (string | undefined)[];
  besides: (string | undefined)[];
  many: boolean;
}

function resource(element: Element): string {
  const { name } = element;
  if (element.namespace !== FHIR_NAMESPACE || !isResourceType(name))
    throw refused(element, `is no resource of the namespace \`${FHIR_NAMESPACE}\``);
  return object(element, name, true);
}

function object(element: Element, type: string, isResource: boolean): string {
  const properties = propertiesOf(type)!;
  const members: string[] = isResource ? [`"resourceType":${quoted(type)}`] : [];
  for (const [name, value] of Object.entries(element.attributes)) {
    if (!isAttribute(name, type, isResource) || !properties.has(name))
      throw refused(element, `has the attribute \`${name.slice(0, 64)}\`, which is not allowed there`);
    members.push(`${quoted(name)}:${quoted(value)}`);
  }
  const found = new Map<string, Values>();
  for (const child of element.children) {
    const property = properties.get(child.name);
    // what is an attribute is unknown as an element
    if (property === undefined || isAttribute(child.name, type, isResource))
      throw refused(child, `is unknown in \`${element.name}\``);
    let values = found.get(child.name);
    if (values === undefined)
      found.set(child.name, (values = { values: [], besides: [], many: property.many }));
    else if (!property.many) throw refused(child, `is there twice in \`${element.name}\``);
    const { value, beside } = valueOf(child, property.type);
    values.values.push(value);
    values.besides.push(beside);
  }
  for (const [name, { values, besides, many }] of found) {
    if (values.some((each) => each !== undefined)) members.push(`${quoted(name)}:${listed(values, many)}`);
    if (besides.some((each) => each !== undefined))
      members.push(`${quoted(`_${name}`)}:${listed(besides, many)}`);
  }
  return `{${members.join(',')}}`;
}

const listed = (values: readonly (string | undefined)[], many: boolean): string =>
  many ? `[${values.map((each) => each ?? 'null').join(',')}]` : values[0]!;

/** As text of JSON; `beside` is what stands in `_name`. @throws FhirError structure */
export function valueOf(element: Element, type: string): { value?: string; beside?: string } {
  if (type === 'xhtml') return { value: quoted(element.raw ?? '') };
  if (element.namespace !== FHIR_NAMESPACE)
    throw refused(element, `is not of the namespace \`${FHIR_NAMESPACE}\``);
  if (type === 'Resource') {
    const [inner, ...others] = element.children;
    if (inner === undefined || others.length > 0 || Object.keys(element.attributes).length > 0)
      throw refused(element, 'holds one resource and nothing else');
    return { value: resource(inner) };
  }
  if (propertiesOf(type) !== undefined) return { value: object(element, type, false) };
  const { value, ...rest } = element.attributes;
  const beside =
    element.children.length > 0 || Object.keys(rest).length > 0
      ? object({ ...element, attributes: rest }, 'Element', false)
      : undefined;
  if (value === undefined && beside === undefined)
    throw refused(element, 'has neither a value nor an extension');
  return { value: value === undefined ? undefined : primitive(value, type), beside };
}

/** What is no boolean or number stays text, for the validation to tell. */
export function primitive(value: string, type: string): string {
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value;
  return NUMBERS.has(type) && NUMBER.test(value) ? value : quoted(value);
}

const quoted = (text: string): string => JSON.stringify(text);

const refused = ({ name }: Element, why: string): FhirError =>
  new FhirError('structure', `element \`${name.slice(0, 64)}\` ${why}`);
