/**
 * Metadata of documents changed by patches: what may change, labels as a set, who may delete. The traps of the published
 * sources, each with its test:
 * 1. PDSm's sample patch isn't valid: "the sample that PDSm prints", as a whole and by each of its faults.
 * 2. `replace /securityLabel/0` loses the other labels: "labels are a set", by JSON, FHIRPath, its XML and XML Patch; `test` guards it.
 * 3. N comes under two systems and a misspelt one: "N under … is the one N"; "what is not understood is not taken".
 * 4. PDSm's `relatesTo` is R4's `relatesto` and `relation`: flows.test.ts, "`relatesTo` is R4’s `relatesto`".
 * 5. 405 in PDSm and 422 in the DMP for what may not change: "changes nothing else", 405; by id any element, none.
 */
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { type Client, type TestServer, putAll, testServer } from '../support/server.ts';
import { ARCHIVED, V3, VISIBILITY, inline, label } from './support.ts';

const OF = 'Patient/demo-mother';
const N_ALIASES: [string, string][] = [
  ['https://mos.esante.gouv.fr/NOS/TRE_A08-HL7Confidentiality/FHIR/TRE-A08-HL7Confidentiality', 'N'],
  [
    'https://mos.esante.gouv.fr/NOS/TRE_A07-StatusVisibiliteDocument/FHIR/TRE-A07-StatusVisibiliteDocument',
    'N',
  ],
  [VISIBILITY, 'N'],
  ['urn:oid:2.16.840.1.113883.5.25', 'N'],
];

let carnet: TestServer;
let hospital: Client;
let patient: Client;
beforeAll(async () => {
  // a patient deposits what looks like a hospital's
  carnet = await testServer(import.meta.url, { documentFeeders: 'open' });
  [hospital, patient] = [carnet.as('hospital'), carnet.as('patient')];
  await putAll(carnet.as('all'), [{ resourceType: 'Patient', id: 'demo-mother' }]);
});
afterAll(() => carnet?.close());

const deposit = async (more: Json = {}, client = hospital): Promise<Resource & { id: string }> => {
  const { status, json, text } = await client.post('DocumentReference', inline(OF, 'contenu', more));
  if (status !== 201) throw new Error(text);
  return json;
};
const codes = ({ securityLabel }: Resource): string[] =>
  (securityLabel as { coding: { code: string }[] }[])
    .flatMap(({ coding }) => coding.map(({ code }) => code))
    .sort();
const PARAMETER = 'https://interop.esante.gouv.fr/ig/fhir/pdsm/SearchParameter/isArchived';
const nameOf = ({ masterIdentifier }: Resource): string => {
  const { system, value } = masterIdentifier as { system: string; value: string };
  return `DocumentReference?identifier=${system}|${value}`;
};
const change = (client: Client, of: Resource, body: unknown) => client.patch(nameOf(of), body);
const changeXml = (of: Resource, operations: string, client = hospital) =>
  client.patch(nameOf(of), `<diff xmlns:f="http://hl7.org/fhir">${operations}</diff>`, {
    'content-type': 'application/xml-patch+xml',
  });
const xmlLabel = (code: string): string =>
  `<f:coding><f:system value="${VISIBILITY}"/><f:code value="${code}"/></f:coding>`;
const replace = (path: string, value: unknown): Json[] => [{ op: 'replace', path, value }];

