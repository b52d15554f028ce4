/** What this server defines, and the codes that it knows, asked over HTTP by who may see no patient at all. */
import { readConformance } from '../../src/fhir/conformance/files.ts';
import type { Json } from '../../src/fhir/resource.ts';
import { codesOf, expansionOf } from '../../src/fhir/terminology/expansion.ts';
import { validate } from '../../src/fhir/validate/index.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';

const OWN = 'https://carnet.example/fhir/';
const NOS = 'https://mos.esante.gouv.fr/NOS/';
const CLASSES = `${NOS}TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument`;
const TYPES = `${NOS}TRE_A05-TypeDocComplementaireCISIS/FHIR/TRE-A05-TypeDocComplementaireCISIS`;
const SECTORS = `${NOS}TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite`;
const JDV_J07 = `${NOS}JDV_J07-XdsTypeCode-CISIS/FHIR/JDV-J07-XdsTypeCode-CISIS`;
const GENDER = 'http://hl7.org/fhir/administrative-gender';

let carnet: TestServer;
let app: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  app = carnet.as('app');
});
afterAll(() => carnet?.close());

const ask = async (path: string, headers = {}) => (await app.get(encodeURI(path), headers)).json as Json;
const valueOf = (parameters: Json, name: string): unknown => {
  const part = (parameters.parameter as Json[] | undefined)?.find((each) => each.name === name);
  return Object.entries(part ?? {}).find(([key]) => key.startsWith('value'))?.[1];
};
const codesIn = (set: Json): string[] =>
  (((set.expansion as Json).contains ?? []) as Json[]).map(({ code }) => String(code));

describe.each(['ValueSet', 'CodeSystem', 'ConceptMap'] as const)('each %s', (type) => {
  it.each(readConformance(type).map((each) => [each.id, each] as const))('%s is valid', (_, each) => {
    expect(validate(each)).toEqual([]);
  });
});

it.each(readConformance('ValueSet').map((each) => [each.id, each] as const))(
  'the value set %s is listed, and each of its French codes has a name',
  (_, { url, compose }) => {
    expect(codesOf(url)?.size).toBe((compose as { include: unknown[] }).include.length);
    const nameless = expansionOf(url)!.filter(({ display }) => display === undefined);
    expect(nameless.filter(({ system }) => system.startsWith(NOS))).toEqual([]);
  },
);

it.each([
  ['JDV_J02-XdsHealthcareFacilityTypeCode-CISIS', 69],
  ['JDV_J03-XdsContentTypeCode-CISIS', 100],
  ['JDV_J04-XdsPracticeSettingCode-CISIS', 12],
  ['JDV_J10-XdsFormatCode-CISIS', 68],
  ['JDV_J59-ContentTypeCode-DMP', 100],
  ['JDV_J60-FormatCode-DMP', 62],
  ['JDV_J61-HealthcareFacilityTypeCode-DMP', 68],
  ['JDV_J62-PracticeSettingCode-DMP', 11],
])('%s has as many codes as the agency gives it', (name, count) => {
  expect(expansionOf(`${NOS}${name}/FHIR/${name.replaceAll('_', '-')}`)).toHaveLength(count);
});

