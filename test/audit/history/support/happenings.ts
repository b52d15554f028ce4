/** Happenings for tests of histories: what isn't said is a dentist's read of a document for treatment. */
import type { Happening } from '../../../../src/audit/history/happening.ts';

export function happening(changes: Partial<Happening> = {}): Happening {
  return {
    id: 'a',
    at: Date.parse('2026-03-12T13:05:00Z'),
    deed: 'read',
    consent: false,
    refused: false,
    failed: false,
    who: { reference: 'Practitioner/martin', name: 'Dr Claire Martin', is: 'professional', profession: '40' },
    mode: 'usual',
    purposes: ['TREAT'],
    resources: ['DocumentReference/1'],
    count: changes.resources?.length ?? 1,
    outside: false,
    ...changes,
  };
}
