/** The mark of a person whom software names, without their own login: docs/decisions/0029-asserted-persons.md */
import type { Coding, Json } from '../fhir/resource.ts';

const SYSTEM = 'https://carnet.example/fhir/CodeSystem/caller-identity';
const CODE = 'asserted';

/** As one of the roles of the person's agent. */
export const ASSERTED: Json = {
  coding: [{ system: SYSTEM, code: CODE, display: 'named by software, not logged in' }],
};

export function isAsserted({ system, code }: Coding): boolean {
  return system === SYSTEM && code === CODE;
}
