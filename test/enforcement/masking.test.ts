/** Who labels a document, who takes a label off, and what its depositor learns of it: nothing. */
import type { Resource } from '../../src/fhir/resource.ts';
import { POLICY } from '../../src/consent/vocabulary.ts';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';
import { ofPatients } from '../documents/support.ts';
import { Space, label, names, permits } from './support/space.ts';

let carnet: TestServer;
let hospital: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  hospital = carnet.as({ token: carnet.tokenFor({ idPrefixes: ['hospital-'] }, 'hospital') });
});
afterAll(() => carnet?.close());

const GP = 'Practitioner/demo-gp';
const DENTIST = 'Practitioner/demo-dentist';
const MASQUE = label('MASQUE_PS');
const N = label('N', 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality');
const OWN = { meta: { security: [N], tag: [{ code: 'own' }] }, securityLabel: [{ coding: [N] }] };

interface Story {
  space: Space;
  /** `DocumentReference/x` of the hospital's. */
  at: string;
  id: string;
  dentist: Client;
}

/** A patient who lets the dentist read, and a document of the hospital's. */
async function story(more: object = OWN): Promise<Story> {
  const space = await Space.of(carnet);
  await space.says(permits(DENTIST));
  const id = await space.deposit({ type: { coding: [LETTER] }, ...more }, hospital);
  return { space, id, at: `DocumentReference/${id}`, dentist: carnet.as('dentist') };
}
const LETTER = { system: 'http://loinc.org', code: '18761-7' };
const CLASS = {
  category: [
    {
      coding: [
        {
          system: 'https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument',
          code: '11',
        },
      ],
    },
  ],
};
const SEEN = { ...OWN, ...CLASS, type: { coding: [LETTER] } };
const ARCHIVED = 'https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived';

const parameters = (...security: object[]) => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'meta', valueMeta: { security } }],
});
const fhirPath = (...parts: Record<string, unknown>[]) => ({
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: parts.flatMap((each) =>
        Object.entries(each).map(([name, value]) =>
          typeof value === 'object'
            ? { name, valueCoding: value }
            : { [name === 'type' ? 'valueCode' : 'valueString']: value, name },
        ),
      ),
    },
  ],
});
const inTransaction = (client: Client, method: string, url: string, resource?: object) =>
  client.post('', {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [{ ...(resource === undefined ? {} : { resource }), request: { method, url } }],
  });
const body = async (client: Client, at: string): Promise<Resource> => (await client.get(at)).json;
const jsonPatch = (client: Client, at: string, ...operations: object[]) => client.patch(at, operations);

type Way = (client: Client, at: string) => Promise<Reply>;

const MASKING: Record<string, Way> = {
  'JSON Patch of meta.security': (client, at) =>
    jsonPatch(client, at, { op: 'add', path: '/meta/security/-', value: MASQUE }),
  'JSON Patch of securityLabel': (client, at) =>
    jsonPatch(client, at, { op: 'add', path: '/securityLabel/-', value: { coding: [MASQUE] } }),
  'FHIRPath Patch': (client, at) =>
    client.patch(
      at,
      fhirPath({ type: 'add' }, { path: 'DocumentReference.meta' }, { name: 'security' }, { value: MASQUE }),
    ),
  PUT: async (client, at) => {
    const now = await body(client, at);
    return client.put(at, { ...now, securityLabel: [{ coding: [N, MASQUE] }] });
  },
  '$meta-add': (client, at) => client.post(`${at}/$meta-add`, parameters(MASQUE)),
  'a transaction': async (client, at) => {
    const now = await body(client, at);
    const meta = { ...now.meta, security: [N, MASQUE] };
    return inTransaction(client, 'PUT', at, { ...now, meta });
  },
};

