/** R4's compartments: for each, the types that it may hold and the parameters by which they belong to it. */
import { readTable } from '../fhir/definitions/read.ts';

type Compartments = Record<string, Record<string, string[]>>;

let read: Compartments | undefined;

export function compartments(): Compartments {
  return (read ??= readTable<Compartments>('compartments.json'));
}
