/** A resource without national identifiers, for who isn't told them. Pure. */
import { isNational } from './identity.ts';
import { parseJson, stringifyJson } from './json.ts';
import type { Json, Resource } from './resource.ts';

/** In every one of the systems. */
const ROOT = '1.2.250.1.213.1.4.';

/** The same bytes where there is none. */
export function withoutNational(body: Buffer): Buffer {
  if (!body.includes(ROOT)) return body;
  const values: string[] = [];
  const bare = stripped(parseJson(body), values) as Resource;
  const { text, ...rest } = bare;
  // a narrative may tell it too
  const told = JSON.stringify(text ?? '').replaceAll(/[^0-9A-Za-z]/g, '');
  const isTold = values.some((value) => told.includes(value.replaceAll(/[^0-9A-Za-z]/g, '')));
  return Buffer.from(stringifyJson(isTold ? rest : bare));
}

function stripped(value: unknown, values: string[]): unknown {
  if (Array.isArray(value)) {
    return value.filter((each) => !isIdentifier(each, values)).map((each) => stripped(each, values));
  }
  if (typeof value !== 'object' || value === null || value.constructor !== Object) return value;
  const left = Object.entries(value)
    .filter(([, each]) => !isIdentifier(each, values))
    .map(([name, each]) => [name, stripped(each, values)] as const)
    .filter(([, each]) => !Array.isArray(each) || each.length > 0);
  return Object.fromEntries(left);
}

function isIdentifier(value: unknown, values: string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { system, value: number } = value as Json;
  if (typeof system !== 'string' || !isNational(system)) return false;
  if (typeof number === 'string' && number !== '') values.push(number);
  return true;
}
