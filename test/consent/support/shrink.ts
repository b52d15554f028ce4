/** The smallest case that still fails: what can be left out is, element by element. */

export function shrink<T>(whole: T, fails: (smaller: T) => boolean): T {
  let least = whole;
  let smaller: T | undefined;
  while ((smaller = without(least).find(fails)) !== undefined) least = smaller;
  return least;
}

/** Copies of a value, each without one property or item somewhere in it; the outermost first. */
function without<T>(value: T): T[] {
  if (typeof value !== 'object' || value === null) return [];
  const names = Object.keys(value);
  const copies = names.map((name) => {
    const copy = structuredClone(value) as Record<string, unknown>;
    if (Array.isArray(copy)) copy.splice(Number(name), 1);
    else delete copy[name];
    return copy as T;
  });
  const inner = names.flatMap((name) =>
    without((value as Record<string, unknown>)[name]).map((part) => {
      const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
      copy[name] = part;
      return copy as T;
    }),
  );
  return [...copies, ...inner];
}
