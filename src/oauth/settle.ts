/** Who a token is for, once somebody has allowed it. */
import { type Person, whoOf } from '../auth/accounts.ts';
import { type Client, deviceOf } from '../auth/clients.ts';
import type { Holder, Settled } from '../auth/grants.ts';
import type { Represented } from '../auth/records.ts';

export interface Context {
  patient?: string;
  encounter?: string;
}

/** Undefined: an application that isn't for such people. */
export function settle(
  person: Person,
  client: Client,
  context: Context,
  of?: Represented,
): Settled | undefined {
  const isPatient = person.role === 'patient';
  // INVARIANT: no professional lets an app of patients read without the patient's Consent
  const audience = audienceOf(client);
  if (audience !== undefined && (audience === 'patients') !== isPatient) return undefined;
  const named = {
    ...(person.name === undefined ? {} : { name: person.name }),
    ...(person.life === undefined ? {} : { lives: [person.life] }),
  };
  if (isPatient) {
    if (client.device === undefined) return undefined;
    const patient = of?.patient ?? person.reference.slice('Patient/'.length);
    const { role, reference, related } = person;
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
        ...(client.ins === true ? { ins: true } : {}),
        ...(of === undefined ? {} : { connectedBy: { role, reference, related } }),
      },
    };
  }
  return {
    fhirUser: person.reference,
    ...named,
    ...context,
    holder: {
      ...whoOf(person),
      emergencies: [],
      depositor: person.reference,
      rights: [],
      idPrefixes: [],
      client: client.id,
      ...(context.patient === undefined ? {} : { patient: context.patient }),
    },
  };
}

/** The person themself, as the authorization server asks for them. @param server its address */
export function holderOf(person: Person, server: string): Holder {
  return {
    ...whoOf(person),
    depositor: person.reference,
    emergencies: [],
    rights: [],
    idPrefixes: [],
    client: server,
  };
}

/** Of what was listed before that was kept, it is told by the device: apps of patients alone have one. */
function audienceOf({ id, audience, device }: Client): Client['audience'] {
  return audience ?? (device === deviceOf(id) ? 'patients' : undefined);
}
