/** Patients with a parent and a doctor, for tests of notices. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { DELEGATION, POLICY } from '../../../src/consent/vocabulary.ts';
import type { Resource } from '../../../src/fhir/resource.ts';
import type { Client, TestServer } from '../../support/server.ts';

/** `n-1` to `n-12`: minors, each with a parent, `RelatedPerson/n-1-parent`, and a general practitioner. */
export function people(count = 12): Resource[] {
  return Array.from({ length: count }, (_, index) => `n-${index + 1}`).flatMap((id) => [
    {
      resourceType: 'Patient',
      id,
      birthDate: '2015-04-01',
      name: [{ family: 'Delaunay' }],
      telecom: [{ system: 'email', value: `${id}@people.example` }],
      generalPractitioner: [{ reference: 'Practitioner/demo-gp' }],
    },
    {
      resourceType: 'RelatedPerson',
      id: `${id}-parent`,
      patient: { reference: `Patient/${id}` },
      relationship: [{ coding: [{ system: DELEGATION, code: 'legal-representative' }] }],
      telecom: [{ system: 'email', value: `${id}-parent@people.example` }],
    },
  ]) as Resource[];
}

/** One of these patients, and their parent. @param carnet asked when there is a server */
export function callers(carnet: () => TestServer): Record<'patient' | 'parent', (id: string) => Client> {
  const as = (claims: Parameters<TestServer['tokenFor']>[0]): Client =>
    carnet().as({ token: carnet().tokenFor(claims, 'patient') });
  return {
    patient: (id) => as({ reference: `Patient/${id}`, related: [] }),
    parent: (id) => as({ reference: 'Patient/n-parent', related: [`RelatedPerson/${id}-parent`] }),
  };
}

export const document = (of: string, labels: object[] = []) => ({
  resourceType: 'DocumentReference',
  status: 'current',
  type: { coding: [{ system: 'http://loinc.org', code: '11502-2' }], text: 'Analyse très secrète' },
  subject: { reference: `Patient/${of}` },
  content: [{ attachment: { contentType: 'text/plain', title: 'Résultat confidentiel' } }],
  ...(labels.length === 0 ? {} : { securityLabel: labels.map((coding) => ({ coding: [coding] })) }),
});

/** A message to them. */
export const message = (of: string, more: object = {}) => ({
  resourceType: 'Communication',
  status: 'completed',
  subject: { reference: `Patient/${of}` },
  sender: { reference: 'Practitioner/demo-gp' },
  recipient: [{ reference: `Patient/${of}` }],
  payload: [{ contentString: 'Vos résultats confidentiels sont arrivés.' }],
  ...more,
});

/** @param start milliseconds */
export const appointment = (of: string, start: number, more: object = {}) => ({
  resourceType: 'Appointment',
  status: 'booked',
  start: new Date(start).toISOString(),
  end: new Date(start + 1_800_000).toISOString(),
  participant: [
    { actor: { reference: `Patient/${of}` }, status: 'accepted' },
    { actor: { reference: 'Practitioner/demo-gp' }, status: 'accepted' },
  ],
  ...more,
});

export const REMINDING = {
  category: [
    {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/communication-category', code: 'reminder' }],
    },
  ],
};

export function permitting(patient: string, who: string | undefined, masked?: 'masked'): Resource {
  return {
    resourceType: 'Consent',
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: { reference: `Patient/${patient}` },
    policy: [{ uri: masked === undefined ? 'https://example.org/terms' : `${POLICY.block}-not` }],
    provision: {
      type: 'permit',
      ...(who === undefined
        ? {}
        : {
            actor: [
              {
                role: {
                  coding: [
                    { system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' },
                  ],
                },
                reference: { reference: who },
              },
            ],
          }),
      purpose: (masked === undefined ? ['TREAT'] : ['BTG', 'ETREAT']).map((code) => ({
        system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason',
        code,
      })),
      ...(masked === undefined ? {} : { securityLabel: [visibility('MASQUE_PS')] }),
    },
  } as unknown as Resource;
}

export function blocking(patient: string, who: string): Resource {
  const { provision, ...consent } = permitting(patient, who);
  const { purpose: _, ...named } = provision as { purpose: unknown };
  return { ...consent, policy: [{ uri: POLICY.block }], provision: { ...named, type: 'deny' } } as Resource;
}

export function visibility(code: string): { system: string; code: string } {
  return {
    system:
      'https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument',
    code,
  };
}

/** How long notices are waited for, on the slowest machine. Milliseconds. */
const PATIENCE = 60_000;

/** Until the notices of all that was written stand, as the server reads them: what a majority has. */
export async function settled({ database }: Pick<TestServer, 'database'>): Promise<void> {
  const client = await MongoClient.connect(database.uri, { readConcernLevel: 'majority' });
  try {
    const db = client.db(database.dbName);
    for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(25)) {
      const waiting = await db.collection('outbox').countDocuments({ waiting: { $exists: true } });
      const [last] = await db
        .collection('outbox')
        .find({ n: { $exists: true } })
        .sort({ n: -1 })
        .limit(1)
        .toArray();
      const follower = await db.collection('followers').findOne({ _id: 'notices' as never });
      if (waiting === 0 && (last === undefined || follower?.n === last.n)) return;
    }
    throw new Error('notices were not followed');
  } finally {
    await client.close();
  }
}

export function codesOf({ entry = [] }: Inbox): string[] {
  return entry.map(({ resource }) => resource.reasonCode[0]!.coding[0]!.code);
}

interface Inbox {
  entry?: { resource: { reasonCode: { coding: { code: string }[] }[] } }[];
}
