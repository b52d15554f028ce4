/** What counts as unusual: where to start, to be set by what is normal in a deployment. */

/** Who a caller is, by the type of `fhirUser`. */
export const KINDS = ['Practitioner', 'Patient', 'RelatedPerson', 'Organization', 'Device'] as const;
export type CallerKind = (typeof KINDS)[number];

export interface Thresholds {
  /** Patients on a caller's busiest day: more than `times` the median of their kind, and than `least`. */
  patients: {
    times: number;
    /** Of fewer callers the median says nothing. */
    callers: number;
    least: Record<CallerKind, number>;
  };
  /** Patients in emergencies, and requests that were refused, in the whole time. */
  emergencies: number;
  refused: Record<CallerKind, number>;
  /** Accesses outside the hours, when they are this share of all. */
  outside: { least: number; share: number };
  /** Of whom the hours count: machines have none. */
  keepsHours: readonly CallerKind[];
  hours: { zone: string; from: number; until: number; /** 0 is Sunday */ days: readonly number[] };
}

export const THRESHOLDS: Thresholds = {
  patients: {
    times: 5,
    callers: 8,
    least: { Practitioner: 40, Patient: 5, RelatedPerson: 5, Organization: 2000, Device: 500 },
  },
  emergencies: 3,
  refused: { Practitioner: 50, Patient: 20, RelatedPerson: 20, Organization: 1000, Device: 200 },
  outside: { least: 40, share: 0.5 },
  keepsHours: ['Practitioner'],
  hours: { zone: 'Europe/Paris', from: 7, until: 20, days: [1, 2, 3, 4, 5, 6] },
};