describe('a conditional patch', () => {
  it('changes status, labels and whether it is archived, by JSON Patch', async () => {
    const document = await deposit();
    const { status, json } = await change(hospital, document, [
      { op: 'add', path: '/extension', value: [{ url: ARCHIVED, valueBoolean: true }] },
      { op: 'add', path: '/securityLabel/-', value: label(VISIBILITY, 'MASQUE_PS') },
    ]);
    expect([status, codes(json), json.extension]).toEqual([
      200,
      ['MASQUE_PS', 'N'],
      [{ url: ARCHIVED, valueBoolean: true }],
    ]);
    expect(json.meta.versionId).not.toBe(document.meta?.versionId);
  });

  it('says once whether it is archived, however it was said before', async () => {
    const archived = (valueBoolean: boolean): Json => ({ url: ARCHIVED, valueBoolean });
    const other = { url: 'http://example.org/other', valueBoolean: true };
    const document = await deposit({ extension: [archived(false), other] });
    const added = await change(hospital, document, [
      { op: 'add', path: '/extension/-', value: archived(true) },
    ]);
    expect([added.status, added.json.extension]).toEqual([200, [other, archived(true)]]);
    const first = await changeXml(
      document,
      `<add sel="f:DocumentReference/f:extension[1]" pos="before"><f:extension url="${ARCHIVED}"><f:valueBoolean value="false"/></f:extension></add>`,
    );
    expect([first.status, first.json.extension]).toEqual([200, [archived(false), other]]);
    const isArchived = async (value: boolean): Promise<number> =>
      (await hospital.get(`${nameOf(document)}&isArchived=${value}`)).json.total;
    expect([await isArchived(true), await isArchived(false)]).toEqual([0, 1]);
  });

  it('changes them by FHIRPath Patch', async () => {
    const document = await deposit();
    const operation = (type: string, path: string, name: string, value: Json): Json => ({
      name: 'operation',
      part: [
        { name: 'type', valueCode: type },
        { name: 'path', valueString: path },
        { name: 'name', valueString: name },
        value,
      ],
    });
    const { status, json } = await change(hospital, document, {
      resourceType: 'Parameters',
      parameter: [
        operation('add', 'DocumentReference', 'securityLabel', {
          name: 'value',
          valueCodeableConcept: label(VISIBILITY, 'INVISIBLE_PATIENT'),
        }),
      ],
    });
    expect([status, codes(json)]).toEqual([200, ['INVISIBLE_PATIENT', 'N']]);
  });

  it('changes them by XML Patch', async () => {
    const document = await deposit();
    const reply = await changeXml(
      document,
      `<add sel="f:DocumentReference"><f:extension url="${ARCHIVED}"><f:valueBoolean value="true"/></f:extension></add>
      <add sel="f:DocumentReference/f:securityLabel[1]" pos="after"><f:securityLabel>${xmlLabel('MASQUE_PS')}</f:securityLabel></add>
      <replace sel="f:DocumentReference/f:status/@value">superseded</replace>`,
    );
    expect([reply.status, codes(reply.json), reply.json.extension, reply.json.status]).toEqual([
      200,
      ['MASQUE_PS', 'N'],
      [{ url: ARCHIVED, valueBoolean: true }],
      'superseded',
    ]);
    const back = await changeXml(
      document,
      `<replace sel="f:DocumentReference/f:extension[@url='${ARCHIVED}']/f:valueBoolean/@value">false</replace>
      <remove sel="f:DocumentReference/f:securityLabel[f:coding/f:code/@value='MASQUE_PS']"/>`,
    );
    expect([back.status, codes(back.json), back.json.extension]).toEqual([
      200,
      ['N'],
      [{ url: ARCHIVED, valueBoolean: false }],
    ]);
  });

  it.each([
    ['description', '<add sel="f:DocumentReference"><f:description value="autre"/></add>'],
    ['date', '<replace sel="f:DocumentReference/f:date/@value">2020-01-01T00:00:00Z</replace>'],
    ['content', '<remove sel="f:DocumentReference/f:content/f:attachment/f:title"/>'],
    ['subject', '<replace sel="f:DocumentReference/f:subject/f:reference/@value">Patient/other</replace>'],
    [
      'extension',
      '<add sel="f:DocumentReference" pos="prepend"><f:extension url="https://x.example"><f:valueCode value="x"/></f:extension></add>',
    ],
  ])('changes nothing else by XML Patch: %s is 405', async (name, operation) => {
    const document = await deposit();
    const reply = await changeXml(document, operation);
    expect([reply.status, reply.json.issue[0].details.text]).toEqual([
      405,
      expect.stringContaining(`\`${name}\``),
    ]);
    expect((await hospital.get(`DocumentReference/${document.id}`)).json).toEqual(document);
  });

  it.each<[string, Json[]]>([
    ['description', [{ op: 'add', path: '/description', value: 'autre' }]],
    ['date', replace('/date', '2020-01-01T00:00:00Z')],
    ['content', replace('/content/0/attachment/title', 'autre')],
    ['subject', replace('/subject/reference', 'Patient/other')],
    [
      'extension',
      [{ op: 'add', path: '/extension', value: [{ url: 'https://x.example', valueString: 'x' }] }],
    ],
  ])('changes nothing else: %s is 405', async (name, body) => {
    const document = await deposit();
    const reply = await change(hospital, document, body);
    expect([reply.status, reply.json.issue[0].details.text]).toEqual([
      405,
      expect.stringContaining(`\`${name}\``),
    ]);
    expect(reply.headers.get('allow')).toBeTruthy();
    expect((await hospital.get(`DocumentReference/${document.id}`)).json.meta.versionId).toBe(
      document.meta?.versionId,
    );
  });

  it.each(['transaction', 'batch'] as const)('changes nothing else in a %s either', async (type) => {
    const document = await deposit();
    const patching = (url: string, operations: Json[]) => ({
      resource: {
        resourceType: 'Binary',
        contentType: 'application/json-patch+json',
        data: Buffer.from(JSON.stringify(operations)).toString('base64'),
      },
      request: { method: 'PATCH', url },
    });
    const send = async (url: string, operations: Json[]) => {
      const answer = await hospital.post('', {
        resourceType: 'Bundle',
        type,
        entry: [patching(url, operations)],
      });
      return type === 'batch' ? Number(answer.json.entry[0].response.status.slice(0, 3)) : answer.status;
    };
    const described: Json[] = [{ op: 'add', path: '/description', value: 'autre' }];
    expect(await send(nameOf(document), described)).toBe(405);
    expect((await hospital.get(`DocumentReference/${document.id}`)).json).toEqual(document);
    expect(await send(nameOf(document), replace('/status', 'superseded'))).toBe(200);
    expect(await send(`DocumentReference/${document.id}`, described)).toBe(200);
    const { status, description } = (await hospital.get(`DocumentReference/${document.id}`)).json;
    expect([status, description]).toEqual(['superseded', 'autre']);
  });

  it('of what is hidden is as of what is absent', async () => {
    const document = await deposit();
    const body = replace('/status', 'superseded');
    const lab = carnet.as('lab');
    const [hidden, absent] = [
      await change(lab, document, body),
      await change(
        lab,
        { ...document, masterIdentifier: { system: 'urn:ietf:rfc:3986', value: 'urn:oid:1.2' } },
        body,
      ),
    ];
    expect([hidden.status, hidden.text]).toEqual([404, absent.text]);
  });

  it('by the sample that PDSm prints is refused, and changes nothing', async () => {
    const document = await deposit();
    const sample = [
      { op: 'replace', path: '/status', value: 'current ' },
      {
        op: 'replace',
        path: '/extension[url:https://interop.esante.gouv.fr/ig/fhir/pdsm/SearchParameter/isArchived]',
        value: 'false',
      },
      { op: 'replace', path: '/securityLabel', value: 'N' },
    ];
    const { status } = await change(hospital, document, sample);
    expect([400, 422]).toContain(status);
    expect((await hospital.get(`DocumentReference/${document.id}`)).json.meta.versionId).toBe(
      document.meta?.versionId,
    );
  });

  it.each<[string, Json[]]>([
    ['a blank behind the code', replace('/status', 'current ')],
    ['a path by url', replace(`/extension[url:${ARCHIVED}]`, { url: ARCHIVED, valueBoolean: false })],
    [
      'the url of the SearchParameter',
      [{ op: 'add', path: '/extension', value: [{ url: PARAMETER, valueBoolean: false }] }],
    ],
    [
      'a boolean as a string',
      [{ op: 'add', path: '/extension', value: [{ url: ARCHIVED, valueBoolean: 'false' }] }],
    ],
    ['a boolean as the extension', [{ op: 'add', path: '/extension', value: ['false'] }]],
    ['a label as a string', replace('/securityLabel', 'N')],
    ['a label of the list as a string', replace('/securityLabel/0', 'N')],
  ])('by %s alone, as in that sample, is refused too', async (_, body) => {
    const document = await deposit();
    const { status } = await change(hospital, document, body);
    expect([400, 405, 422]).toContain(status);
    expect((await hospital.get(`DocumentReference/${document.id}`)).json).toEqual(document);
  });

  it('holds a test against what others wrote meanwhile, of labels too', async () => {
    const document = await deposit();
    const guarded = [{ op: 'test', path: '/status', value: 'superseded' }, ...replace('/status', 'current')];
    expect((await change(hospital, document, guarded)).status).toBe(422);
    const other = [
      { op: 'test', path: '/securityLabel/0', value: label(VISIBILITY, 'MASQUE_PT') },
      ...replace('/securityLabel/0', label(V3, 'R')),
    ];
    expect((await change(hospital, document, other)).status).toBe(422);
    expect((await hospital.get(`DocumentReference/${document.id}`)).json).toEqual(document);
    const same = [{ op: 'test', path: '/securityLabel/0', value: label(V3, 'N') }, ...other.slice(1)];
    expect(codes((await change(hospital, document, same)).json)).toEqual(['R']);
  });
});

