/** A MongoDB query, made by this room alone: never from anything that a caller sent as an object. */
export type Query = Record<string, unknown>;

/** All must hold; what holds of everything is left out. */
export function all(parts: readonly Query[]): Query {
  const kept = parts.filter((part) => Object.keys(part).length > 0);
  return kept.length === 0 ? {} : kept.length === 1 ? kept[0]! : { $and: kept };
}
