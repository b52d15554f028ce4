/** What a token reaches beside another of the same caller. */
import type { Scope, Subject } from './subject.ts';

const written = ({ context, type, interactions, where }: Scope): string =>
  JSON.stringify([context, type, interactions, where]);

/** All that the other does: what was made with that may be taken with this. */
export function reachesAll(subject: Subject, other: Subject): boolean {
  const held = new Set(subject.scopes.map(written));
  return subject.patient === other.patient && other.scopes.every((scope) => held.has(written(scope)));
}