describe('definitions', () => {
  it('are read by id', async () => {
    const reply = await app.get('StructureDefinition/pdsm-folder');
    expect([reply.status, reply.json.url]).toEqual([200, `${OWN}StructureDefinition/pdsm-folder`]);
    expect((await app.get('StructureDefinition/none')).status).toBe(404);
  });

  it.each([
    ['ValueSet?url=' + JDV_J07, ['document-types']],
    [`ValueSet?url=${OWN}ValueSet/document-types`, ['document-types']],
    ['ValueSet?name=documentclasses', ['document-classes', 'document-classes-dmp']],
    ['CodeSystem?_id=health-professions,mhd-list-types', ['health-professions', 'mhd-list-types']],
    ['ConceptMap?name=none', []],
    [
      'StructureDefinition?url=https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Minimal.Folder',
      ['mhd-minimal-folder'],
    ],
    ['SearchParameter?name=IsArchived', ['isArchived']],
    ['OperationDefinition?name=none', []],
  ])('are found: %s', async (path, ids) => {
    const found = await ask(path);
    expect([
      found.total,
      ((found.entry ?? []) as { resource: Json }[]).map(({ resource }) => resource.id),
    ]).toEqual([ids.length, ids]);
    expect(validate(found, { entries: false })).toEqual([]);
  });

  it('come page by page', async () => {
    const [first] = [await ask('StructureDefinition?_count=10')];
    expect((first!.entry as Json[]).length).toBe(10);
    const next = (first!.link as { relation: string; url: string }[]).find(
      ({ relation }) => relation === 'next',
    )!;
    expect(((await app.get(next.url)).json.entry as Json[]).length).toBe(10);
  });

  it('are not written, and nobody without a token reads them', async () => {
    const all = carnet.as('all');
    const set = { resourceType: 'ValueSet', status: 'active' };
    expect((await all.post('ValueSet', set)).status).toBe(405);
    expect((await all.put('ValueSet/document-types', { ...set, id: 'document-types' })).status).toBe(405);
    expect((await all.delete('ValueSet/document-types')).status).toBe(405);
    expect((await fetch(`${carnet.base}/ValueSet/document-types`)).status).toBe(401);
    expect((await app.get('ValueSet?jurisdiction=FR')).status).toBe(400);
  });

  it('are named in the CapabilityStatement, with their operations', async () => {
    const [rest] = (await ask('metadata')).rest as { resource: Json[] }[];
    const served = rest!.resource.find(({ type }) => type === 'ValueSet')!;
    expect(served.interaction).toEqual([{ code: 'read' }, { code: 'search-type' }]);
    expect((served.operation as Json[]).map(({ name }) => name)).toEqual(['expand', 'validate-code']);
  });
});

describe('$expand', () => {
  it('lists a value set by the address that it stands for, in French', async () => {
    const set = await ask(`ValueSet/$expand?url=${JDV_J07}&filter=vaccination`);
    expect(validate(set)).toEqual([]);
    expect(set).toMatchObject({ url: `${OWN}ValueSet/document-types`, expansion: { total: 3 } });
    expect((set.expansion as { contains: Json[] }).contains[0]).toEqual({
      system: 'http://loinc.org',
      code: '11369-6',
      display: 'Historique des vaccinations',
    });
  });

  it('lists what the DMP allows by its own addresses', async () => {
    const formats = `${NOS}JDV_J60-FormatCode-DMP/FHIR/JDV-J60-FormatCode-DMP`;
    const set = await ask(`ValueSet/$expand?url=${formats}&filter=pdf`);
    expect((set.expansion as { contains: Json[] }).contains).toEqual([
      {
        system: `${NOS}TRE_A11-IheFormatCode/FHIR/TRE-A11-IheFormatCode`,
        code: 'urn:ihe:iti:xds-sd:pdf:2008',
        display: 'Document à corps non structuré en Pdf/A-1',
      },
    ]);
  });

  it('finds without accents, by page, in the language asked for', async () => {
    expect(
      codesIn(await ask(`ValueSet/$expand?url=${OWN}ValueSet/health-professions&filter=medecin`)),
    ).toEqual(['10']);
    const second = await ask('ValueSet/document-classes/$expand?count=2&offset=2');
    expect([codesIn(second), (second.expansion as Json).total]).toEqual([['31', '42'], 12]);
    const english = await ask('ValueSet/document-places/$expand?displayLanguage=en-GB&filter=laboratory');
    expect((english.expansion as { contains: Json[] }).contains[0]!.display).toBe('Laboratory');
    const accepted = await ask('ValueSet/document-places/$expand?filter=BIOLOGIE', {
      'accept-language': 'en',
    });
    expect((accepted.expansion as { contains: Json[] }).contains[0]!.display).toBe('Laboratory');
    expect((await ask('ValueSet/document-classes/$expand?filter=nothing')).expansion).not.toHaveProperty(
      'contains',
    );
  });

  it('lists R4’s own', async () => {
    const set = await ask('ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender');
    expect((set.expansion as { contains: Json[] }).contains).toEqual(
      ['male', 'female', 'other', 'unknown'].map((code) => ({
        system: GENDER,
        code,
        display: code[0]!.toUpperCase() + code.slice(1),
      })),
    );
  });

  it('says what it can not', async () => {
    expect((await app.get('ValueSet/$expand?url=http://none.example')).status).toBe(404);
    expect((await app.get('ValueSet/$expand')).status).toBe(400);
    expect((await app.get('ValueSet/document-classes/$expand?date=2020')).status).toBe(400);
    expect((await app.get('ValueSet/document-classes/$expand?count=x')).status).toBe(400);
  });
});

