/** What the authorization server does in the patients' records, each as the person who is there. */
import type { Json } from '../fhir/resource.ts';
import type { Holder } from './grants.ts';

export interface From {
  address: string;
  requestId: string;
}

/** A patient whom somebody speaks for by law, now. */
export interface Represented {
  /** Logical id. */
  patient: string;
  /** `RelatedPerson/x`: as whom. */
  link: string;
  name?: string;
}

/** A patient's app, as the patient reads of it. */
export interface ConnectedApp {
  /** Logical id of the Consent. */
  consent: string;
  /** The same of all connections of an app that one person made. */
  made: string;
  /** `Device/x` */
  device: string;
  name: string;
  /** Types; `*`: all that it may be given. */
  reads: readonly string[];
  adds: readonly string[];
  /** As dates of FHIR. */
  since: string;
  until: string;
  /** Last instant at which it was given something. */
  used?: string;
  isOver: boolean;
}

/** An app is connected, by its patient or by who speaks for them. */
export interface Connection {
  /** Who is there. */
  by: Holder;
  /** `RelatedPerson/x`, where that isn't the patient. */
  link?: string;
  /** Logical id. */
  of: string;
  client: { id: string; name: string };
  /** `Device/x` */
  device: string;
  /** Types; none: nothing. */
  reads: readonly string[] | 'all';
  adds: readonly string[] | 'all';
  /** It goes on while nobody is logged in, and has a Consent of its own for that. */
  isOffline: boolean;
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
  /** Those that the person is shown, the latest first. */
  connected(holder: Holder, patient: string, from: From): Promise<ConnectedApp[]>;
  /** @param consent logical id @throws FhirError */
  disconnect(holder: Holder, consent: string, from: From): Promise<void>;
  /** The one patient whom these traits fit, as far as the caller may find them; undefined: none, or several. */
  find(holder: Holder, traits: Traits, from: From): Promise<{ id: string; resource: Json } | undefined>;
  /** The Consents, `Consent/x/_history/v`, by which the caller is given this patient now; none where others decide. */
  consentsFor(holder: Holder, patient: string): Promise<string[]>;
}