const bare = (resource: Resource): Resource => ({
  ...resource,
  meta: { ...resource.meta, security: [N] },
  securityLabel: [{ coding: [N] }],
});
const UNMASKING: Record<string, Way> = {
  PUT: async (client, at) => client.put(at, bare(await body(client, at))),
  'JSON Patch': (client, at) =>
    jsonPatch(
      client,
      at,
      { op: 'add', path: '/meta/security', value: [N] },
      { op: 'add', path: '/securityLabel', value: [{ coding: [N] }] },
    ),
  'FHIRPath Patch': async (client, at) => {
    await client.patch(
      at,
      fhirPath({ type: 'delete' }, { path: `DocumentReference.meta.security.where(code='MASQUE_PS')` }),
    );
    return client.patch(
      at,
      fhirPath(
        { type: 'delete' },
        { path: `DocumentReference.securityLabel.where(coding.code='MASQUE_PS')` },
      ),
    );
  },
  '$meta-delete': (client, at) => client.post(`${at}/$meta-delete`, parameters(MASQUE)),
  'a transaction': async (client, at) => inTransaction(client, 'PUT', at, bare(await body(client, at))),
  'a conditional update': async (client, at) => {
    const { id, ...now } = await body(client, at);
    return client.put(`DocumentReference?_id=${id}`, { ...bare(now as Resource), id });
  },
};

describe('the patient masks and unmasks', () => {
  it.each(Object.keys(MASKING))('by %s', async (how) => {
    const { space, at, id, dentist } = await story(SEEN);
    expect(await space.sees(dentist, id)).toBe(true);
    const reply = await MASKING[how]!(space.me, at);
    expect([reply.status, reply.status === 200 ? '' : reply.text]).toEqual([200, '']);
    expect(await space.sees(dentist, id)).toBe(false);
    expect(await space.sees(space.me, id)).toBe(true);
    expect((await space.me.get(at)).text).toContain('MASQUE_PS');
    expect((await UNMASKING.PUT!(space.me, at)).status).toBe(200);
    expect(await space.sees(dentist, id)).toBe(true);
  });

  it.each(Object.keys(UNMASKING))('off again by %s', async (how) => {
    const { space, at, id, dentist } = await story(SEEN);
    await MASKING['$meta-add']!(space.me, at);
    if (how === '$meta-delete') expect((await space.me.get(`${at}/$meta`)).text).toContain('MASQUE_PS');
    await UNMASKING[how]!(space.me, at);
    expect((await space.me.get(at)).text).not.toContain('MASQUE_PS');
    expect(await space.sees(dentist, id)).toBe(true);
  });

  it('takes off a mask that the depositor put; the depositor is told', async () => {
    const { space } = await story();
    const lab = carnet.as('lab');
    const at = `DocumentReference/${await space.deposit({ securityLabel: [{ coding: [MASQUE] }] }, lab)}`;
    const { securityLabel: _, ...now } = await body(space.me, at);
    expect((await space.me.put(at, now)).status).toBe(200);
    expect((await lab.get(at)).text).not.toContain('MASQUE_PS');
  });

  it('archives, and nothing else of what others deposited', async () => {
    const { space, at } = await story();
    const archived = { url: ARCHIVED, valueBoolean: true };
    expect((await jsonPatch(space.me, at, { op: 'add', path: '/extension', value: [archived] })).status).toBe(
      200,
    );
    expect((await body(hospital, at)).extension).toEqual([archived]);
    const now = await body(space.me, at);
    const CHANGES: Record<string, object> = {
      content: { content: [{ attachment: { contentType: 'text/plain', data: 'eXk=' } }] },
      status: { status: 'entered-in-error' },
      author: { author: [{ reference: `Patient/${space.id}` }] },
      type: { type: { text: 'other' } },
      description: { description: 'other' },
      tag: { meta: { ...now.meta, tag: [{ code: 'mine' }] } },
      profile: { meta: { ...now.meta, profile: ['https://x.example/p'] } },
      'another extension': { extension: [archived, { url: 'https://x.example/e', valueBoolean: true }] },
    };
    for (const [what, change] of Object.entries(CHANGES)) {
      expect([what, (await space.me.put(at, { ...now, ...change })).status]).toEqual([what, 403]);
    }
    const subject = { reference: 'Patient/other' };
    expect((await space.me.put(at, { ...now, subject })).status).toBe(422);
    expect((await space.me.delete(at)).status).toBe(403);
    expect((await space.me.post(`${at}/$meta-add`, tagged)).status).toBe(403);
    expect((await body(hospital, at)).description).toBe(now.description);
  });
});

const tagged = {
  resourceType: 'Parameters',
  parameter: [{ name: 'meta', valueMeta: { tag: [{ code: 'mine' }] } }],
};

