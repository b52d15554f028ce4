/** Of which events of accounts patients are told. */
import type { AccountEvent } from '../audit/identity/event.ts';
import type { Happened } from './outbox.ts';

export interface Entry {
  at: number;
  patient: string;
  cause: Happened;
}

export function newsOf(events: readonly AccountEvent[], at: number): Entry[] {
  return events.flatMap(({ what, patient, who, about = [], newDevice, outcome }) => {
    if (patient === undefined || (outcome ?? '0') !== '0') return [];
    const kind =
      what === 'app-connected' || what === 'record-merged'
        ? what
        : what === 'login' && newDevice === true
          ? 'new-device'
          : undefined;
    if (kind === undefined) return [];
    const reference = who?.reference;
    return [
      {
        at,
        patient,
        cause: { cause: 'account', kind, ...(reference === undefined ? {} : { who: reference }), about },
      },
    ];
  });
}
