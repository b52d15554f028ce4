/** The shapes that every FHIR resource shares: https://hl7.org/fhir/R4/resource.html */

export interface Coding {
  system?: string;
  version?: string;
  code?: string;
  display?: string;
}

export interface Identifier {
  system?: string;
  value?: string;
}

export interface Reference {
  reference?: string;
  type?: string;
  identifier?: Identifier;
  display?: string;
}

export interface Meta {
  versionId?: string;
  lastUpdated?: string;
  source?: string;
  profile?: string[];
  security?: Coding[];
  tag?: Coding[];
}

/** A JSON object of FHIR content, read by definitions and not by hand-written types. */
export type Json = { [name: string]: unknown };

export interface Resource extends Json {
  resourceType: string;
  id?: string;
  meta?: Meta;
}

/** https://hl7.org/fhir/R4/datatypes.html#id */
export const ID = /^[A-Za-z0-9\-.]{1,64}$/;