describe('the depositor is told nothing of a mask', () => {
  const timeless = (text: string) =>
    text
      .replaceAll(/"(versionId|lastUpdated|id)": ?"[^"]*"/g, '"$1":""')
      .replaceAll(/_history\/[0-9a-f]+/g, '_history/')
      .replaceAll(/"(etag|lastModified|fullUrl|url)":"[^"]*"/g, '"$1":""');
  const LOOKS = [
    '',
    '?_pretty=true',
    '?_summary=true',
    '?_summary=data',
    '?_summary=text',
    '?_elements=meta,securityLabel',
    '?_elements=securityLabel',
    '/$meta',
  ];

  it.each([
    ['without labels of its own', {}],
    ['with labels of its own', OWN],
    ['with a label in words', { securityLabel: [{ text: 'normal' }] }],
  ])('a document %s looks masked as it looked before', async (_, more) => {
    const { space, at, id } = await story(more);
    const looks = async () =>
      Promise.all(
        [
          ...LOOKS.map((look) => `${at}${look}`),
          `DocumentReference?_id=${id}`,
          `DocumentReference?_id=${id}&_elements=securityLabel`,
          `DocumentReference?patient=${space.id}&_summary=true`,
          `Patient/${space.id}/DocumentReference`,
        ].map(async (path) => [path, timeless((await hospital.get(path)).text)]),
      );
    const before = await looks();
    for (const path of ['/securityLabel', '/meta/security']) {
      const value = path === '/securityLabel' ? [{ coding: [MASQUE] }] : [MASQUE];
      const now = await body(space.me, at);
      const labelled =
        path === '/securityLabel'
          ? { ...now, securityLabel: [...((now.securityLabel as object[]) ?? []), ...value] }
          : { ...now, meta: { ...now.meta, security: [...(now.meta?.security ?? []), ...value] } };
      expect((await space.me.put(at, labelled)).status).toBe(200);
      expect(await space.sees(carnet.as('dentist'), id)).toBe(false);
      expect(await looks()).toEqual(before);
    }
    const { entry } = (await hospital.get(`${at}/_history`)).json;
    for (const { resource } of entry) {
      const version = await hospital.get(`${at}/_history/${resource.meta.versionId}`);
      expect(timeless(version.text)).toBe(before[0]![1]);
    }
    expect((await hospital.get(`DocumentReference/_history`)).text).not.toContain('MASQUE');
    expect((await hospital.get('DocumentReference/$meta')).text).not.toContain('MASQUE');
    expect((await hospital.get('$meta')).text).not.toContain('MASQUE');
  });

  it('what it writes answers as if there were none, and the mask stays', async () => {
    const { space, at, id, dentist } = await story(SEEN);
    await MASKING.PUT!(space.me, at);
    const own = await body(hospital, at);
    const WRITES: Record<string, () => Promise<Reply>> = {
      PUT: () => hospital.put(at, { ...own, description: 'again' }),
      'PUT with Prefer': () => hospital.put(at, own, { prefer: 'return=representation' }),
      PATCH: () => jsonPatch(hospital, at, { op: 'replace', path: '/description', value: 'patched' }),
      '$meta-add': () => hospital.post(`${at}/$meta-add`, parameters(label('R', N.system))),
      '$meta-delete': () => hospital.post(`${at}/$meta-delete`, parameters(label('R', N.system), MASQUE)),
      'conditional update': () => hospital.put(`DocumentReference?_id=${id}`, own),
      'a transaction': () => inTransaction(hospital, 'PUT', at, own),
      'a batch': () =>
        hospital.post('', {
          resourceType: 'Bundle',
          type: 'batch',
          entry: [{ resource: own, request: { method: 'PUT', url: at } }],
        }),
    };
    for (const [how, write] of Object.entries(WRITES)) {
      const { status, text } = await write();
      expect([how, status]).toEqual([how, 200]);
      expect([how, text.includes('MASQUE')]).toEqual([how, false]);
      expect([how, await space.sees(dentist, id)]).toEqual([how, false]);
      expect([how, (await hospital.get(at)).text.includes('MASQUE')]).toEqual([how, false]);
    }
  });

  it('a test of JSON Patch finds no label, and one that names it fails as where there is none', async () => {
    const [first, second] = [await story({}), await story({})];
    await MASKING.PUT!(first.space.me, first.at);
    for (const operation of [
      { op: 'test', path: '/securityLabel', value: [{ coding: [N, MASQUE] }] },
      { op: 'test', path: '/meta/security', value: [MASQUE] },
      { op: 'remove', path: '/securityLabel' },
      { op: 'remove', path: '/meta/security/0' },
    ]) {
      const [one, other] = await Promise.all(
        [first, second].map(async ({ at }) => jsonPatch(hospital, at, operation)),
      );
      expect([one!.status, one!.text]).toEqual([other!.status, other!.text]);
      expect(one!.status).toBeGreaterThanOrEqual(400);
    }
  });

  it('it puts the same mask and takes its own off: it is shown what it put, and the patient’s stays', async () => {
    const { space, at, id, dentist } = await story(SEEN);
    await MASKING.PUT!(space.me, at);
    const own = await body(hospital, at);
    const alike = { ...own, securityLabel: [{ coding: [N, MASQUE] }] };
    expect((await hospital.put(at, alike)).text).toContain('MASQUE_PS');
    expect((await hospital.get(at)).text).toContain('MASQUE_PS');
    expect((await hospital.get(`DocumentReference?_id=${id}&_security=MASQUE_PS`)).json.total).toBe(0);
    expect((await hospital.get(`DocumentReference?_id=${id}&security-label=MASQUE_PS`)).json.total).toBe(1);
    expect((await hospital.put(at, own)).text).not.toContain('MASQUE_PS');
    expect((await hospital.get(at)).text).not.toContain('MASQUE_PS');
    expect(await space.sees(dentist, id)).toBe(false);
    expect((await space.me.get(at)).text).toContain('MASQUE_PS');
  });

  const SEARCHES = [
    ...['_security', 'security-label'].flatMap((param) => [
      `${param}=MASQUE_PS`,
      `${param}=${MASQUE.system}|MASQUE_PS`,
      `${param}=${MASQUE.system}|`,
      `${param}=MASQUE_PS,other`,
      `${param}:not=MASQUE_PS`,
      `${param}:not=${MASQUE.system}|MASQUE_PS`,
      `${param}:missing=true`,
      `${param}:missing=false`,
      `${param}:text=masqu`,
      `_sort=${param},-_id`,
    ]),
    '_content=Masqué',
    '_content=MASQUE_PS',
    '_text=Masqué',
    'patient._has:DocumentReference:patient:_security=MASQUE_PS',
    'patient._has:DocumentReference:patient:security-label:not=MASQUE_PS',
    '_has:DocumentReference:relatesto:security-label=MASQUE_PS',
  ];

  it.each(SEARCHES)('nor by the search %s', async (search) => {
    const total = async ({ space }: Story, client: Client) => {
      const { status, json, text } = await client.get(`DocumentReference?patient=${space.id}&${search}`);
      expect([status, status === 200 ? '' : text]).toEqual([200, '']);
      return json.total;
    };
    const plain = await story({});
    const masked = await story({});
    const shown = await total(plain, hospital);
    expect(await total(masked, hospital)).toBe(shown);
    const now = await body(masked.space.me, masked.at);
    const display = 'Masqué aux professionnels';
    const coding = [{ ...MASQUE, display }];
    const labelled = { ...now, meta: { ...now.meta, security: coding }, securityLabel: [{ coding }] };
    expect((await masked.space.me.put(masked.at, labelled)).status).toBe(200);
    expect(await total(masked, hospital)).toBe(shown);
    const own = await total(masked, masked.space.me);
    const alike = /=(true|false)|_sort|_text|_has/.test(search);
    if (!alike) expect(own === shown).toBe(false);
  });

  it('nor by a chain, a reverse chain or a compartment', async () => {
    const { space, at } = await story({});
    await MASKING.PUT!(space.me, at);
    const list = await hospital.post('List', {
      resourceType: 'List',
      status: 'current',
      mode: 'working',
      subject: { reference: `Patient/${space.id}` },
      entry: [{ item: { reference: at } }],
    });
    expect(list.status).toBe(201);
    const totals = async (client: Client) =>
      Promise.all(
        [
          `List?patient=${space.id}&item:DocumentReference._security=MASQUE_PS`,
          `List?patient=${space.id}&item:DocumentReference.security-label:not=MASQUE_PS`,
          `Patient/${space.id}/DocumentReference?security-label=MASQUE_PS`,
        ].map(async (path) => (await client.get(path)).json.total),
      );
    expect(await totals(hospital)).toEqual([0, 1, 0]);
    expect(await totals(space.me)).toEqual([0, 0, 1]);
  });
});

