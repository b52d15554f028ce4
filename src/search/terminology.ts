/** What is known of code systems and value sets: https://hl7.org/fhir/R4/terminology-service.html */
import type { Coding } from '../fhir/resource.ts';

export interface Terminology {
  /** The code and all that it subsumes; undefined when the system's hierarchy isn't known. */
  below(system: string, code: string): Coding[] | undefined;
  /** The code and all that subsume it. */
  above(system: string, code: string): Coding[] | undefined;
  /** All codes of a value set; undefined when it isn't known or can't be listed. */
  valueSet(url: string): Coding[] | undefined;
}
