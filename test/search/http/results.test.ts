/** What shapes the answer, and what leads from one resource to another. https://hl7.org/fhir/R4/search.html#return */
import type { Resource } from '../../../src/fhir/resource.ts';
import { type Client, type TestServer, testServer } from '../../support/server.ts';
import { idsOf, linkOf, page, seed, walk } from './support/rows.ts';

const LOINC = 'http://loinc.org';
const patient = (id: string) => ({ reference: `Patient/${id}` });
const concept = (code: string) => ({ coding: [{ system: LOINC, code }] });
const person = (id: string, family: string | undefined, more: object = {}): Resource => ({
  resourceType: 'Patient',
  id,
  ...(family === undefined ? {} : { name: [{ family }] }),
  ...more,
});

const ROWS = (base: string): Resource[] => [
  person('p1', 'Martin', {
    gender: 'female',
    birthDate: '1980',
    generalPractitioner: [{ reference: 'Practitioner/d1' }],
  }),
  person('p2', 'Élie', {
    gender: 'male',
    birthDate: '1980-06-01',
    link: [{ other: patient('p1'), type: 'seealso' }],
  }),
  person('p3', 'eliot', { gender: 'male', managingOrganization: { reference: 'Organization/o1' } }),
  person('p4', undefined, { birthDate: '2001' }),
  { resourceType: 'Practitioner', id: 'd1', name: [{ family: 'Lambert' }] },
  { resourceType: 'Organization', id: 'o1', name: 'Tilleuls', partOf: { reference: 'Organization/o2' } },
  { resourceType: 'Organization', id: 'o2', name: 'Groupe', partOf: { reference: 'Organization/o3' } },
  { resourceType: 'Organization', id: 'o3', name: 'Fédération' },
  {
    resourceType: 'Observation',
    id: 'b1',
    status: 'final',
    code: concept('a'),
    subject: patient('p1'),
    effectiveDateTime: '2024-03-01',
    performer: [{ reference: 'Practitioner/d1' }],
    text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">texte</div>' },
    note: [{ text: 'une note' }],
  },
  {
    resourceType: 'Observation',
    id: 'b2',
    status: 'final',
    code: concept('b'),
    subject: patient('p1'),
    effectiveDateTime: '2024-03-02',
  },
  {
    resourceType: 'Observation',
    id: 'b3',
    status: 'amended',
    code: concept('a'),
    subject: patient('p2'),
    effectiveDateTime: '2024-03-02',
    hasMember: [{ reference: 'Observation/b1' }],
  },
  {
    resourceType: 'Observation',
    id: 'b4',
    status: 'final',
    code: concept('c'),
    subject: { reference: `${base}/Patient/p3` },
  },
  {
    resourceType: 'Encounter',
    id: 'e1',
    status: 'finished',
    class: { code: 'AMB' },
    subject: patient('p1'),
    serviceProvider: { reference: 'Organization/o1' },
  },
  {
    resourceType: 'DocumentReference',
    id: 'r1',
    status: 'current',
    subject: patient('p2'),
    author: [patient('p1')],
    content: [{ attachment: { url: 'Binary/x' } }],
  },
  {
    resourceType: 'List',
    id: 'l1',
    status: 'current',
    mode: 'working',
    subject: patient('p1'),
    entry: [
      { item: { reference: 'Observation/b1' } },
      { item: { reference: `${base}/Observation/b3/_history/1` } },
      { item: { reference: 'Encounter/e1' } },
    ],
  },
  {
    resourceType: 'Provenance',
    id: 'v1',
    recorded: '2024-01-01T00:00:00Z',
    target: [{ reference: 'Observation/b1' }],
    agent: [{ who: { reference: 'Practitioner/d1' } }],
  },
];