describe('a mask that both the depositor and the patient put', () => {
  const MASKED = { ...SEEN, securityLabel: [{ coding: [MASQUE] }, { coding: [N] }] };
  const AGAIN: Record<string, Way> = {
    ...MASKING,
    'JSON Patch over the one that is there': (client, at) =>
      jsonPatch(client, at, { op: 'replace', path: '/securityLabel/0', value: { coding: [MASQUE] } }),
    'JSON Patch by the number': async (client, at) => {
      const { masterIdentifier } = await body(client, at);
      const { system, value } = masterIdentifier as { system: string; value: string };
      return jsonPatch(client, `DocumentReference?identifier=${system}|${value}`, {
        op: 'add',
        path: '/securityLabel/-',
        value: { coding: [MASQUE] },
      });
    },
    'XML Patch': (client, at) =>
      client.patch(
        at,
        Buffer.from(
          '<diff xmlns:f="http://hl7.org/fhir"><replace sel="f:DocumentReference/f:securityLabel[1]/f:coding/f:code/@value">MASQUE_PS</replace></diff>',
        ),
        { 'content-type': 'application/xml-patch+xml' },
      ),
  };
  let count = 0;
  const numbered = () => ({
    masterIdentifier: { system: 'urn:ietf:rfc:3986', value: `urn:oid:1.2.250.9.${(count += 1)}` },
  });
  const seenByHospital = async (at: string): Promise<string> => {
    const asked = [
      at,
      `${at}/_history`,
      `${at}/$meta`,
      `DocumentReference?_id=${at.slice(18)}&_security=MASQUE_PS`,
    ];
    const replies = await Promise.all(asked.map((path) => hospital.get(path)));
    return replies
      .map(
        ({ text, headers }) =>
          `${headers.get('etag')} ${text.replaceAll(/"id":"[0-9a-f-]{36}"|"meta":\{"lastUpdated":"[^"]*"\}/g, '')}`,
      )
      .join('\n');
  };

  it.each(Object.keys(AGAIN))(
    'stays when the depositor takes theirs off, and they learn nothing: by %s',
    async (how) => {
      const { space, at, id, dentist } = await story({ ...MASKED, ...numbered() });
      const before = await seenByHospital(at);
      const reply = await AGAIN[how]!(space.me, at);
      expect([reply.status, reply.status === 200 ? '' : reply.text]).toEqual([200, '']);
      expect(await seenByHospital(at)).toBe(before);
      const bared = await UNMASKING.PUT!(hospital, at);
      expect([bared.status, bared.text.includes('MASQUE_PS')]).toEqual([200, false]);
      expect((await hospital.get(at)).text).not.toContain('MASQUE_PS');
      expect((await hospital.get(`${at}/_history`)).json.total).toBe(2);
      expect(await space.sees(dentist, id)).toBe(false);
      expect((await space.me.get(at)).text).toContain('MASQUE_PS');
      await UNMASKING.PUT!(space.me, at);
      expect(await space.sees(dentist, id)).toBe(true);
    },
  );

  it.each(Object.keys(UNMASKING))('the depositor takes off theirs alone by %s', async (how) => {
    const { space, at, id, dentist } = await story(MASKED);
    await MASKING['$meta-add']!(space.me, at);
    await UNMASKING[how]!(hospital, at);
    if (how === '$meta-delete') await UNMASKING['JSON Patch']!(hospital, at);
    expect((await hospital.get(at)).text).not.toContain('MASQUE_PS');
    expect(await space.sees(dentist, id)).toBe(false);
  });

  it('goes with the depositor’s word where the patient only archived, or labelled otherwise', async () => {
    for (const way of [
      (client: Client, at: string) =>
        jsonPatch(client, at, {
          op: 'add',
          path: '/extension',
          value: [{ url: ARCHIVED, valueBoolean: true }],
        }),
      (client: Client, at: string) =>
        jsonPatch(
          client,
          at,
          { op: 'test', path: '/securityLabel/0', value: { coding: [MASQUE] } },
          { op: 'add', path: '/securityLabel/-', value: { coding: [label('R', N.system)] } },
        ),
      (client: Client, at: string) => client.post(`${at}/$meta-delete`, parameters(label('R', N.system))),
    ]) {
      const { space, at, id, dentist } = await story(MASKED);
      const reply = await way(space.me, at);
      expect([reply.status, reply.status === 200 ? '' : reply.text]).toEqual([200, '']);
      await UNMASKING.PUT!(hospital, at);
      expect(await space.sees(dentist, id)).toBe(true);
    }
  });

  it('is the patient’s to take off at once, as any is', async () => {
    const { space, at, id, dentist } = await story(MASKED);
    await MASKING['$meta-add']!(space.me, at);
    await UNMASKING.PUT!(space.me, at);
    expect(await space.sees(dentist, id)).toBe(true);
    expect((await hospital.get(at)).text).not.toContain('MASQUE_PS');
  });

  it('outlives a deletion by its depositor', async () => {
    const { space, dentist } = await story();
    const at = 'DocumentReference/hospital-twice';
    const {
      id: _id,
      meta: _meta,
      ...sent
    } = await body(hospital, `DocumentReference/${await space.deposit(MASKED, hospital)}`);
    const anew = {
      ...sent,
      ...numbered(),
      id: 'hospital-twice',
      securityLabel: [{ coding: [MASQUE] }],
    };
    expect((await hospital.put(at, anew)).status).toBe(201);
    expect((await MASKING['$meta-add']!(space.me, at)).status).toBe(200);
    await hospital.delete(at);
    expect((await hospital.put(at, bare(anew as Resource))).text).not.toContain('MASQUE_PS');
    expect(await space.sees(dentist, 'hospital-twice')).toBe(false);
  });

  it('is not its depositor’s to take off who speaks for the patient', async () => {
    const { space, dentist } = await story();
    const related = [`RelatedPerson/${await space.links('legal-protection')}`];
    const parent = space.caller('patient', { reference: `Patient/parent-${space.id}`, related });
    const id = await space.deposit({ ...MASKED, type: ofPatients('DOCPAT01') }, parent);
    const at = `DocumentReference/${id}`;
    await MASKING['$meta-add']!(space.me, at);
    expect((await UNMASKING.PUT!(parent, at)).text).not.toContain('MASQUE_PS');
    expect((await space.me.get(at)).text).toContain('MASQUE_PS');
    expect(await space.sees(dentist, id)).toBe(false);
  });
});

