/**
 * XML Patch, on the JSON that the XML would be of: what isn't named stays as it is, to the digit.
 * https://hl7.org/fhir/R4/http.html#patch https://www.rfc-editor.org/rfc/rfc5261 https://www.rfc-editor.org/rfc/rfc7351
 */
import { carryJson, copyJson, parseJson } from '../json.ts';
import { FhirError } from '../outcome.ts';
import type { Json, Resource } from '../resource.ts';
import { parseElements, type Element } from '../xml/elements.ts';
import { isAttribute } from '../xml/properties.ts';
import { primitive, valueOf } from '../xml/read.ts';
import { FHIR_NAMESPACE } from '../xml/write.ts';
import { keepIdentity, MAX_OPERATIONS, tooManyOperations } from './document.ts';
import { holderOf, removeElement } from './edit.ts';
import { listLength, splice, type NewValue } from './value.ts';
import {
  attributeOf,
  hasAttribute,
  isEnvelope,
  isPrimitive,
  newSight,
  ownerOf,
  propertiesIn,
  select,
  type Node,
  type Sight,
} from './xml-node.ts';
import { parseSelector, type Selector } from './xml-selector.ts';

const MAX_LENGTH = 1024 * 1024;
/** Of FHIR's own examples, and of RFC 7351. */
const ROOTS = new Set(['diff', 'patch']);
const BLANKS = ['before', 'after', 'both'];

const OPERATIONS: Readonly<Record<string, (target: Target, operation: Element) => void>> = {
  add,
  replace,
  remove,
};

interface Target {
  node: Node;
  attribute?: string;
}

/** Pure: `resource` stays as it is. 400 for a bad patch, 422 for one that doesn't fit the resource. */
export function xmlPatch(resource: Resource, bytes: Buffer): Resource {
  const patch = parseElements(bytes, { operations: true, maxLength: MAX_LENGTH });
  if (!ROOTS.has(patch.name))
    throw new FhirError('structure', 'an XML Patch is a `<diff>` that holds operations');
  if (patch.children.length > MAX_OPERATIONS) throw tooManyOperations(patch.children.length);
  const document = copyJson(resource);
  const sight = newSight();
  patch.children.forEach((operation, i) => {
    try {
      apply(document, operation, sight);
    } catch (error) {
      if (!(error instanceof FhirError)) throw error;
      const issues = error.issues.map((issue) => ({ ...issue, text: `operation ${i}: ${issue.text}` }));
      throw FhirError.of(issues, error.status);
    }
  });
  return keepIdentity(resource, document);
}

function apply(document: Resource, operation: Element, sight: Sight): void {
  const run = Object.hasOwn(OPERATIONS, operation.name) ? OPERATIONS[operation.name] : undefined;
  if (run === undefined)
    throw new FhirError('value', `an operation is one of ${Object.keys(OPERATIONS).join(', ')}`);
  const { sel } = operation.attributes;
  if (sel === undefined) throw new FhirError('required', 'the attribute `sel` is missing');
  const selector = parseSelector(sel, operation.prefixes ?? {});
  run(single(document, selector, sel, sight), withNamespace(operation));
}

/** Elements without a namespace are FHIR's: nothing else can be meant. */
function withNamespace(element: Element): Element {
  const children = element.children.map((child) => withNamespace(child));
  return { ...element, children, namespace: element.namespace || FHIR_NAMESPACE };
}

function single(document: Resource, selector: Selector, sel: string, sight: Sight): Target {
  const { attribute } = selector;
  const found = select(document, selector, sight).filter(
    (node) => attribute === undefined || attributeOf(node, attribute) !== undefined,
  );
  const [node, other] = found;
  if (node === undefined || other !== undefined)
    throw new FhirError(
      'processing',
      `the selector \`${sel.slice(0, 200)}\` finds ${found.length} nodes; one is needed`,
    );
  return { node, ...(attribute === undefined ? {} : { attribute }) };
}

/** https://www.rfc-editor.org/rfc/rfc5261#section-4.3 */
function add({ node, attribute }: Target, operation: Element): void {
  const { pos, type } = operation.attributes;
  if (attribute !== undefined) throw new FhirError('processing', 'nothing can be added to an attribute');
  if (type !== undefined) return addAttribute(node, type, operation);
  const elements = contentOf(operation);
  switch (pos) {
    case undefined:
    case 'prepend':
      return insert(node, elements, (length) => (pos === undefined ? length : 0));
    case 'before':
    case 'after':
      if (node.parent === undefined)
        throw new FhirError('business-rule', 'nothing can stand beside the resource');
      return insert(node.parent, elements, beside(node, pos));
    default:
      throw new FhirError('value', '`pos` must be one of before, after, prepend');
  }
}

/** Elements of one name stand together, in the order of R4. */
function beside({ name, index = 0, parent }: Node, pos: 'before' | 'after') {
  const order = (of: string): number => propertiesIn(parent!).get(of)?.order ?? 0;
  return (length: number, added: string): number => {
    if (added === name) return index + Number(pos === 'after');
    return order(added) < order(name) ? length : 0;
  };
}

function addAttribute(node: Node, type: string, { text = '', attributes, children }: Element): void {
  const name = /^@([A-Za-z]+)$/.exec(type)?.[1];
  if (name === undefined || attributes.pos !== undefined || children.length > 0)
    throw new FhirError('value', 'an attribute is added by `type="@name"` and text, without `pos`');
  if (!hasAttribute(node, name))
    throw new FhirError('processing', `\`${node.name}\` has no attribute \`${name}\``);
  if (attributeOf(node, name) !== undefined)
    throw new FhirError('processing', `the attribute \`${name}\` is already there; use replace`);
  setAttribute(node, name, text);
}