/** What it shows, the query, the matches in their order. */
const LINKS: [string, string, string][] = [
  ['a chain', 'Observation?patient.family=martin', 'b1 b2'],
  ['a chain whose end only content can tell', 'Observation?patient.family:contains=art', 'b1 b2'],
  ['a typed chain', 'Observation?subject:Patient.gender=male', 'b3 b4'],
  ['a chain of several links', 'Encounter?service-provider.partof.partof.name=federation', 'e1'],
  ['a chain that leads nowhere', 'Observation?patient.family=nobody', ''],
  ['a chain beside the patient', 'Observation?patient=p1&performer:Practitioner.family=lambert', 'b1'],
  ['alternatives in a chain', 'Observation?patient.family=martin,elie', 'b1 b2 b3'],
  ['a chain to an id', 'Observation?patient._id=p1', 'b1 b2'],
  ['a chain to what is missing', 'Observation?patient.birthdate:missing=true', 'b4'],
  ['_has', 'Patient?_has:Observation:patient:code=a', 'p1 p2'],
  ['two _has are and', 'Patient?_has:Observation:patient:code=a&_has:Observation:patient:code=b', 'p1'],
  ['_has in _has', 'Practitioner?_has:Patient:general-practitioner:_has:Observation:patient:code=b', 'd1'],
  ['_has in a chain', 'Observation?patient._has:Encounter:patient:status=finished', 'b1 b2'],
  ['a chain in _has', 'Patient?_has:Observation:patient:performer:Practitioner.name=lambert', 'p1'],
  ['_list', 'Observation?_list=l1', 'b1 b3'],
  ['_list of another type', 'Encounter?_list=List/l1', 'e1'],
  ['_list with more', 'Observation?_list=l1&code=a&status=amended', 'b3'],
  ['a list that is not there', 'Observation?_list=none', ''],
];

/** What is included, beside which matches. */
const INCLUDES: [string, string, string, string][] = [
  ['_include', 'Observation?_id=b1&_include=Observation:patient', 'b1', 'p1'],
  [
    '_include of several',
    'Observation?_id=b1&_include=Observation:patient&_include=Observation:performer',
    'b1',
    'd1 p1',
  ],
  ['_include of a target type', 'Observation?_id=b1&_include=Observation:subject:Group', 'b1', ''],
  ['_include of an address of our own', 'Observation?_id=b4&_include=Observation:subject', 'b4', 'p3'],
  ['_include once for many', 'Observation?code=a,b&_include=Observation:patient', 'b1 b2 b3', 'p1 p2'],
  ['what matches is not included again', 'Observation?_include=Observation:has-member', 'b1 b2 b3 b4', ''],
  [
    'without iterate nothing further',
    'Encounter?_include=Encounter:service-provider&_include=Encounter:subject',
    'e1',
    'o1 p1',
  ],
  [
    '_include:iterate',
    'Encounter?_include=Encounter:service-provider&_include:iterate=Organization:partof',
    'e1',
    'o1 o2 o3',
  ],
  ['_include of everything', 'Encounter?_include=*', 'e1', 'o1 p1'],
  ['_include of everything of a type', 'Encounter?_include=Encounter:*', 'e1', 'o1 p1'],
  ['_revinclude', 'Patient?_id=p1&_revinclude=Observation:patient', 'p1', 'b1 b2'],
  ['_revinclude of another’s', 'Patient?_id=p1&_revinclude=DocumentReference:author', 'p1', 'r1'],
  ['_revinclude of what is nobody’s', 'Observation?_id=b1&_revinclude=Provenance:target', 'b1', 'v1'],
  [
    '_revinclude of a directory entry',
    'Practitioner?_id=d1&_revinclude=Patient:general-practitioner',
    'd1',
    'p1',
  ],
  ['_revinclude of everything of a type', 'Patient?_id=p1&_revinclude=Observation:*', 'p1', 'b1 b2'],
  ['_revinclude of everything', 'Patient?_id=p1&_revinclude=*', 'p1', 'b1 b2 e1 l1 p2 r1'],
  [
    '_revinclude:iterate',
    'Practitioner?_id=d1&_revinclude=Patient:general-practitioner&_revinclude:iterate=Encounter:patient',
    'd1',
    'e1 p1',
  ],
  [
    'both ways',
    'Encounter?_include=Encounter:patient&_revinclude:iterate=Observation:patient',
    'e1',
    'b1 b2 p1',
  ],
];

