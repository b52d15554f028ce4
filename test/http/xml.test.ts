/** XML over HTTP, in and out, for every interaction: https://hl7.org/fhir/R4/http.html#mime-type */
import { jsonOf } from '../../src/fhir/xml/read.ts';
import { xmlOf } from '../../src/fhir/xml/write.ts';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';

const XML = 'application/fhir+xml';
let carnet: TestServer;
let all: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  await all.put('Patient/x', { resourceType: 'Patient', id: 'x', name: [{ family: 'Martin' }] });
});
afterAll(() => carnet?.close());

const xml = (resource: object): string => xmlOf(Buffer.from(JSON.stringify(resource))).toString();
const read = ({ text }: Reply) => JSON.parse(jsonOf(Buffer.from(text)).toString()) as Record<string, any>; // eslint-disable-line
const inXml = { accept: XML, 'content-type': XML };
const observation = (more = {}) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'Glycémie' },
  subject: { reference: 'Patient/x' },
  ...more,
});

it('makes, reads, changes, finds and deletes', async () => {
  const text = xml(observation()).replace(
    '</Observation>',
    '<valueQuantity><value value="1.00"/></valueQuantity></Observation>',
  );
  const made = await all.post('Observation', text, inXml);
  expect([made.status, made.headers.get('content-type')]).toEqual([201, `${XML}; charset=utf-8`]);
  const { id } = read(made);
  expect(made.text).toContain('<value value="1.00"/>');
  const got = await all.get(`Observation/${id}`, { accept: XML });
  expect(got.text).toBe(made.text);
  expect((await all.get(`Observation/${id}`)).text).toContain('"value":1.00');
  const changed = await all.put(`Observation/${id}`, made.text.replace('final', 'amended'), inXml);
  expect([changed.status, read(changed).status]).toEqual([200, 'amended']);
  expect(
    read(await all.get(`Observation/${id}/_history/${read(made).meta.versionId}`, { accept: XML })).status,
  ).toBe('final');
  const found = read(await all.get('Observation?patient=x', { accept: XML }));
  expect([found.type, found.total, found.entry[0].resource.id]).toEqual(['searchset', 1, id]);
  expect(read(await all.get(`Observation/${id}/_history`, { accept: XML })).total).toBe(2);
  expect((await all.delete(`Observation/${id}`, { accept: XML })).status).toBe(204);
});

it('patches by FHIRPath Patch in XML', async () => {
  const { id } = (await all.post('Observation', observation())).json;
  const patch = {
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'operation',
        part: [
          { name: 'type', valueCode: 'replace' },
          { name: 'path', valueString: 'Observation.status' },
          { name: 'value', valueCode: 'amended' },
        ],
      },
    ],
  };
  const reply = await all.patch(`Observation/${id}`, xml(patch), inXml);
  expect([reply.status, read(reply).status]).toEqual([200, 'amended']);
});

it('takes a transaction, operations and searches by form', async () => {
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [{ resource: observation(), request: { method: 'POST', url: 'Observation' } }],
  };
  const reply = await all.post('', xml(bundle), inXml);
  expect([reply.status, read(reply).type, read(reply).entry[0].response.status]).toEqual([
    200,
    'transaction-response',
    expect.stringMatching(/^201/),
  ]);
  expect(read(await all.post('Observation/$validate', xml(observation()), inXml)).issue[0].severity).toBe(
    'information',
  );
  for (const [path, body] of [
    ['Observation/_search', 'patient=x&_format=xml'],
    ['Observation/_search?_format=xml', 'patient=x'],
  ]) {
    const form = await all.post(path!, body, { 'content-type': 'application/x-www-form-urlencoded' });
    expect(read(form).resourceType).toBe('Bundle');
  }
  expect(read(await all.get('ValueSet/document-classes/$expand', { accept: XML })).expansion.total).toBe(12);
});

it.each([
  ['application/fhir+xml', XML],
  ['application/xml', XML],
  ['text/xml', XML],
  ['application/fhir+json;q=0.5, application/fhir+xml', XML],
  ['application/fhir+xml;q=0.5, application/fhir+json', 'application/fhir+json'],
  ['application/fhir+xml, application/fhir+json', 'application/fhir+json'],
  ['*/*', 'application/fhir+json'],
  ['application/fhir+xml; fhirVersion=4.0', XML],
])('Accept: %s is answered in %s', async (accept, type) => {
  const reply = await all.get('Patient/x', { accept });
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, `${type}; charset=utf-8`]);
});

it.each(['xml', 'text/xml', 'application/xml', 'application/fhir+xml', 'application/fhir%2Bxml'])(
  '_format=%s wins over Accept',
  async (format) => {
    const reply = await all.get(`Patient/x?_format=${format}`, { accept: 'application/fhir+json' });
    expect(read(reply).id).toBe('x');
  },
);

it('tells what it can do, and errors, in XML too', async () => {
  const statement = read(await all.get('metadata', { accept: XML }));
  expect(statement.format).toContain('application/fhir+xml');
  for (const [path, status] of [
    ['Patient/none', 404],
    ['Patient?nope=1', 400],
    ['Nothing/x', 404],
    ['nowhere', 404],
  ] as const) {
    const reply = await all.get(path, { accept: XML });
    expect([reply.status, read(reply).resourceType]).toEqual([status, 'OperationOutcome']);
  }
  const nobody = await fetch(`${carnet.base}/Patient/x`, { headers: { accept: XML } });
  expect([nobody.status, nobody.headers.get('content-type')]).toEqual([401, `${XML}; charset=utf-8`]);
  expect((await all.get('Patient/x', { accept: 'text/turtle' })).status).toBe(406);
});

it('hidden answers as absent, to the byte', async () => {
  const gp = carnet.as('gp');
  const [hidden, absent] = [
    await gp.get('Patient/x', { accept: XML }),
    await gp.get('Patient/none', { accept: XML }),
  ];
  expect([hidden.status, hidden.text]).toEqual([404, absent.text]);
});

it('refuses entities, and what is no XML', async () => {
  for (const text of [
    '<!DOCTYPE p [<!ENTITY a "b">]><Patient xmlns="http://hl7.org/fhir"><id value="&a;"/></Patient>',
    '<Patient',
    '{}',
  ]) {
    const reply = await all.post('Patient', text, inXml);
    expect([reply.status, read(reply).issue[0].code]).toEqual([400, 'structure']);
  }
  const invalid = await all.post(
    'Patient',
    '<Patient xmlns="http://hl7.org/fhir"><active value="yes"/></Patient>',
    inXml,
  );
  expect([invalid.status, read(invalid).issue[0].expression]).toEqual([400, ['Patient.active']]);
});

it('leaves a Binary of XML as it is, and gives it as a resource when FHIR is asked for', async () => {
  const cda = '<ClinicalDocument xmlns="urn:hl7-org:v3"/>';
  const made = await all.post('Binary', cda, {
    'content-type': 'application/xml',
    accept: 'application/fhir+json',
  });
  expect(made.status).toBe(201);
  const { id } = made.json;
  expect((await all.get(`Binary/${id}`, { accept: 'application/xml' })).text).toBe(cda);
  const asResource = read(await all.get(`Binary/${id}`, { accept: XML }));
  expect([asResource.resourceType, Buffer.from(asResource.data, 'base64').toString()]).toEqual([
    'Binary',
    cda,
  ]);
  const resource = { resourceType: 'Binary', contentType: 'text/plain', data: 'QUJD' };
  expect((await all.post('Binary', xml(resource), inXml)).status).toBe(201);
});
