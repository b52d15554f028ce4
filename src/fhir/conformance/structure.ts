/** What of a StructureDefinition is read here: https://hl7.org/fhir/R4/structuredefinition.html */
import type { Conformance } from './files.ts';

export interface StructureDefinition extends Conformance {
  /** The type that it constrains. */
  type: string;
  baseDefinition: string;
  /** Other canonical addresses of the same rules, such as that of the guide they come from. */
  identifier?: { value: string }[];
  differential: { element: ElementDefinition[] };
}

/** https://hl7.org/fhir/R4/elementdefinition.html */
export interface ElementDefinition {
  /** `Bundle.entry:SubmissionSet.resource` */
  id: string;
  path: string;
  slicing?: Slicing;
  min?: number;
  /** `*`, or a number as text */
  max?: string;
  type?: ElementType[];
  binding?: { strength: 'required' | 'extensible' | 'preferred' | 'example'; valueSet?: string };
  constraint?: Constraint[];
  /** `fixedUri`, `patternCodeableConcept` … */
  [property: string]: unknown;
}

export interface ElementType {
  code: string;
  profile?: string[];
  targetProfile?: string[];
  aggregation?: ('contained' | 'referenced' | 'bundled')[];
}

export interface Slicing {
  discriminator?: Discriminator[];
  rules: 'open' | 'closed' | 'openAtEnd';
}

export interface Discriminator {
  type: 'value' | 'pattern' | 'exists' | 'type' | 'profile';
  path: string;
}

export interface Constraint {
  key: string;
  severity: 'error' | 'warning';
  human: string;
  expression?: string;
}
