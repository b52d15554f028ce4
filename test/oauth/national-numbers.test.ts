/** National identifiers reach a patient's app only where its listing says why: neither told, nor confirmed by a search. */
import { observation, person } from '../leaks/support/content.ts';
import type { Client } from '../support/server.ts';
import { launch, type Oauth, oauthServer, PUBLIC, type Tokens } from './support/oauth.ts';

const INS = 'urn:oid:1.2.250.1.213.1.4.10';
const NUMBER = '290010112345678';
const OTHER = '290010112345699';
let oauth: Oauth;
let app: Client;
let told: Client;

beforeAll(async () => {
  oauth = await oauthServer(import.meta.url);
  const all = oauth.carnet.as('all');
  const mother = person('demo-mother', 'Delaunay', NUMBER);
  await all.put('Patient/demo-mother', {
    ...mother,
    identifier: [
      { system: INS, value: NUMBER },
      { system: 'https://hospital.example', value: 'ipp-1' },
    ],
    text: {
      status: 'generated',
      div: `<div xmlns="http://www.w3.org/1999/xhtml">INS 2 90 01 01 123 456 78</div>`,
    },
  });
  await all.put(
    'Observation/o',
    observation('o', 'demo-mother', 1, {
      subject: { reference: 'Patient/demo-mother', identifier: { system: INS, value: NUMBER } },
    }),
  );
  await oauth.register({ ...PUBLIC, id: 'told', device: 'Device/told', ins: true });
  const scope = 'launch/patient patient/*.cruds';
  app = as(await launch(oauth, 'patient', { scope }));
  told = as(await launch(oauth, 'patient', { scope, client_id: 'told' }));
}, 120_000);
afterAll(() => oauth?.carnet.close());

const as = (tokens: Tokens): Client => oauth.carnet.as({ token: tokens.access_token });

const PLACES = [
  'Patient/demo-mother',
  'Patient/demo-mother/_history',
  'Patient?_id=demo-mother',
  'Patient?_elements=identifier',
  'Patient?_summary=true',
  'Observation/o',
  'Observation?_include=Observation:subject',
  'Observation?_contained=both',
  'Patient?_revinclude=Observation:subject',
  'Patient/demo-mother/$everything',
];

it.each(PLACES)('isn’t told by %s', async (path) => {
  const given = await app.get(path);
  expect([path, given.status]).toEqual([path, 200]);
  expect(given.text).not.toMatch(/1\.2\.250\.1\.213|290010112345678|2 90 01 01/);
  const whole = await told.get(path);
  expect(whole.text).toContain(NUMBER);
});

it('isn’t told in XML, nor by a version, and other identifiers are', async () => {
  const { text } = await app.get('Patient/demo-mother', { accept: 'application/fhir+xml' });
  expect(text).not.toMatch(/1\.2\.250|29001/);
  const { json } = await app.get('Patient/demo-mother');
  expect(json.identifier).toEqual([{ system: 'https://hospital.example', value: 'ipp-1' }]);
  expect(json.text).toBeUndefined();
  const version = await app.get(`Patient/demo-mother/_history/${json.meta.versionId}`);
  expect(version.json).toEqual(json);
});

const asking = (value: string): string[] => [
  `Patient?identifier=${value}`,
  `Patient?identifier=${INS}|${value}`,
  `Patient?identifier=${INS}|`,
  'Patient?identifier:missing=false',
  `Patient?identifier:not=${INS}|${value}`,
  `Observation?subject:identifier=${INS}|${value}`,
  `Observation?subject:identifier=${value}`,
  `Observation?patient.identifier=${INS}|${value}`,
  `Observation?subject:Patient.identifier=${value}`,
  `Patient?identifier=https://hospital.example|ipp-1,${INS}|${value}`,
];

it('no search confirms it: right and wrong numbers are answered alike', async () => {
  const [right, wrong] = [asking(NUMBER), asking(OTHER)];
  for (const [index, path] of right.entries()) {
    const [a, b] = [await app.get(path), await app.get(wrong[index]!)];
    expect([path, a.status]).toEqual([path, 403]);
    expect(a.text).toBe(b.text);
    expect([200, 400]).toContain((await told.get(path)).status);
  }
  expect((await app.get('Patient?identifier=https://hospital.example|ipp-1')).json.total).toBe(1);
  expect((await told.get(`Patient?identifier=${INS}|${NUMBER}`)).json.total).toBe(1);
});

it('nor sorting, words, conditions and conditional references', async () => {
  for (const path of ['Patient?_sort=identifier', `Patient?_text=${NUMBER}`, `Patient?_content=${NUMBER}`]) {
    const { status, text } = await app.get(path);
    expect(status === 200 ? text : '').not.toMatch(/1\.2\.250|29001/);
    expect([path, status >= 400]).toEqual([path, true]);
  }
  const weight = {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    subject: { reference: 'Patient/demo-mother' },
  };
  const answers = async (number: string) => [
    (await app.post('Observation', weight, { 'if-none-exist': `subject:identifier=${INS}|${number}` }))
      .status,
    (await app.delete(`Observation?subject:identifier=${INS}|${number}`)).status,
    (
      await app.post('', {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [
          {
            request: { method: 'POST', url: 'Observation' },
            resource: { ...weight, subject: { reference: `Patient?identifier=${INS}|${number}` } },
          },
        ],
      })
    ).status,
  ];
  expect(await answers(NUMBER)).toEqual([403, 403, 403]);
  expect(await answers(OTHER)).toEqual([403, 403, 403]);
});
