/** What the authorization server does in the patients' records, each as the person who is there. */
import type { Json } from '../fhir/resource.ts';
import type { Holder } from './grants.ts';

export interface From {
  address: string;
  requestId: string;
}

/** A patient connects an app. */
export interface Connection {
  patient: Holder;
  /** Logical id. */
  of: string;
  client: { id: string; name: string };
  /** `Device/x` */
  device: string;
  /** Types that it reads; empty: all. */
  types: readonly string[];
  /** Milliseconds. */
  since: number;
  until: number;
  /** What the patient read before they allowed it, in French. */
  text: string;
}

/** What a professional knows of a patient. */
export type Traits =
  { identifier: string } | { family: string; given: string; birthdate: string; gender: string };

export interface HealthRecords {
  /** `Consent/x`: made, or in place of the one that it was connected by before. @throws FhirError */
  connect(connection: Connection, from: From): Promise<string>;
  /** The one patient whom these traits fit, as far as the caller may find them; undefined: none, or several. */
  find(holder: Holder, traits: Traits, from: From): Promise<{ id: string; resource: Json } | undefined>;
}