describe('nobody else takes a mask off', () => {
  it.each(Object.keys(UNMASKING))('the hospital by %s', async (how) => {
    const { space, at, id, dentist } = await story(SEEN);
    await MASKING.PUT!(space.me, at);
    await UNMASKING[how]!(hospital, at);
    expect(await space.sees(dentist, id)).toBe(false);
    expect((await space.me.get(at)).text).toContain('MASQUE_PS');
  });

  it('nor by making it anew under the same id', async () => {
    const { space, dentist } = await story();
    await space.says(permits(GP));
    const resource = {
      resourceType: 'DocumentReference',
      id: `hospital-${space.id}`,
      status: 'current',
      subject: { reference: `Patient/${space.id}` },
      content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }],
      ...SEEN,
    };
    const at = `DocumentReference/${resource.id}`;
    expect((await hospital.put(at, resource)).status).toBe(201);
    await MASKING.PUT!(space.me, at);
    for (const _ of [1, 2]) {
      expect((await hospital.delete(at)).status).toBe(204);
      const anew = await hospital.put(at, resource);
      expect(anew.status).toBe(201);
      expect(anew.text).not.toContain('MASQUE');
      expect((await space.me.get(at)).text).toContain('MASQUE_PS');
      expect(await space.sees(dentist, resource.id)).toBe(false);
      expect(await space.sees(carnet.as('gp'), resource.id)).toBe(false);
    }
    expect((await UNMASKING.PUT!(space.me, at)).status).toBe(200);
    expect(await space.sees(dentist, resource.id)).toBe(true);
  });

  it('an aidant, who may put one on and leaves it there', async () => {
    const { space, at, id, dentist } = await story(SEEN);
    const related = [`RelatedPerson/${await space.links('caregiver')}`];
    await space.says(permits(related[0]!));
    const aidant = space.caller('patient', { reference: 'Patient/aidant', related });
    expect((await MASKING['$meta-add']!(aidant, at)).status).toBe(200);
    for (const way of Object.values(UNMASKING)) await way(aidant, at);
    expect(await space.sees(dentist, id)).toBe(false);
    expect((await UNMASKING.PUT!(space.me, at)).status).toBe(200);
    expect(await space.sees(dentist, id)).toBe(true);
  });

  it('a doctor who is given it, a stranger, an app', async () => {
    const { space, at, id, dentist } = await story(SEEN);
    await MASKING.PUT!(space.me, at);
    await space.says({ type: 'permit', actor: names(GP) }, POLICY.administrator);
    const doctors: [Client, number][] = [
      [carnet.as('gp'), 403],
      [dentist, 404],
      [carnet.as('lab'), 404],
      [space.caller('app', { scope: 'patient/*.cruds' }), 404],
      [carnet.as('grandmother'), 404],
    ];
    for (const [client, status] of doctors) {
      expect((await client.post(`${at}/$meta-delete`, parameters(MASQUE))).status).toBe(status);
      expect((await jsonPatch(client, at, { op: 'remove', path: '/securityLabel' })).status).toBe(status);
    }
    expect(await space.sees(dentist, id)).toBe(false);
  });
});

