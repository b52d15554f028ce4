/**
 * What a patch says: each text that it writes, though it may have stood there before. What it only tests or names in a
 * path is not said.
 */
import { parseJson } from '../json.ts';
import { parseElements, type Element } from '../xml/elements.ts';
import { isObject } from './document.ts';
import { JSON_PATCH } from './index.ts';

/** @param document of a patch that was applied */
export function textsIn(document: unknown): Set<string> {
  const found = new Set<string>();
  const take = (value: unknown): void => {
    if (typeof value === 'string') found.add(value);
    else if (Array.isArray(value)) value.forEach(take);
    else if (isObject(value)) Object.values(value).forEach(take);
  };
  const takeWritten = (operations: readonly unknown[]): void => {
    for (const each of operations) if (isObject(each) && each.op !== 'test') take(each.value);
  };
  const takeXml = ({ attributes, children, text = '' }: Element): void => {
    take(text.trim());
    take(attributes);
    children.forEach(takeXml);
  };
  if (Array.isArray(document)) takeWritten(document);
  else if (!isObject(document) || document.resourceType !== 'Binary') take(document);
  else {
    const bytes = Buffer.from(String(document.data), 'base64');
    if (document.contentType === JSON_PATCH)
      takeWritten(parseJson(bytes, { array: true }) as unknown as unknown[]);
    else takeXml(parseElements(bytes, { operations: true }));
  }
  return found;
}
