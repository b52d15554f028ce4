/** Who a token is for, once somebody has allowed it. */
import type { Person } from '../auth/accounts.ts';
import type { Client } from '../auth/clients.ts';
import type { Settled } from '../auth/grants.ts';

export interface Context {
  patient?: string;
  encounter?: string;
}

/** Undefined: an application that isn't for such people. */
export function settle(person: Person, client: Client, context: Context): Settled | undefined {
  const named = person.name === undefined ? {} : { name: person.name };
  if (person.role === 'patient') {
    if (client.device === undefined) return undefined;
    const patient = person.reference.slice('Patient/'.length);
    return {
      fhirUser: person.reference,
      ...named,
      patient,
      // what a patient's app may do is what a Consent gives its Device, of this one patient
      holder: {
        role: 'app',
        reference: client.device,
        depositor: client.device,
        related: [],
        organizations: [],
        purposes: ['PATRQT'],
        emergencies: [],
        regulator: false,
        rights: [],
        idPrefixes: [],
        client: client.id,
        name: client.name,
        patient,
      },
    };
  }
  return {
    fhirUser: person.reference,
    ...named,
    ...context,
    holder: {
      ...person,
      emergencies: [],
      depositor: person.reference,
      rights: [],
      idPrefixes: [],
      client: client.id,
      ...(context.patient === undefined ? {} : { patient: context.patient }),
    },
  };
}