describe('masked is masked in the past too', () => {
  it('no earlier version is given, until it is unmasked', async () => {
    const { space, at, dentist } = await story(SEEN);
    const first = await body(hospital, at);
    const second = await hospital.put(at, { ...first, description: 'second' });
    const versions = [first.meta!.versionId, second.json.meta.versionId];
    const given = async () =>
      Promise.all(versions.map(async (vid) => (await dentist.get(`${at}/_history/${vid}`)).status));
    expect(await given()).toEqual([200, 200]);
    await MASKING.PUT!(space.me, at);
    expect(await given()).toEqual([404, 404]);
    expect((await dentist.get(`${at}/_history`)).status).toBe(404);
    expect((await dentist.get(`DocumentReference/_history?_count=1000`)).text).not.toContain(at);
    await UNMASKING.PUT!(space.me, at);
    expect(await given()).toEqual([200, 200]);
    // the version that was masked stays so
    expect((await dentist.get(`${at}/_history`)).json.total).toBe(3);
    const { json } = await space.me.get(`${at}/_history`);
    expect(json.total).toBe(4);
    const masked = `${at}/_history/${json.entry[1].resource.meta.versionId}`;
    expect([(await space.me.get(masked)).status, (await dentist.get(masked)).status]).toEqual([200, 404]);
  });
});