describe('labels are a set', () => {
  const masked = label(VISIBILITY, 'MASQUE_PS');
  it('a mask written over another label takes nothing off', async () => {
    const document = await deposit({
      securityLabel: [label(V3, 'N'), label(VISIBILITY, 'INVISIBLE_REPRESENTANTS_LEGAUX')],
    });
    for (const client of [hospital, patient]) {
      const first = await change(client, document, replace('/securityLabel/0', masked));
      expect([first.status, codes(first.json)]).toEqual([
        200,
        ['INVISIBLE_REPRESENTANTS_LEGAUX', 'MASQUE_PS', 'N'],
      ]);
      const whole = await change(
        client,
        document,
        replace('/securityLabel', [label(VISIBILITY, 'MASQUE_PT')]),
      );
      expect(codes(whole.json)).toEqual(['INVISIBLE_REPRESENTANTS_LEGAUX', 'MASQUE_PS', 'MASQUE_PT', 'N']);
      await hospital.patch(
        `DocumentReference/${document.id}`,
        replace('/securityLabel', document.securityLabel),
      );
    }
  });

  it('nor does one that a FHIRPath Patch writes there, in JSON or XML, nor an XML Patch', async () => {
    const { system, code } = { system: VISIBILITY, code: 'MASQUE_PS' };
    const part = [
      { name: 'type', valueCode: 'replace' },
      { name: 'path', valueString: 'DocumentReference.securityLabel[0]' },
      { name: 'value', valueCodeableConcept: masked },
    ];
    const xml = `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>
      <part><name value="type"/><valueCode value="replace"/></part>
      <part><name value="path"/><valueString value="DocumentReference.securityLabel[0]"/></part>
      <part><name value="value"/><valueCodeableConcept><coding><system value="${system}"/><code value="${code}"/></coding></valueCodeableConcept></part>
      </parameter></Parameters>`;
    const labels = [label(V3, 'N'), label(VISIBILITY, 'INVISIBLE_REPRESENTANTS_LEGAUX')];
    for (const send of [
      (of: Resource) =>
        change(hospital, of, { resourceType: 'Parameters', parameter: [{ name: 'operation', part }] }),
      (of: Resource) => hospital.patch(nameOf(of), xml, { 'content-type': 'application/fhir+xml' }),
      (of: Resource) =>
        changeXml(
          of,
          `<replace sel="f:DocumentReference/f:securityLabel[1]"><f:securityLabel>${xmlLabel(code)}</f:securityLabel></replace>`,
        ),
    ]) {
      const { status, json } = await send(await deposit({ securityLabel: labels }));
      expect([status, codes(json)]).toEqual([200, ['INVISIBLE_REPRESENTANTS_LEGAUX', 'MASQUE_PS', 'N']]);
    }
  });

  it('a mask is taken off by a patch that puts none on', async () => {
    const document = await deposit();
    expect(codes((await change(patient, document, replace('/securityLabel/0', masked))).json)).toEqual([
      'MASQUE_PS',
      'N',
    ]);
    const shown = (await patient.get(`DocumentReference/${document.id}`)).json as Resource;
    const at =
      codes(shown).length === 2
        ? (shown.securityLabel as Json[]).findIndex((each) => JSON.stringify(each).includes('MASQUE_PS'))
        : -1;
    const off = await change(patient, document, replace(`/securityLabel/${at}`, label(V3, 'N')));
    expect([off.status, codes(off.json)]).toEqual([200, ['N']]);
  });

  it('a mask that outlived what its depositor wrote stands among the labels, and is taken off there', async () => {
    const document = await deposit();
    await change(patient, document, [{ op: 'add', path: '/securityLabel/-', value: masked }]);
    const level = [label(V3, 'N')];
    // its depositor is not shown the mask, and writes what they see
    for (const write of [
      () => change(hospital, document, replace('/securityLabel', level)),
      () =>
        hospital.put(`DocumentReference/${document.id}`, {
          ...document,
          description: 'relu',
          securityLabel: level,
        }),
    ]) {
      const written = await write();
      expect([written.status, written.json.securityLabel]).toEqual([200, level]);
      const seen = (await patient.get(`DocumentReference/${document.id}`)).json;
      expect([seen.securityLabel, seen.meta.security]).toEqual([[...level, masked], undefined]);
    }
    const off = await change(patient, document, replace('/securityLabel', level));
    expect([off.status, codes(off.json)]).toEqual([200, ['N']]);
    expect(codes((await patient.get(`DocumentReference/${document.id}`)).json)).toEqual(['N']);
  });

  it.each(N_ALIASES)('N under %s is the one N', async (system, code) => {
    const document = await deposit({ securityLabel: [label(system, code), label(V3, 'N')] });
    expect(document.securityLabel).toEqual([label(V3, 'N')]);
    const patched = await change(hospital, document, [
      { op: 'add', path: '/securityLabel/-', value: label(system, code) },
    ]);
    expect(patched.json.securityLabel).toEqual([label(V3, 'N')]);
    // and found under each
    const found = async (query: string): Promise<number> =>
      (await hospital.get(`DocumentReference?patient=demo-mother&_id=${document.id}&${query}`)).json.total;
    expect(await found(`security-label=${system}|${code}`)).toBe(1);
    expect(await found(`security-label=${system}|R,${V3}|R`)).toBe(0);
    expect(await found(`security-label:not=${system}|${code}`)).toBe(0);
  });

  it('the misspelt system masks as the right one does', async () => {
    const document = await deposit({ securityLabel: [label(N_ALIASES[1]![0], 'INVISIBLE_PATIENT')] });
    expect(document.securityLabel).toEqual([label(VISIBILITY, 'INVISIBLE_PATIENT')]);
    expect((await patient.get(`DocumentReference/${document.id}`)).status).toBe(404);
  });

  it.each([
    [VISIBILITY, 'MASQUE_XX'],
    [N_ALIASES[0]![0], 'MASQUE_PS'],
    [N_ALIASES[1]![0], 'CACHE'],
    [V3, 'X'],
  ])('what is not understood is not taken: %s %s', async (system, code) => {
    const reply = await hospital.post(
      'DocumentReference',
      inline(OF, 'x', { securityLabel: [label(system, code)] }),
    );
    expect([reply.status, reply.json.issue[0].code]).toEqual([422, 'code-invalid']);
  });
});

describe('the logical deletion', () => {
  it('is the author’s', async () => {
    const document = await deposit();
    const body = replace('/status', 'entered-in-error');
    expect((await change(patient, document, body)).status).toBe(403);
    const { status, json } = await change(hospital, document, body);
    expect([status, json.status]).toEqual([200, 'entered-in-error']);
    const found = await patient.get(
      `DocumentReference?patient=demo-mother&status=current&_id=${document.id}`,
    );
    expect(found.json.total).toBe(0);
    expect((await patient.get(`DocumentReference/${document.id}`)).json.status).toBe('entered-in-error');
  });

  it('of what a patient deposited is the patient’s', async () => {
    const document = await deposit({}, patient);
    expect((await change(patient, document, replace('/status', 'entered-in-error'))).status).toBe(200);
  });
});
