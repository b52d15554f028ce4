/** Part of a content: https://www.rfc-editor.org/rfc/rfc9110#name-range-requests */
import { FhirError } from '../fhir/outcome.ts';
import type { Stored } from '../enforcement/ports.ts';
import type { Exchange } from './exchange.ts';

/** From the first byte to the one before the second. */
export interface Span {
  from: number;
  to: number;
}

const ONE = /^bytes=(\d{0,15})-(\d{0,15})$/;

/**
 * The one range that is asked for. Undefined: all; several, other units and what can't be read are answered whole, as
 * the specification allows.
 * @throws FhirError 416
 */
export function rangeOf(
  exchange: Exchange,
  stored: Pick<Stored, 'vid' | 'at'>,
  size: number,
): Span | undefined {
  const [, first = '', last = ''] = ONE.exec(exchange.header('range')?.replaceAll(' ', '') ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (exchange.method !== 'GET' || !isSame(exchange, stored)) return undefined;
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (from < size && to > from) return { from, to };
  throw new FhirError('value', `the range reaches past the ${size} bytes of the content`, {
    status: 416,
    headers: { 'content-range': `bytes */${size}` },
  });
}

/** The bytes of a version never change, so that its tag is as good as a strong one. */
function isSame(exchange: Exchange, { vid, at }: Pick<Stored, 'vid' | 'at'>): boolean {
  const condition = exchange.header('if-range')?.trim();
  if (condition === undefined) return true;
  if (/^(W\/)?"/.test(condition)) return condition.replace(/^W\//, '') === `"${vid}"`;
  return Date.parse(condition) === Math.floor(at / 1000) * 1000;
}