describe('$validate-code', () => {
  const said = async (path: string) => {
    const found = await ask(path);
    return [valueOf(found, 'result'), valueOf(found, 'display')];
  };
  it.each([
    [
      `ValueSet/$validate-code?url=${JDV_J07}&system=http://loinc.org&code=11502-2`,
      true,
      "CR d'examens biologiques",
    ],
    [`ValueSet/document-types/$validate-code?system=${TYPES}&code=11502-2`, false, undefined],
    [
      `ValueSet/document-types/$validate-code?system=${TYPES}&code=EXPPAT_3&display=directives anticipées`,
      true,
      'Directives anticipées',
    ],
    [
      `ValueSet/document-types/$validate-code?system=${TYPES}&code=EXPPAT_3&display=Autre`,
      false,
      'Directives anticipées',
    ],
    [
      `ValueSet/$validate-code?url=${NOS}JDV_J02-XdsHealthcareFacilityTypeCode-CISIS/FHIR/JDV-J02-XdsHealthcareFacilityTypeCode-CISIS&system=${SECTORS}&code=SA11`,
      false,
      undefined,
    ],
    [
      `ValueSet/document-facilities-dmp/$validate-code?system=${SECTORS}&code=SA40&display=Secteur privé, praticien hospitalier temps plein`,
      true,
      'Secteur privé, praticien hospitalier',
    ],
    [`CodeSystem/$validate-code?url=${CLASSES}&code=10`, true, 'Compte rendu'],
    [`CodeSystem/$validate-code?url=${CLASSES}&code=12`, false, undefined],
    [`CodeSystem/$validate-code?url=${GENDER}&code=male`, true, 'Male'],
  ])('%s: %s', async (path, result, display) => {
    expect(await said(path)).toEqual([result, display]);
  });

  it('takes Coding and CodeableConcept', async () => {
    const concept = {
      coding: [
        { system: 'urn:x', code: 'y' },
        { system: CLASSES, code: '31' },
      ],
    };
    for (const part of [
      { name: 'codeableConcept', valueCodeableConcept: concept },
      { name: 'coding', valueCoding: concept.coding[1] },
    ]) {
      const parameter = [{ name: 'url', valueUri: `${OWN}ValueSet/document-classes` }, part];
      const reply = await app.post('ValueSet/$validate-code', { resourceType: 'Parameters', parameter });
      expect(valueOf(reply.json, 'result')).toBe(true);
    }
  });

  it('wants a system with a code, and a system that is known', async () => {
    expect((await app.get('ValueSet/document-types/$validate-code?code=11502-2')).status).toBe(400);
    expect((await app.get('CodeSystem/$validate-code?url=http://none.example&code=x')).status).toBe(404);
  });
});

it('$lookup names a code in its languages', async () => {
  const found = await ask('CodeSystem/$lookup?system=http://loinc.org&code=11488-4');
  expect(validate(found)).toEqual([]);
  expect(valueOf(found, 'display')).toBe('CR ou fiche de consultation ou de visite');
  expect(
    valueOf(
      await ask('CodeSystem/$lookup?system=http://loinc.org&code=11488-4&displayLanguage=en'),
      'display',
    ),
  ).toBe('Consult Note');
  expect((await app.get('CodeSystem/$lookup?system=http://loinc.org&code=none')).status).toBe(404);
  // CDA and XDS name systems by OID
  const byOid = await ask('CodeSystem/$lookup?system=urn:oid:1.2.250.1.213.1.1.4.12&code=EXPPAT_3');
  expect(valueOf(byOid, 'display')).toBe('Directives anticipées');
  expect((await app.get('CodeSystem/$lookup?system=urn:oid:1.2.3&code=EXPPAT_3')).status).toBe(404);
  expect(valueOf(await ask(`CodeSystem/$lookup?system=${SECTORS}&code=SA07`), 'display')).toBe(
    'Cabinet individuel',
  );
});

