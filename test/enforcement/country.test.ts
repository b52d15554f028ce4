/** Another country's rules are another folder of data: the same server, asked the same, under a made-up country's. */
import { fileURLToPath } from 'node:url';
import { nationalRules } from '../../src/config/national-rules.ts';
import type { Caller } from '../../src/demo/callers.ts';
import { type TestServer, testServer } from '../support/server.ts';

const LORICA = nationalRules(fileURLToPath(new URL('../support/lorica', import.meta.url)));
const HL7 = 'http://terminology.hl7.org/CodeSystem';
const MASK = { system: 'http://lorica.example/labels', code: 'SECRET' };
const FRENCH_MASK = nationalRules().labels.mask;
const yearsAgo = (years: number): string =>
  `${new Date().getUTCFullYear() - years}${new Date().toISOString().slice(4, 10)}`;

let france: TestServer;
let lorica: TestServer;

beforeAll(async () => {
  france = await testServer(import.meta.url);
  lorica = await testServer(`${import.meta.url}-lorica`, { rules: LORICA });
  await Promise.all([france, lorica].map(seed));
}, 60_000);
afterAll(async () => {
  await france?.close();
  await lorica?.close();
});

const subject = { reference: 'Patient/p' };
const document = (id: string, security: object[] = []) => ({
  resourceType: 'DocumentReference',
  id,
  status: 'current',
  subject,
  content: [{ attachment: { title: id } }],
  ...(security.length > 0 ? { meta: { security } } : {}),
});
const consent = (id: string, provision: object) => ({
  resourceType: 'Consent',
  id,
  status: 'active',
  scope: { coding: [{ system: `${HL7}/consentscope`, code: 'patient-privacy' }] },
  category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
  patient: subject,
  policy: [{ uri: 'https://profiles.ihe.net/ITI/PCF/Policy-deny' }],
  provision,
});

async function seed(country: TestServer): Promise<void> {
  const deny = {
    type: 'deny',
    actor: [
      {
        role: { coding: [{ system: `${HL7}/v3-ParticipationType`, code: 'IRCP' }] },
        reference: { reference: 'Practitioner/unwanted' },
      },
    ],
  };
  const resources = [
    {
      resourceType: 'Patient',
      id: 'p',
      birthDate: yearsAgo(17),
      generalPractitioner: [{ reference: 'Practitioner/trusted' }],
    },
    {
      resourceType: 'RelatedPerson',
      id: 'parent',
      patient: subject,
      relationship: [
        {
          coding: [
            { system: 'https://carnet.example/fhir/CodeSystem/delegation', code: 'legal-representative' },
          ],
        },
      ],
    },
    { resourceType: 'Observation', id: 'value', status: 'final', code: { text: 'x' }, subject },
    document('plain'),
    document('masked', [MASK]),
    document('masked-in-france', [FRENCH_MASK]),
    consent('unwanted', deny),
  ];
  for (const resource of resources) {
    const { status, text } = await country.as('all').put(`${resource.resourceType}/${resource.id}`, resource);
    expect([resource.id, status, status === 201 ? '' : text]).toEqual([resource.id, 201, '']);
  }
}

interface Row {
  who: Partial<Caller>;
  like?: 'gp' | 'patient';
  asks: string;
  france: number;
  lorica: number;
}

const doctor = { reference: 'Practitioner/doctor', organizations: [] };
const breaking = (hours: number) => ({
  purposes: ['BTG'],
  emergency: {
    patient: 'Patient/p',
    reason: 'unconscious in the street',
    since: Date.now() - hours * 3_600_000,
  },
});
const TABLE: Record<string, Row> = {
  'any professional who treats': {
    who: { ...doctor, profession: 'healer' },
    asks: 'DocumentReference/plain',
    france: 404,
    lorica: 200,
  },
  'a profession of the other country': {
    who: { ...doctor, profession: '10' },
    asks: 'DocumentReference/plain',
    france: 404,
    lorica: 404,
  },
  'who was opted out by name': {
    who: { reference: 'Practitioner/unwanted', organizations: [], profession: 'healer' },
    asks: 'DocumentReference/plain',
    france: 404,
    lorica: 404,
  },
  'what is masked by the country’s own label': {
    who: { ...doctor, profession: 'healer' },
    asks: 'DocumentReference/masked',
    france: 404,
    lorica: 404,
  },
  'what is masked by another country’s label': {
    who: { ...doctor, profession: 'healer' },
    asks: 'DocumentReference/masked-in-france',
    france: 404,
    lorica: 200,
  },
  'a nurse asks for a document': {
    who: { ...doctor, profession: 'nurse' },
    asks: 'DocumentReference/plain',
    france: 404,
    lorica: 404,
  },
  'a nurse asks for a value': {
    who: { ...doctor, profession: 'nurse' },
    asks: 'Observation/value',
    france: 404,
    lorica: 200,
  },
  'the glass is broken by a doctor': {
    who: { ...doctor, profession: '10', ...breaking(1) },
    asks: 'DocumentReference/plain',
    france: 200,
    lorica: 404,
  },
  'a regulator asks for what is masked': {
    who: { ...doctor, profession: 'healer', purposes: ['ETREAT'], regulator: true },
    asks: 'DocumentReference/masked',
    france: 200,
    lorica: 200,
  },
  'a regulator asks for what is masked in France': {
    who: { ...doctor, profession: 'healer', purposes: ['ETREAT'], regulator: true },
    asks: 'DocumentReference/masked-in-france',
    france: 404,
    lorica: 200,
  },
  'the parent of a patient of seventeen': {
    who: { reference: 'Patient/parent', related: ['RelatedPerson/parent'] },
    like: 'patient',
    asks: 'DocumentReference/plain',
    france: 200,
    lorica: 404,
  },
};

it.each(Object.keys(TABLE))('%s', async (name) => {
  const { who, like = 'gp', asks, ...expected } = TABLE[name]!;
  const status = async (country: TestServer): Promise<number> =>
    (await country.as({ token: country.tokenFor(who, like) }).get(asks)).status;
  expect({ france: await status(france), lorica: await status(lorica) }).toEqual(expected);
});

it('who may deposit which types of documents', async () => {
  const me = { reference: 'Patient/p', related: [], idPrefixes: [] };
  const status = async (country: TestServer, like: 'patient' | 'hospital', type: object) =>
    (
      await country
        .as({ token: country.tokenFor(like === 'patient' ? me : {}, like) })
        .post('DocumentReference', { ...document('x'), id: undefined, type: { coding: [type] } })
    ).status;
  for (const [like, code, system, expected] of [
    ['patient', '11502-2', 'http://loinc.org', { france: 422, lorica: 201 }],
    ['hospital', '11502-2', 'http://loinc.org', { france: 201, lorica: 201 }],
    ['patient', 'diary', 'http://lorica.example/types', { france: 201, lorica: 201 }],
    ['hospital', 'diary', 'http://lorica.example/types', { france: 201, lorica: 422 }],
    ['patient', 'certificate', 'http://lorica.example/types', { france: 201, lorica: 422 }],
  ] as const)
    expect({
      france: await status(france, like, { system, code }),
      lorica: await status(lorica, like, { system, code }),
    }).toEqual(expected);
});

it('rules with a mistake are not used, and what is wrong is named', () => {
  const nowhere = fileURLToPath(new URL('../support/nowhere', import.meta.url));
  expect(() => nationalRules(nowhere)).toThrow('rules.json');
});
