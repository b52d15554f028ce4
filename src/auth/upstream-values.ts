/** The kinds of values that a list of upstreams holds. INVARIANT: no message repeats a value, which may be a secret. */

export type Choice<T extends readonly string[]> = T[number];

const LONGEST = 2000;
const MOST = 10_000;

export function objectIn(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`\`${at}\` must be an object`);
  return value as Record<string, unknown>;
}

export function onlyKeys(value: object, allowed: readonly string[], at: string): void {
  const unknown = Object.keys(value).find((key) => !allowed.includes(key));
  if (unknown !== undefined)
    throw new Error(`\`${at}\` has an unknown \`${unknown.slice(0, 60)}\`; allowed: ${allowed.join(', ')}`);
}

export function textIn(value: unknown, at: string, pattern = /^\S/): string {
  if (typeof value !== 'string' || value.length > LONGEST || !pattern.test(value))
    throw new Error(`\`${at}\` must be a text${pattern.source === '^\\S' ? '' : ` like ${pattern.source}`}`);
  return value;
}

export function choiceOf<const T extends readonly string[]>(
  allowed: T,
  value: unknown,
  at: string,
): Choice<T> {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw new Error(`\`${at}\` must be one of ${allowed.join(', ')}`);
  return found;
}

export function listIn(value: unknown, at: string): string[] {
  if (!Array.isArray(value) || value.length > MOST) throw new Error(`\`${at}\` must be a list`);
  return value.map((each, index) => textIn(each, `${at}[${index}]`));
}

export function flag(value: unknown, at: string): boolean {
  if (typeof value !== 'boolean') throw new Error(`\`${at}\` must be \`true\` or \`false\``);
  return value;
}
