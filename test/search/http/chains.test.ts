/** Chains, `_has` and includes pass the gate at every link: what the caller can't see leads nowhere. */
import type { Resource } from '../../../src/fhir/resource.ts';
import { type Client, type TestServer, testServer } from '../../support/server.ts';
import { consent } from './support/consent.ts';
import { idsOf, seed } from './support/rows.ts';

const GP = 'Practitioner/demo-gp';
const patient = (id: string) => ({ reference: `Patient/${id}` });
const observation = (id: string, of: string, more: object = {}): Resource => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: [{ code: 'a' }] },
  subject: patient(of),
  ...more,
});

const ROWS: Resource[] = [
  {
    resourceType: 'Patient',
    id: 'seen',
    name: [{ family: 'Visible' }],
    link: [{ other: patient('hidden'), type: 'seealso' }],
  },
  {
    resourceType: 'Patient',
    id: 'hidden',
    name: [{ family: 'Secret' }],
    gender: 'male',
    generalPractitioner: [{ reference: 'Practitioner/d1' }],
  },
  { resourceType: 'Patient', id: 'denied', name: [{ family: 'Refus' }] },
  { resourceType: 'Practitioner', id: 'd1', name: [{ family: 'Lambert' }] },
  consent('c1', 'seen', GP),
  consent('c2', 'denied', GP),
  consent('c3', 'denied', GP, 'deny'),
  observation('mine', 'seen', {
    performer: [patient('hidden'), { reference: 'Practitioner/d1' }],
    hasMember: [{ reference: 'Observation/theirs' }],
  }),
  observation('theirs', 'hidden', {
    code: { coding: [{ code: 'secret' }] },
    performer: [{ reference: 'Practitioner/d1' }],
  }),
  observation('refused', 'denied'),
  {
    resourceType: 'List',
    id: 'list',
    status: 'current',
    mode: 'working',
    subject: patient('hidden'),
    entry: [{ item: { reference: 'Observation/mine' } }],
  },
  {
    resourceType: 'DocumentReference',
    id: 'about',
    status: 'current',
    subject: patient('hidden'),
    author: [patient('seen')],
    content: [{ attachment: { url: 'x' } }],
  },
  {
    resourceType: 'Appointment',
    id: 'both',
    status: 'booked',
    participant: ['seen', 'hidden'].map((id) => ({ actor: patient(id), status: 'accepted' })),
  },
];

/** The query, what one with all rights finds, what the professional does. */
const ASKED: [sentence: string, query: string, all: string, gp: string][] = [
  ['the patient’s own', 'Observation?patient=seen', 'mine', 'mine'],
  ['a hidden patient’s', 'Observation?patient=hidden', 'theirs', ''],
  ['both at once', 'Observation?patient=seen,hidden,denied', 'mine refused theirs', 'mine'],
  ['a chain to a hidden name', 'Observation?patient=seen&performer:Patient.family=secret', 'mine', ''],
  [
    'a chain to a hidden identity, by what it lacks',
    'Observation?patient=seen&performer:Patient.birthdate:missing=true',
    'mine',
    '',
  ],
  ['a chain to a hidden resource', 'Observation?patient=seen&has-member.code=secret', 'mine', ''],
  [
    'a chain through the directory',
    'Observation?patient=seen&performer:Practitioner.name=lambert',
    'mine',
    'mine',
  ],
  ['_has of a hidden resource', 'Practitioner?_has:Observation:performer:code=secret', 'd1', ''],
  ['_has of one that is seen', 'Practitioner?_has:Observation:performer:code=a', 'd1', 'd1'],
  ['_has in _has', 'Practitioner?_has:Patient:general-practitioner:gender=male', 'd1', ''],
  ['_has of a hidden list’s items', 'Observation?_has:List:item:status=current', 'mine', ''],
  ['_list of a hidden list', 'Observation?_list=list', 'mine', ''],
  ['a link to a hidden patient', 'Patient?link:Patient.family=secret', 'seen', ''],
  [
    'a reverse link from a hidden document',
    'Patient?_has:DocumentReference:author:status=current',
    'seen',
    '',
  ],
  ['what is several patients’', 'Appointment?patient=seen', 'both', ''],
  ['a chain from the system', '?_type=Observation&patient.gender=male', 'theirs', ''],
  ['a compartment of one who is only mentioned', 'Patient/hidden/Observation', 'mine theirs', 'mine'],
];

const INCLUDED: [sentence: string, query: string, all: string, gp: string][] = [
  ['a hidden performer', 'Observation?_id=mine&_include=Observation:performer', 'd1 hidden', 'd1'],
  ['a hidden member', 'Observation?_id=mine&_include=*', 'd1 hidden seen theirs', 'd1 seen'],
  ['a hidden document', 'Patient?_id=seen&_revinclude=DocumentReference:author', 'about', ''],
  ['all that refers', 'Patient?_id=seen&_revinclude=*', 'about both c1 mine', 'c1 mine'],
  ['by way of the directory', 'Practitioner?_id=d1&_revinclude=Observation:performer', 'mine theirs', 'mine'],
  [
    'by way of what is hidden',
    'Observation?_id=mine&_include=Observation:has-member&_include:iterate=Observation:patient',
    'hidden seen theirs',
    'seen',
  ],
];

let carnet: TestServer;
let all: Client;
let gp: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  gp = carnet.as('gp');
  await seed(carnet, ROWS);
});
afterAll(() => carnet?.close());

it.each(ASKED)('%s: %s', async (_, query, allowed, permitted) => {
  for (const [client, ids] of [
    [all, allowed],
    [gp, permitted],
  ] as const) {
    const { status, json } = await client.get(query);
    expect([status, idsOf(json).sort().join(' '), json.total]).toEqual([
      200,
      ids,
      ids.split(' ').filter(Boolean).length,
    ]);
  }
});

it.each(INCLUDED)('includes %s: %s', async (_, query, allowed, permitted) => {
  for (const [client, ids] of [
    [all, allowed],
    [gp, permitted],
  ] as const) {
    expect(
      idsOf((await client.get(query)).json, 'include')
        .sort()
        .join(' '),
    ).toBe(ids);
  }
});

it('what is several patients’ is seen once each of them permits it', async () => {
  await seed(carnet, [{ ...consent('c4', 'hidden', GP) }]);
  expect(idsOf((await gp.get('Appointment?patient=seen')).json)).toEqual(['both']);
  expect(idsOf((await gp.get('Appointment?patient=seen&patient=hidden')).json)).toEqual(['both']);
  expect(idsOf((await gp.get('Observation?patient=seen&performer:Patient.family=secret')).json)).toEqual([
    'mine',
  ]);
});
