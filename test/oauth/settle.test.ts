import type { Person } from '../../src/auth/accounts.ts';
import type { Client } from '../../src/auth/clients.ts';
import { settle } from '../../src/oauth/settle.ts';

const person = (role: 'patient' | 'professional'): Person =>
  ({
    role,
    reference: role === 'patient' ? 'Patient/x' : 'Practitioner/x',
    related: [],
    organizations: [],
  }) as unknown as Person;
const client = (more: Partial<Client>): Client =>
  ({ id: 'tensio', name: 'Tensio', redirectUris: [], scope: '', ...more }) as unknown as Client;

it.each<[string, Partial<Client>, boolean, boolean]>([
  ['of patients', { audience: 'patients', device: 'Device/app-tensio' }, true, false],
  ['of professionals', { audience: 'professionals' }, false, true],
  ['of patients, listed before its audience was kept', { device: 'Device/app-tensio' }, true, false],
  ['of professionals, listed before that', {}, false, true],
  ['that is no listing, for whoever it can be', { device: 'Device/app' }, true, true],
])('an app %s', (_, more, forPatients, forProfessionals) => {
  const settled = (['patient', 'professional'] as const).map(
    (role) => settle(person(role), client(more), { patient: 'x' }) !== undefined,
  );
  expect(settled).toEqual([forPatients, forProfessionals]);
});