/** In the order told. */
const SORTS: [string, string, string][] = [
  ['by date', 'Observation?_sort=date', 'b4 b1 b3 b2'],
  ['by date, newest first', 'Observation?_sort=-date', 'b2 b3 b1 b4'],
  ['by date, then by id', 'Observation?_sort=-date,-_id', 'b3 b2 b1 b4'],
  ['by code, then by date', 'Observation?_sort=code,-date', 'b3 b1 b2 b4'],
  ['by code, downwards', 'Observation?_sort=-code,date', 'b4 b2 b1 b3'],
  ['by a string, without accents, the missing first', 'Patient?_sort=family', 'p4 p2 p3 p1'],
  ['by a string, downwards', 'Patient?_sort=-family', 'p1 p3 p2 p4'],
  ['by a date that is no main one', 'Patient?_sort=birthdate', 'p3 p1 p2 p4'],
  ['by a date that is no main one, downwards', 'Patient?_sort=-birthdate', 'p4 p2 p1 p3'],
  ['by gender, then by birth', 'Patient?_sort=gender,-birthdate', 'p4 p1 p2 p3'],
  ['by id', 'Patient?_sort=-_id', 'p4 p3 p2 p1'],
];

let carnet: TestServer;
let all: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  await seed(carnet, ROWS(carnet.base));
});
afterAll(() => carnet?.close());

it.each(LINKS)('%s: %s', async (_, query, ids) => {
  expect((await page(all, query)).sort().join(' ')).toBe(ids);
});

it.each(INCLUDES)('%s: %s', async (_, query, matches, included) => {
  const { json } = await all.get(query);
  expect([idsOf(json).sort().join(' '), idsOf(json, 'include').sort().join(' ')]).toEqual([
    matches,
    included,
  ]);
  expect(json.total).toBe(idsOf(json).length);
});

it.each(SORTS)('%s: %s', async (_, query, ids) => {
  expect((await page(all, query)).join(' ')).toBe(ids);
  expect((await walk(all, `${query}&_count=1`)).ids.join(' ')).toBe(ids);
});

it('sorts by _lastUpdated both ways', async () => {
  await seed(carnet, [person('late', 'Tard')]);
  expect((await page(all, 'Patient?_sort=-_lastUpdated'))[0]).toBe('late');
  expect((await page(all, 'Patient?_sort=_lastUpdated')).at(-1)).toBe('late');
  expect((await all.delete('Patient/late')).status).toBe(204);
});

describe('of traces', () => {
  it('finds those that name several patients by each of them', async () => {
    await seed(carnet, [
      {
        resourceType: 'AuditEvent',
        id: 'two',
        recorded: '2024-01-01T00:00:00Z',
        agent: [{ who: patient('p3'), requestor: true }],
        entity: [{ what: patient('p4') }],
      },
    ]);
    for (const id of ['p3', 'p4']) {
      expect(await page(all, `AuditEvent?patient=${id}&date=2024-01-01`)).toEqual(['two']);
    }
    expect(await page(all, 'AuditEvent?agent=Patient/p3&date=2024-01-01')).toEqual(['two']);
    expect(await page(all, 'AuditEvent?agent=Patient/p4&date=2024-01-01')).toEqual([]);
  });
  it('finds what a patient did to another’s data by both', async () => {
    const client = carnet.as({ token: carnet.tokenFor({ reference: 'Patient/p3' }, 'patient') });
    expect((await client.get('Observation?patient=p4')).status).toBe(200);
    const [asked] = await page(all, 'AuditEvent?patient=p4&agent=Patient/p3&date=ge2025');
    expect(await page(all, 'AuditEvent?patient=p3&entity=Patient/p4&date=ge2025')).toEqual([asked]);
  });
  it('includes them by what they name', async () => {
    const { json } = await all.get(
      'Patient?_id=p4&_revinclude=AuditEvent:agent&_revinclude=AuditEvent:entity',
    );
    expect(idsOf(json, 'include')).toContain('two');
  });
});