describe('new documents', () => {
  it('are masked from the start when the patient chose so, and the depositor sees nothing of it', async () => {
    const { space, dentist } = await story();
    const consent = await space.says(undefined, POLICY.maskNew);
    const id = await space.deposit(SEEN, hospital);
    const stated = await space.deposit({ ...SEEN, securityLabel: [{ coding: [MASQUE] }] }, hospital);
    expect([await space.sees(dentist, id), await space.sees(dentist, stated)]).toEqual([false, false]);
    expect((await hospital.get(`DocumentReference/${id}`)).text).not.toContain('MASQUE');
    const found = await hospital.get(`DocumentReference?patient=${space.id}&security-label=MASQUE_PS`);
    expect(found.json.entry.map(({ resource }: { resource: Resource }) => resource.id)).toEqual([stated]);
    const own = await body(hospital, `DocumentReference/${stated}`);
    expect(JSON.stringify(own)).toContain('MASQUE_PS');
    // what the patient chose outlives the hospital's own
    const { status } = await hospital.put(`DocumentReference/${stated}`, {
      ...own,
      securityLabel: [{ coding: [N] }],
    });
    expect(status).toBe(200);
    expect(await space.sees(dentist, stated)).toBe(false);
    const mine = await space.deposit({ ...SEEN, type: ofPatients('DOCPAT01') }, space.me);
    expect(await space.sees(dentist, mine)).toBe(true);
    await space.withdraws(consent);
    expect(await space.sees(dentist, await space.deposit(SEEN, hospital))).toBe(true);
  });
});