describe('$translate', () => {
  it('gives the class of a type of document', async () => {
    const found = await ask(
      'ConceptMap/document-type-to-class/$translate?system=http://loinc.org&code=11488-4',
    );
    expect(validate(found)).toEqual([]);
    expect(found.parameter).toEqual([
      { name: 'result', valueBoolean: true },
      {
        name: 'match',
        part: [
          { name: 'equivalence', valueCode: 'wider' },
          { name: 'concept', valueCoding: { system: CLASSES, code: '10', display: 'Compte rendu' } },
          { name: 'source', valueUri: `${OWN}ConceptMap/document-type-to-class` },
        ],
      },
    ]);
  });

  it('says where the patient finds a document', async () => {
    const found = await ask(
      'ConceptMap/document-type-to-place/$translate?system=http://loinc.org&code=11502-2',
    );
    const [, match] = found.parameter as { part?: { name: string; valueCoding?: object }[] }[];
    expect(match!.part!.find(({ name }) => name === 'concept')!.valueCoding).toEqual({
      system: `${OWN}CodeSystem/document-places`,
      code: 'BIOLOGIE',
      display: 'Biologie',
    });
  });

  it('by the address that the map stands for, and without a map by all', async () => {
    const map = `${NOS}ASS_X16-CorrespondanceType-Classe-DMP/FHIR/ASS-X16-CorrespondanceType-Classe-DMP`;
    expect(valueOf(await ask(`ConceptMap/$translate?url=${map}&system=${TYPES}&code=REMB`), 'result')).toBe(
      true,
    );
    expect(
      valueOf(await ask(`ConceptMap/$translate?system=urn:ihe:iti:2007:AssociationType&code=RPLC`), 'result'),
    ).toBe(true);
    expect(
      valueOf(await ask(`ConceptMap/$translate?url=${map}&system=${TYPES}&code=PIECE-IDENTITE`), 'result'),
    ).toBe(false);
    expect(
      valueOf(
        await ask(`ConceptMap/$translate?system=${TYPES}&code=REMB&target=${OWN}ValueSet/health-professions`),
        'result',
      ),
    ).toBe(false);
    expect((await app.get('ConceptMap/$translate?url=http://none.example&system=a&code=b')).status).toBe(404);
    expect((await app.get(`ConceptMap/$translate?system=${TYPES}&code=REMB&reverse=true`)).status).toBe(400);
  });
});

it('searches know the value sets and the flat systems', async () => {
  const all = carnet.as('all');
  const type = { coding: [{ system: 'http://loinc.org', code: '11488-4' }] };
  const category = [{ coding: [{ system: CLASSES, code: '10' }] }];
  const content = [{ attachment: { contentType: 'text/plain', url: 'Binary/b' } }];
  await all.put('Patient/p', { resourceType: 'Patient', id: 'p' });
  const document = {
    resourceType: 'DocumentReference',
    status: 'current',
    subject: { reference: 'Patient/p' },
    type,
    category,
    content,
  };
  expect((await all.post('DocumentReference', document)).status).toBe(201);
  const total = async (query: string) =>
    (await all.get(encodeURI(`DocumentReference?patient=p&${query}`))).json.total;
  expect(await total(`type:in=${JDV_J07}`)).toBe(1);
  expect(await total(`type:not-in=${OWN}ValueSet/document-types`)).toBe(0);
  expect(await total(`type:in=${OWN}ValueSet/document-places`)).toBe(0);
  expect(await total(`category:below=${CLASSES}|10`)).toBe(1);
  expect(await total(`category:above=${CLASSES}|11`)).toBe(0);
});
