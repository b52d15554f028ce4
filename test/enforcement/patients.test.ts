/** Whose data a resource is, and who may read what is of several patients, or of one that can't be told. */
import type { Resource } from '../../src/fhir/resource.ts';
import { patientsOf } from '../../src/fhir/subjects.ts';
import { actor, consent, document, person } from '../leaks/support/content.ts';
import { type TestServer, testServer } from '../support/server.ts';

const BASE = 'https://carnet.example/fhir';

describe('whose data it is', () => {
  const about = (subject: unknown, more: object = {}) =>
    ({ resourceType: 'DocumentReference', subject, ...more }) as Resource;
  const contained = (resourceType: string) => ({ contained: [{ resourceType, id: 'c' }] });
  const CASES: [string, Resource, string[]][] = [
    ['a local reference', about({ reference: 'Patient/a' }), ['a']],
    ['a version', about({ reference: 'Patient/a/_history/1' }), ['a']],
    ['an address below the base', about({ reference: `${BASE}/Patient/a` }), ['a']],
    ['an address elsewhere', about({ reference: 'https://x.example/fhir/Patient/a' }), ['?']],
    ['an address that begins like the base', about({ reference: `${BASE}.evil.example/Patient/a` }), ['?']],
    ['a doubled slash', about({ reference: `${BASE}//Patient/a` }), ['?']],
    ['a fragment', about({ reference: 'Patient/a#b' }), ['?']],
    ['a query', about({ reference: 'Patient?identifier=1' }), ['?']],
    ['a URN', about({ reference: 'urn:uuid:0b5a1c2e-0000-4000-8000-000000000000' }), ['?']],
    ['an identifier only', about({ identifier: { value: '1' } }), ['?']],
    ['an identifier of a Patient', about({ type: 'Patient', identifier: { value: '1' } }), ['?']],
    ['an identifier of a Group', about({ type: 'Group', identifier: { value: '1' } }), []],
    ['a contained Patient', about({ reference: '#c' }, contained('Patient')), ['?']],
    ['a contained Group', about({ reference: '#c' }, contained('Group')), []],
    ['something contained that is not there', about({ reference: '#d' }, contained('Group')), ['?']],
    ['a display only', about({ display: 'Mme Martin' }), []],
    ['a Group', about({ reference: 'Group/g' }), []],
    ['no subject', about(undefined), []],
    [
      'the author is only mentioned',
      about({ reference: 'Patient/a' }, { author: [{ reference: 'Patient/b' }] }),
      ['a'],
    ],
    ['the Patient itself', { resourceType: 'Patient', id: 'a' }, ['a']],
    [
      'the Patient that it links to is only mentioned',
      { resourceType: 'Patient', id: 'a', link: [{ other: { reference: 'Patient/b' } }] },
      ['a'],
    ],
    [
      'members of a Group are only mentioned',
      { resourceType: 'Group', member: [{ entity: { reference: 'Patient/a' } }] },
      [],
    ],
    [
      'participants of a CareTeam are only mentioned',
      {
        resourceType: 'CareTeam',
        subject: { reference: 'Patient/a' },
        participant: [{ member: { reference: 'Patient/b' } }],
      },
      ['a'],
    ],
    [
      'participants of an Appointment',
      {
        resourceType: 'Appointment',
        participant: [
          { actor: { reference: 'Patient/a' } },
          { actor: { reference: 'Patient/b' } },
          { actor: { reference: 'Practitioner/p' } },
        ],
      },
      ['a', 'b'],
    ],
    [
      'targets of a Provenance',
      {
        resourceType: 'Provenance',
        target: [{ reference: 'DocumentReference/d' }, { reference: 'Patient/a' }],
      },
      ['a'],
    ],
    ['links of a Person', { resourceType: 'Person', link: [{ target: { reference: 'Patient/a' } }] }, ['a']],
    ['the patient of a Device', { resourceType: 'Device', patient: { reference: 'Patient/a' } }, ['a']],
    [
      'the actor of a Schedule',
      { resourceType: 'Schedule', actor: [{ reference: 'Location/l' }, { reference: 'Patient/a' }] },
      ['a'],
    ],
    [
      'for whom a Task is',
      { resourceType: 'Task', for: { reference: 'Patient/a' }, owner: { reference: 'Patient/b' } },
      ['a'],
    ],
    [
      'the context of a Binary',
      { resourceType: 'Binary', securityContext: { reference: 'Patient/a' } },
      ['a'],
    ],
    [
      'what a Bundle holds',
      {
        resourceType: 'Bundle',
        entry: [
          { resource: about({ reference: 'Patient/a' }) },
          { resource: { resourceType: 'Patient', id: 'b' } },
          {},
        ],
      },
      ['a', 'b'],
    ],
    [
      'a Bundle in a Bundle',
      {
        resourceType: 'Bundle',
        entry: [
          { resource: { resourceType: 'Bundle', entry: [{ resource: about({ reference: 'Patient/a' }) }] } },
        ],
      },
      ['a'],
    ],
    [
      'one named twice',
      {
        resourceType: 'Appointment',
        participant: [{ actor: { reference: 'Patient/a' } }, { actor: { reference: `${BASE}/Patient/a` } }],
      },
      ['a'],
    ],
  ];
  it.each(CASES)('%s', (_, resource, patients) => {
    expect(patientsOf(resource, BASE)).toEqual(patients);
  });
});

