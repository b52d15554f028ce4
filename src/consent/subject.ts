/** Who is calling: all of it from the token, never from resources that callers write. */

/** `registrar` opens spaces and keeps the directory; `operator` runs the service and reads no health data. */
export type Role = 'patient' | 'professional' | 'system' | 'app' | 'operator' | 'all';

export interface Subject {
  role: Role;
  /** `Patient/x`, `Practitioner/x`, `Organization/x` or `Device/x`: the token's `fhirUser`. */
  reference: string;
  /** Name in whose behalf deposits are kept: the client's or person's reference. */
  depositor: string;
  /** `Organization/x`: where the caller works, or which the system belongs to. */
  organizations: string[];
  /** Profession, a code of TRE_G15 such as `10`. */
  profession?: string;
  /** Purposes of use (v3-ActReason) that the token carries. */
  purposes: string[];
  scopes: Scope[];
  /** Rights beside the SMART scopes: `directory.write`, `registration.write`, `consent.write`. */
  rights: string[];
  /** Prefixes of ids that this caller may create by PUT. */
  idPrefixes: string[];
  client: string;
  /** Display name for traces. */
  name?: string;
  /** Token id, for traces. */
  tokenId?: string;
}

/** `user/DocumentReference.rs`: https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html */
export interface Scope {
  context: 'patient' | 'user' | 'system';
  /** resource type or `*` */
  type: string;
  /** subset of `cruds` */
  interactions: string;
}