describe('of the answer', () => {
  it('_count cuts pages and 0 counts', async () => {
    const { json } = await all.get('Observation?_count=3');
    expect([idsOf(json).length, json.total, linkOf(json, 'next')]).toEqual([
      3,
      4,
      expect.stringContaining('_page='),
    ]);
    const counted = await all.get('Observation?_count=0');
    expect([counted.json.entry, counted.json.total, linkOf(counted.json, 'next')]).toEqual([
      undefined,
      4,
      undefined,
    ]);
  });
  it('_total=none tells no number, accurate and estimate the exact one', async () => {
    const totals = await Promise.all(
      ['none', 'estimate', 'accurate'].map(
        async (mode) => (await all.get(`Observation?_total=${mode}&_count=1`)).json.total,
      ),
    );
    expect(totals).toEqual([undefined, 4, 4]);
  });
  it.each([
    ['true', ['id', 'meta', 'status', 'code', 'subject', 'effectiveDateTime', 'performer'], ['text', 'note']],
    ['text', ['id', 'meta', 'text', 'status', 'code'], ['note', 'subject']],
    ['data', ['id', 'meta', 'note', 'subject', 'status'], ['text']],
    ['false', ['text', 'note', 'subject', 'meta'], []],
  ])('_summary=%s', async (mode, has, hasNot) => {
    const { json } = await all.get(`Observation?_id=b1&_summary=${mode}`);
    const { resource } = json.entry[0];
    expect(Object.keys(resource)).toEqual(expect.arrayContaining(has));
    for (const name of hasNot) expect(resource).not.toHaveProperty(name);
    const subsetted = (resource.meta.tag ?? []).some(({ code }: { code: string }) => code === 'SUBSETTED');
    expect(subsetted).toBe(mode !== 'false');
  });
  it('_summary=count has the number alone', async () => {
    const { json } = await all.get('Observation?_summary=count&status=final');
    expect([json.total, json.entry]).toEqual([3, undefined]);
  });
  it('_elements gives those, the mandatory and the modifying ones', async () => {
    const { json } = await all.get('Observation?_id=b1&_elements=subject');
    expect(Object.keys(json.entry[0].resource).sort()).toEqual([
      'code',
      'id',
      'meta',
      'resourceType',
      'status',
      'subject',
    ]);
  });
  it('an entry has its address and its mode', async () => {
    const { json } = await all.get('Patient?_id=p1');
    expect([json.type, json.entry[0].fullUrl, json.entry[0].search]).toEqual([
      'searchset',
      `${carnet.base}/Patient/p1`,
      { mode: 'match' },
    ]);
  });
});