describe('at the gate', () => {
  let carnet: TestServer;
  beforeAll(async () => {
    carnet = await testServer(import.meta.url);
    const gp = [actor('Practitioner/demo-gp')];
    const appointment = (id: string, ...of: string[]): Resource => ({
      resourceType: 'Appointment',
      id,
      status: 'booked',
      start: '2030-01-01T00:00:00Z',
      end: '2030-01-01T00:10:00Z',
      participant: of.map((each) => ({ actor: { reference: `Patient/${each}` }, status: 'accepted' })),
    });
    const resources: Resource[] = [
      ...['a', 'b', 'c'].map((id) => person(id, `Family-${id}`, `25506999999993${id}`)),
      consent('a-gp', 'a', { type: 'permit', actor: gp }),
      consent('b-gp', 'b', { type: 'permit', actor: gp }),
      appointment('of-a', 'a'),
      appointment('of-ab', 'a', 'b'),
      appointment('of-ac', 'a', 'c'),
      appointment('of-ca', 'c', 'a'),
      appointment('of-abc', 'a', 'b', 'c'),
      document('by-a', 'b', { author: [{ reference: 'Patient/a' }] }),
      document('hidden-by-a', 'c', { author: [{ reference: 'Patient/a' }] }),
      ...[
        { reference: 'https://x.example/fhir/Patient/a' },
        { reference: '#a' },
        { identifier: { system: 'urn:oid:1.2.250.1.213.1.4.10', value: '25506999999993a' } },
        { reference: 'Group/g' },
        { display: 'A' },
      ].map((subject, index) =>
        document(`unknown-${index}`, 'a', {
          subject,
          ...(subject.reference === '#a' ? { contained: [{ resourceType: 'Patient', id: 'a' }] } : {}),
        }),
      ),
    ];
    for (const resource of resources) {
      const { status, text } = await carnet
        .as('all')
        .put(`${resource.resourceType}/${resource.id}`, resource);
      expect([resource.id, status, status === 201 ? '' : text]).toEqual([resource.id, 201, '']);
    }
  });
  afterAll(() => carnet?.close());

  const ids = async (path: string): Promise<string[]> => {
    const { json } = await carnet.as('gp').get(path);
    return ((json.entry ?? []) as { resource: { id: string } }[]).map(({ resource }) => resource.id).sort();
  };

  it.each([
    ['of-a', 200],
    ['of-ab', 200],
    ['of-ac', 404],
    ['of-ca', 404],
    ['of-abc', 404],
  ])('a professional whom a and b let read is given %s: %i', async (id, status) => {
    expect((await carnet.as('gp').get(`Appointment/${id}`)).status).toBe(status);
  });

  it.each([
    ['Appointment?patient=a', ['of-a', 'of-ab']],
    ['Appointment?patient=b', ['of-ab']],
    ['Appointment?patient=a,b', ['of-a', 'of-ab']],
    ['Appointment?patient=c', []],
    ['Appointment?actor=Patient/a&actor=Patient/b', ['of-ab']],
    ['Appointment?actor=Patient/a&actor=Patient/c', []],
    ['Appointment?date=2030-01-01', ['of-a', 'of-ab']],
    ['Patient/a/Appointment', ['of-a', 'of-ab']],
    ['Patient?_id=a&_revinclude=Appointment:patient', ['a', 'of-a', 'of-ab']],
    ['Appointment/_history', ['of-a', 'of-ab']],
    ['DocumentReference?author=Patient/a', ['by-a']],
    ['Patient?_id=a&_revinclude=DocumentReference:author', ['a', 'by-a']],
    ['DocumentReference', ['by-a']],
  ])('by search as by read: %s', async (path, wanted) => {
    expect(await ids(path)).toEqual(wanted);
  });

  it.each(['a', 'b', 'c'])('patient %s alone is not enough for what is another’s too', async (id) => {
    const own = carnet.as({ token: carnet.tokenFor({ reference: `Patient/${id}` }, 'patient') });
    const statuses = await Promise.all(
      ['of-ab', 'of-ac', 'of-abc'].map(async (each) => (await own.get(`Appointment/${each}`)).status),
    );
    expect(statuses).toEqual([404, 404, 404]);
    expect((await own.get('Appointment?_summary=count')).json.total).toBe(id === 'a' ? 1 : 0);
  });

  it('what is of a patient who can’t be told is for its depositor alone', async () => {
    const patient = carnet.as({ token: carnet.tokenFor({ reference: 'Patient/a' }, 'patient') });
    for (const client of [carnet.as('gp'), patient, carnet.as('dentist'), carnet.as('hospital')]) {
      for (let index = 0; index < 5; index += 1) {
        expect((await client.get(`DocumentReference/unknown-${index}`)).status).toBe(404);
        expect((await client.get(`DocumentReference?_id=unknown-${index}`)).json.total).toBe(0);
      }
    }
    expect((await carnet.as('all').get('DocumentReference/unknown-0')).status).toBe(200);
  });

  it('the directory is for every caller, but not what in it is a patient’s', async () => {
    const all = carnet.as('all');
    await all.put('Schedule/of-place', {
      resourceType: 'Schedule',
      id: 'of-place',
      actor: [{ reference: 'Location/l' }],
    });
    await all.put('Schedule/of-c', {
      resourceType: 'Schedule',
      id: 'of-c',
      actor: [{ reference: 'Location/l' }, { reference: 'Patient/c' }],
    });
    await all.put('Device/of-place', {
      resourceType: 'Device',
      id: 'of-place',
      location: { reference: 'Location/l' },
    });
    await all.put('Device/of-c', { resourceType: 'Device', id: 'of-c', patient: { reference: 'Patient/c' } });
    for (const name of ['patient', 'gp', 'hospital', 'app'] as const) {
      for (const type of ['Schedule', 'Device']) {
        const client = carnet.as(name);
        expect((await client.get(`${type}/of-place`)).status).toBe(200);
        expect((await client.get(`${type}/of-c`)).status).toBe(404);
        expect((await client.get(`${type}?_summary=count`)).json.total).toBe(1);
      }
    }
  });
});