describe('labels', () => {
  it.each([
    ['MASQUE_P5', 422],
    ['masque_ps', 422],
    ['', 422],
    ['MASQUE_PS', 201],
    ['N', 201],
  ])('the code %s of TRE_A07 is answered by %i', async (code, wanted) => {
    const space = await Space.of(carnet);
    const coding = code === '' ? { system: MASQUE.system } : { ...MASQUE, code };
    const { json } = await hospital.post('DocumentReference', {
      resourceType: 'DocumentReference',
      status: 'current',
      subject: { reference: `Patient/${space.id}` },
      content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }],
    });
    for (const more of [{ securityLabel: [{ coding: [coding] }] }, { meta: { security: [coding] } }]) {
      const { id: _, meta: _m, ...fresh } = json;
      expect((await hospital.post('DocumentReference', { ...fresh, ...more })).status).toBe(wanted);
      const put = await hospital.put(`DocumentReference/${json.id}`, { ...json, ...more });
      expect(put.status).toBe(wanted === 201 ? 200 : 422);
    }
  });

  const OF_OTHERS = { system: 'https://labels.example', code: 'SECRET' };
  it.each([
    ['of a system that nothing is known of', OF_OTHERS, 422],
    ['of none', { code: 'SECRET' }, 422],
    ['of R4’s own', { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'PSY' }, 201],
    ['of another system, whose code hides', { ...OF_OTHERS, code: 'INVISIBLE_PATIENT' }, 201],
  ])('a label %s would hide nothing, or is taken', async (_, coding, wanted) => {
    const space = await Space.of(carnet);
    const made = {
      resourceType: 'DocumentReference',
      status: 'current',
      subject: { reference: `Patient/${space.id}` },
      content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }],
    };
    const securityLabel = [{ coding: [N, coding] }];
    const answer = await hospital.post('DocumentReference', { ...made, securityLabel });
    expect(answer.status).toBe(wanted);
    if (wanted === 422)
      expect(answer.json.issue[0].diagnostics ?? answer.text).toContain('would hide nothing');
    const { json: plain } = await hospital.post('DocumentReference', made);
    const at = `DocumentReference/${plain.id}`;
    const put = await hospital.put(at, { ...plain, securityLabel });
    const patched = await hospital.patch(at, [{ op: 'add', path: '/securityLabel', value: securityLabel }]);
    expect([put.status, patched.status]).toEqual(wanted === 422 ? [422, 422] : [200, 200]);
  });

  it('that another put where any may stand is no more known to who isn’t shown it', async () => {
    const space = await Space.of(carnet);
    const at = `DocumentReference/${await space.deposit({}, hospital)}`;
    const mine = await body(space.me, at);
    expect((await space.me.put(at, { ...mine, meta: { security: [OF_OTHERS] } })).status).toBe(200);
    const own = await body(hospital, at);
    const sent = { ...own, securityLabel: [{ coding: [OF_OTHERS] }] };
    expect((await hospital.put(at, sent)).status).toBe(422);
    const seen = await body(space.me, at);
    expect((await space.me.put(at, { ...seen, securityLabel: [{ coding: [OF_OTHERS] }] })).status).toBe(200);
    expect((await hospital.put(at, own)).status).toBe(200);
  });

  it('that hide from the patient are neither the family’s to put nor theirs to take off', async () => {
    const space = await Space.of(carnet, { birthDate: '2016-01-01' });
    const related = [`RelatedPerson/${await space.links('legal-representative')}`];
    const parent = space.caller('patient', { reference: 'Patient/parent', related });
    const at = `DocumentReference/${await space.deposit()}`;
    const [patients, parents] = [label('INVISIBLE_PATIENT'), label('INVISIBLE_REPRESENTANTS_LEGAUX')];
    const add = async (client: Client, coding: object) =>
      (await client.post(`${at}/$meta-add`, parameters(coding))).status;
    expect([await add(parent, patients), await add(parent, parents), await add(space.me, patients)]).toEqual([
      403, 403, 403,
    ]);
    expect((await parent.get(at)).status).toBe(200);
    expect(await add(space.me, parents)).toBe(200);
    expect((await parent.get(at)).status).toBe(404);
    expect((await hospital.get(at)).text).not.toContain('INVISIBLE');
    expect((await space.me.post(`${at}/$meta-delete`, parameters(parents))).status).toBe(200);
    expect((await parent.get(at)).status).toBe(200);
    // the announcement over, it is seen with its label, and keeps it
    expect(await add(hospital, patients)).toBe(200);
    expect((await space.me.get(at)).status).toBe(404);
  });
});