describe('of how it is asked', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  it('POST _search finds what GET finds', async () => {
    const query = 'patient.family=martin&_sort=-date&_count=1';
    const got = await all.get(`Observation?${query}`);
    const posted = await all.post('Observation/_search', query, form);
    expect([posted.status, idsOf(posted.json), posted.json.total]).toEqual([200, idsOf(got.json), 2]);
    expect(idsOf((await all.get(linkOf(posted.json, 'next')!)).json)).toEqual(['b1']);
  });
  it('POST _search takes parameters of the address too', async () => {
    const { json } = await all.post('Observation/_search?code=a', 'status=final', form);
    expect(idsOf(json)).toEqual(['b1']);
  });
  it('a search of the system with _type', async () => {
    expect((await page(all, '?_type=Patient,Observation&_sort=_id&_count=100')).sort()).toEqual([
      'b1',
      'b2',
      'b3',
      'b4',
      'p1',
      'p2',
      'p3',
      'p4',
    ]);
    const posted = await all.post('_search', '_type=Encounter&subject=Patient/p1', form);
    expect(idsOf(posted.json)).toEqual(['e1']);
  });
  it('a search of the system asks of each type what it means there', async () => {
    expect(await page(all, '?_type=Observation,Encounter&patient=p1&status=final,finished')).toEqual(
      expect.arrayContaining(['b1', 'b2', 'e1']),
    );
  });
  it('compartments', async () => {
    expect((await page(all, 'Patient/p1/Observation')).sort()).toEqual(['b1', 'b2']);
    expect((await page(all, 'Patient/p1/DocumentReference')).sort()).toEqual(['r1']);
    expect((await page(all, 'Patient/p1/*?_count=100')).sort()).toEqual([
      'b1',
      'b2',
      'e1',
      'l1',
      'p1',
      'p2',
      'r1',
    ]);
    expect((await page(all, 'Practitioner/d1/Observation')).sort()).toEqual(['b1']);
    expect((await page(all, 'Patient/p1/Observation?code=b')).sort()).toEqual(['b2']);
  });
  it('an unknown parameter is refused, or left out with a warning when the caller is lenient', async () => {
    const strict = await all.get('Patient?gender=male&shoe-size=44');
    expect([strict.status, strict.json.issue[0].details.text]).toEqual([
      400,
      expect.stringContaining('`shoe-size`'),
    ]);
    const lenient = await all.get('Patient?gender=male&shoe-size=44', { prefer: 'handling=lenient' });
    expect([lenient.status, idsOf(lenient.json).sort()]).toEqual([200, ['p2', 'p3']]);
    const [warning] = lenient.json.entry.filter(
      ({ search }: { search: { mode: string } }) => search.mode === 'outcome',
    );
    expect([
      warning.resource.resourceType,
      warning.resource.issue[0].severity,
      warning.resource.issue[0].details.text,
    ]).toEqual(['OperationOutcome', 'warning', expect.stringContaining('`shoe-size`')]);
    expect(linkOf(lenient.json, 'self')).not.toContain('shoe-size');
  });
  it('a parameter without a value is refused, or ignored with a warning when the caller is lenient', async () => {
    expect((await all.get('Patient?gender=male&family=')).status).toBe(400);
    const lenient = await all.get('Patient?gender=male&family=', { prefer: 'handling=lenient' });
    expect([lenient.status, idsOf(lenient.json).sort()]).toEqual([200, ['p2', 'p3']]);
    const warnings = lenient.json.entry.filter(
      ({ search }: { search: { mode: string } }) => search.mode === 'outcome',
    );
    expect(JSON.stringify(warnings)).toContain('`family` is unknown or has no value');
    expect(linkOf(lenient.json, 'self')).not.toContain('family');
  });
  it('a wrong value of a known parameter is refused of the lenient too', async () => {
    const { status } = await all.get('Patient?birthdate=soon', { prefer: 'handling=lenient' });
    expect(status).toBe(400);
  });
  it('the self link tells what was understood', async () => {
    const { json } = await all.get('Patient?gender=male&_sort=family');
    expect(linkOf(json, 'self')).toBe(`${carnet.base}/Patient?gender=male&_sort=family`);
  });
  it('what is created is found by the next search, and what is deleted isn’t', async () => {
    const { json } = await all.post('Patient', { resourceType: 'Patient', name: [{ family: 'Nouveau' }] });
    expect(await page(all, 'Patient?family=nouveau')).toEqual([json.id]);
    await all.delete(`Patient/${json.id}`);
    expect(await page(all, 'Patient?family=nouveau')).toEqual([]);
  });
});
