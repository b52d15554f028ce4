/** A deployment may choose that professionals learn that something was withheld; else nothing tells. */
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { validate } from '../../src/fhir/validate/index.ts';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';

let told: TestServer;
let silent: TestServer;
const HL7 = 'http://terminology.hl7.org/CodeSystem';
const VISIBILITY =
  'https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument';
const ref = (reference: string): Json => ({ reference });
const label = (code: string): Json => ({ meta: { security: [{ system: VISIBILITY, code }] } });
const actor = (reference: string): Json => ({
  role: { coding: [{ system: `${HL7}/v3-ParticipationType`, code: 'IRCP' }] },
  reference: { reference },
});
const permit: Json = { type: 'permit', actor: [actor('Practitioner/doctor')] };
const CONDITIONS = [{ system: 'http://hl7.org/fhir/resource-types', code: 'Condition' }];
const BLOCK = { policy: [{ uri: 'https://carnet.example/fhir/policy/block' }] };
const CLOSED = {
  extension: [{ url: 'https://carnet.example/fhir/StructureDefinition/space-status', valueCode: 'closed' }],
};

/** What each patient states, and how their Condition is labelled. */
interface Told {
  provision?: Json;
  consent?: Json;
  patient?: Json;
  label?: Json;
  /** A doctor learns that something is withheld. */
  hears: boolean;
}

// prettier-ignore
const PATIENTS: Record<string, Told> = {
  open: { provision: permit, hears: false },
  masked: { provision: permit, label: label('MASQUE_PS'), hears: true },
  denied: { provision: { ...permit, provision: [{ type: 'deny', class: CONDITIONS }] }, hears: true },
  stranger: { hears: false },
  'masked-stranger': { label: label('MASQUE_PS'), hears: false },
  blocked: { provision: { actor: [actor('Practitioner/doctor')] }, consent: BLOCK, label: label('MASQUE_PS'), hears: false },
  closed: { provision: permit, patient: CLOSED, label: label('MASQUE_PS'), hears: false },
  announced: { provision: permit, label: { meta: { security: ['MASQUE_PS', 'INVISIBLE_PATIENT'].map((code) => ({ system: VISIBILITY, code })) } }, hears: false },
  unshown: { provision: permit, label: { meta: { security: ['MASQUE_PS', 'INVISIBLE_REPRESENTANTS_LEGAUX'].map((code) => ({ system: VISIBILITY, code })) } }, hears: false },
};

function worldOf(id: string, { provision, consent, patient, label: marks }: Told): Resource[] {
  return [
    { resourceType: 'Patient', id, ...patient },
    {
      resourceType: 'Condition',
      id: `c-${id}`,
      subject: ref(`Patient/${id}`),
      code: { text: 'secret' },
      ...marks,
    },
    ...(provision === undefined
      ? []
      : [
          {
            resourceType: 'Consent',
            id: `consent-${id}`,
            status: 'active',
            scope: { coding: [{ system: `${HL7}/consentscope`, code: 'patient-privacy' }] },
            category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
            patient: ref(`Patient/${id}`),
            policy: [{ uri: 'https://example.org/policy' }],
            provision,
            ...consent,
          },
        ]),
  ];
}

beforeAll(async () => {
  told = await testServer(import.meta.url, { disclosure: 'told' });
  silent = await testServer(import.meta.url, { like: told });
  const all = told.as('all');
  for (const [id, each] of Object.entries(PATIENTS)) {
    for (const resource of worldOf(id, each)) {
      const { status, text } = await all.put(`${resource.resourceType}/${resource.id}`, resource);
      if (status >= 300) throw new Error(text);
    }
  }
});
afterAll(async () => {
  await silent?.close();
  await told?.close();
});

const doctor = (server: TestServer, profession = '10'): Client =>
  server.as({
    token: server.tokenFor({ reference: 'Practitioner/doctor', organizations: [], profession }, 'gp'),
  });
const outcomes = ({ json }: Reply): Json[] =>
  ((json.entry ?? []) as Json[]).filter(({ search }) => (search as Json).mode === 'outcome');
const hears = (reply: Reply): boolean =>
  outcomes(reply).some(({ resource }) => JSON.stringify(resource).includes('"suppressed"'));

it.each(Object.entries(PATIENTS))(
  'of the patient `%s` a doctor hears what they may',
  async (id, { hears: expected }) => {
    const reply = await doctor(told).get(`Condition?patient=${id}`);
    expect([reply.status, hears(reply)]).toEqual([200, expected]);
    expect(reply.json.total).toBe(id === 'open' ? 1 : 0);
    expect(hears(await doctor(told).get(`Patient/${id}/Condition`))).toBe(expected);
  },
);

it('says so in an outcome beside the matches', async () => {
  const reply = await doctor(told).get('Condition?patient=masked');
  expect(outcomes(reply).map(({ resource }) => (resource as Json).issue)).toEqual([
    [expect.objectContaining({ severity: 'information', code: 'suppressed' })],
  ]);
  expect(validate(reply.json as Resource).filter(({ severity }) => severity === 'error')).toEqual([]);
});

it('tells the same whatever else is asked, so that no criterion finds out what is withheld', async () => {
  const [plain, right, wrong] = await Promise.all(
    ['', '&code:text=secret', '&code:text=other'].map((more) =>
      doctor(told).get(`Condition?patient=masked${more}`),
    ),
  );
  expect([plain, right, wrong].map((each) => JSON.stringify(each!.json.entry))).toEqual(
    Array(3).fill(JSON.stringify(plain!.json.entry)),
  );
  expect(hears(right!)).toBe(true);
});

it.each([
  ['another type', 'Observation?patient=masked'],
  ['a count', 'Condition?patient=masked&_summary=count'],
  ['two patients', 'Condition?patient=masked,denied'],
])('does not tell of %s', async (_name, path) => {
  const reply = await doctor(told).get(path);
  expect([reply.status, hears(reply)]).toEqual([200, false]);
});

it('does not tell whom the matrix keeps from it anyway', async () => {
  expect(hears(await doctor(told, '28').get('Condition?patient=masked'))).toBe(false);
});

it.each(['hospital', 'app', 'patient', 'all'] as const)(
  'does not tell %s, who is no professional',
  async (name) => {
    expect(hears(await told.as(name).get('Condition?patient=masked'))).toBe(false);
  },
);

it('tells who breaks the glass of what stays masked', async () => {
  const emergency = { patient: 'Patient/masked-stranger', reason: 'patient unconscious', since: Date.now() };
  const token = told.tokenFor({ purposes: ['BTG'], emergency }, 'emergency');
  expect(hears(await told.as({ token }).get('Condition?patient=masked-stranger'))).toBe(true);
});

it('keeps reads as they are', async () => {
  const [masked, absent] = await Promise.all(
    ['c-masked', 'absent'].map((id) => doctor(told).get(`Condition/${id}`)),
  );
  expect([masked!.status, masked!.text]).toEqual([404, absent!.text]);
});

it('is silent unless the deployment chooses', async () => {
  for (const id of Object.keys(PATIENTS)) {
    expect([id, outcomes(await doctor(silent).get(`Condition?patient=${id}`))]).toEqual([id, []]);
  }
});