/** https://www.rfc-editor.org/rfc/rfc5261#section-4.4 */
function replace({ node, attribute }: Target, operation: Element): void {
  if (attribute !== undefined) {
    if (operation.children.length > 0)
      throw new FhirError('processing', 'an attribute is replaced by text, not by elements');
    return setAttribute(node, attribute, operation.text ?? '');
  }
  const [element, other] = contentOf(operation);
  if (element === undefined || other !== undefined)
    throw new FhirError('processing', 'an element is replaced by one element');
  const { parent, holder, key, index } = node;
  if (parent === undefined || holder === undefined)
    throw new FhirError('business-rule', "the resource as a whole can't be replaced by a patch");
  if (isEnvelope(parent)) {
    const envelope = { ...element, name: parent.name, attributes: {}, children: [element] };
    return put(holder, key, index, valueIn(envelope, 'Resource'));
  }
  if (element.name === node.name) return put(holder, key, index, valueIn(element, node.type));
  removeElement(node);
  return insert(parent, [element], beside(node, 'before'));
}

/** https://www.rfc-editor.org/rfc/rfc5261#section-4.5 Blanks between elements are none of FHIR's content. */
function remove({ node, attribute }: Target, operation: Element): void {
  const { ws } = operation.attributes;
  if (ws !== undefined && !BLANKS.includes(ws))
    throw new FhirError('value', `\`ws\` must be one of ${BLANKS.join(', ')}`);
  if (operation.children.length > 0 || (operation.text ?? '').trim() !== '')
    throw new FhirError('invalid', 'a remove holds nothing');
  if (attribute !== undefined) return removeAttribute(node, attribute);
  if (node.parent !== undefined && isEnvelope(node.parent))
    throw new FhirError('processing', `\`${node.parent.name}\` can't be left without its resource`);
  removeElement(node);
}

function removeAttribute(node: Node, name: string): void {
  const owner = ownerOf(node);
  if (name !== 'value' || !isPrimitive(node)) {
    delete owner![name];
    return;
  }
  if (owner === undefined)
    throw new FhirError('processing', `\`${node.name}\` can't be left without a value or an extension`);
  const holder = node.holder!;
  if (node.index === undefined) delete holder[node.key];
  else splice(holder, node.key, node.index, 1, [{ key: node.key, value: null, beside: owner }]);
}

function setAttribute(node: Node, name: string, text: string): void {
  if (text === '') throw new FhirError('value', `the attribute \`${name}\` can't be empty`);
  if (name !== 'value' || !isPrimitive(node)) {
    holderOf(node)[name] = text;
    return;
  }
  const owner = ownerOf(node);
  const given = parseJson(Buffer.from(`{"value":${primitive(text, node.type)}}`));
  if (owner !== undefined) given._value = owner;
  put(node.holder!, node.key, node.index, given);
}

/** What is added or put in place: elements and no text. */
function contentOf({ children, text = '' }: Element): Element[] {
  if (text.trim() !== '')
    throw new FhirError('processing', 'text is not allowed among elements; values stand in attributes');
  return children;
}

/** `place` of the first of a name, among so many; the others come after it. */
function insert(
  parent: Node,
  elements: readonly Element[],
  place: (length: number, name: string) => number,
): void {
  if (elements.length === 0) throw new FhirError('required', 'an element is missing');
  if (isEnvelope(parent)) throw new FhirError('processing', `\`${parent.name}\` holds one resource`);
  const owner = holderOf(parent);
  const lists = new Map<string, NewValue[]>();
  for (const element of elements) {
    const { name } = element;
    const property = parent.type === 'xhtml' ? undefined : propertiesIn(parent).get(name);
    if (property === undefined || isAttribute(name, parent.type, parent.isResource))
      throw new FhirError('processing', `\`${name.slice(0, 64)}\` is not an element of \`${parent.name}\``);
    const given = valueIn(element, property.type);
    if (!property.many) {
      if (Object.hasOwn(owner, name) || Object.hasOwn(owner, `_${name}`))
        throw new FhirError('processing', `\`${name}\` is already there and doesn't repeat; use replace`);
      put(owner, name, undefined, given);
      continue;
    }
    const list = lists.get(name);
    if (list === undefined) lists.set(name, [itemOf(name, given)]);
    else list.push(itemOf(name, given));
  }
  for (const [name, list] of lists) splice(owner, name, place(listLength(owner, name), name), 0, list);
}

/** `value` and `_value` of an element. */
function valueIn(element: Element, type: string): Json {
  const { value, beside } = valueOf(element, type);
  const members = [
    value === undefined ? [] : `"value":${value}`,
    beside === undefined ? [] : `"_value":${beside}`,
  ];
  return parseJson(Buffer.from(`{${members.flat().join(',')}}`));
}

const itemOf = (key: string, { value, _value: beside }: Json): NewValue => ({
  key,
  value: value ?? null,
  ...(beside === undefined ? {} : { beside: beside as Json }),
});

function put(holder: Json, key: string, index: number | undefined, given: Json): void {
  if (index !== undefined) return splice(holder, key, index, 1, [itemOf(key, given)]);
  delete holder[key];
  delete holder[`_${key}`];
  if (given.value !== undefined) carryJson(given, 'value', holder, key);
  if (given._value !== undefined) holder[`_${key}`] = given._value;
}
