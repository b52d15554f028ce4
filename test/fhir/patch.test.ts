import { FhirError } from '../../src/fhir/outcome.ts';
import { parseJson, stringifyJson } from '../../src/fhir/json.ts';
import { applyPatch, fhirPathPatch, jsonPatch } from '../../src/fhir/patch/index.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { processorTime } from '../support/processor.ts';

const patient = (): Resource => ({
  resourceType: 'Patient',
  id: 'p1',
  meta: { versionId: '3', lastUpdated: '2026-01-01T00:00:00Z', tag: [{ code: 'x' }] },
  active: true,
  name: [
    { use: 'official', family: 'Martin', given: ['Anne', 'Marie'] },
    { use: 'usual', family: 'Petit' },
  ],
  birthDate: '1980-01-01',
  telecom: [{ system: 'phone', value: '1' }],
});

/** What a patch is refused with. */
function refusal(run: () => unknown): { status: number; code: string; text: string } {
  try {
    run();
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return { status: error.status, code: error.issues[0]!.code, text: error.issues[0]!.text };
  }
  throw new Error('was not refused');
}

describe('JSON Patch', () => {
  const accepted: [string, Json[], (patched: Resource) => unknown, unknown][] = [
    ['adds an element', [{ op: 'add', path: '/gender', value: 'female' }], (p) => p.gender, 'female'],
    [
      'adds null-safe false',
      [{ op: 'add', path: '/deceasedBoolean', value: false }],
      (p) => p.deceasedBoolean,
      false,
    ],
    [
      'replaces what is there when it adds',
      [{ op: 'add', path: '/active', value: false }],
      (p) => p.active,
      false,
    ],
    [
      'inserts into a list',
      [{ op: 'add', path: '/name/0/given/1', value: 'Zoé' }],
      (p) => (p.name as Json[])[0]!.given,
      ['Anne', 'Zoé', 'Marie'],
    ],
    [
      'appends to a list with `-`',
      [{ op: 'add', path: '/name/0/given/-', value: 'Zoé' }],
      (p) => (p.name as Json[])[0]!.given,
      ['Anne', 'Marie', 'Zoé'],
    ],
    ['removes an element', [{ op: 'remove', path: '/birthDate' }], (p) => 'birthDate' in p, false],
    ['removes an item', [{ op: 'remove', path: '/name/0' }], (p) => (p.name as Json[]).length, 1],
    [
      'replaces an element',
      [{ op: 'replace', path: '/name/1/family', value: 'Grand' }],
      (p) => (p.name as Json[])[1]!.family,
      'Grand',
    ],
    [
      'moves an item within its list',
      [{ op: 'move', from: '/name/0', path: '/name/1' }],
      (p) => (p.name as Json[]).map((name) => name.use),
      ['usual', 'official'],
    ],
    ['moves onto itself', [{ op: 'move', from: '/active', path: '/active' }], (p) => p.active, true],
    [
      'copies so that the copy is its own',
      [
        { op: 'copy', from: '/name/0', path: '/name/-' },
        { op: 'replace', path: '/name/2/family', value: 'Autre' },
      ],
      (p) => (p.name as Json[]).map((name) => name.family),
      ['Martin', 'Petit', 'Autre'],
    ],
    [
      'goes on after a test that holds',
      [
        { op: 'test', path: '/name/0/given', value: ['Anne', 'Marie'] },
        { op: 'remove', path: '/active' },
      ],
      (p) => 'active' in p,
      false,
    ],
    [
      'unescapes `~1` and `~0`',
      [
        { op: 'add', path: '/a~1b~0c', value: 1 },
        { op: 'test', path: '/a~1b~0c', value: 1 },
      ],
      (p) => p['a/b~c'],
      1,
    ],
    [
      'keeps version and time when meta goes',
      [{ op: 'remove', path: '/meta' }],
      (p) => p.meta,
      { versionId: '3', lastUpdated: '2026-01-01T00:00:00Z' },
    ],
    [
      'keeps the version when it is replaced',
      [{ op: 'replace', path: '/meta/versionId', value: '9' }],
      (p) => p.meta!.versionId,
      '3',
    ],
  ];
  it.each(accepted)('%s', (_sentence, operations, look, wanted) => {
    const original = patient();
    expect(look(jsonPatch(original, operations))).toEqual(wanted);
    expect(original).toEqual(patient());
  });

  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  const doubling = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/name', path: '/name/-' }));
  const refused: [string, unknown, number, string][] = [
    ['a patch that is no list', { op: 'add' }, 400, 'structure'],
    ['an operation that is no object', [1], 400, 'invalid'],
    ['an unknown op', [{ op: 'toString', path: '/active' }], 400, 'invalid'],
    ['a missing path', [{ op: 'remove' }], 400, 'required'],
    ['a path that is no string', [{ op: 'remove', path: { $gt: '' } }], 400, 'required'],
    ['a pointer without a slash', [{ op: 'remove', path: 'active' }], 400, 'invalid'],
    ['a pointer with a bad escape', [{ op: 'remove', path: '/a~2' }], 400, 'invalid'],
    ['an overlong pointer', [{ op: 'remove', path: `/${'a'.repeat(2000)}` }], 400, 'invalid'],
    ['a missing value', [{ op: 'add', path: '/gender' }], 400, 'required'],
    ['a missing from', [{ op: 'move', path: '/gender' }], 400, 'required'],
    ['a change of the whole', [{ op: 'replace', path: '', value: {} }], 400, 'invalid'],
    ['__proto__', [{ op: 'add', path: '/__proto__/polluted', value: 1 }], 400, 'invalid'],
    ['constructor', [{ op: 'add', path: '/constructor/prototype/polluted', value: 1 }], 400, 'invalid'],
    [
      'a path through an inherited method',
      [{ op: 'add', path: '/name/map/polluted', value: 1 }],
      422,
      'processing',
    ],
    ['a path through toString', [{ op: 'add', path: '/toString/polluted', value: 1 }], 422, 'processing'],
    ['a copy of an inherited method', [{ op: 'copy', from: '/name/push', path: '/x' }], 422, 'processing'],
    ['a failed test', [{ op: 'test', path: '/active', value: false }], 422, 'processing'],
    ['the removal of what is not there', [{ op: 'remove', path: '/gender' }], 422, 'processing'],
    [
      'the replacement of what is not there',
      [{ op: 'replace', path: '/gender', value: 'x' }],
      422,
      'processing',
    ],
    ['an index past the end', [{ op: 'add', path: '/name/3', value: {} }], 422, 'processing'],
    ['an index with a leading zero', [{ op: 'add', path: '/name/00', value: {} }], 422, 'processing'],
    ['a move into itself', [{ op: 'move', from: '/name', path: '/name/0' }], 422, 'processing'],
    ['another id', [{ op: 'replace', path: '/id', value: 'other' }], 422, 'business-rule'],
    ['another type', [{ op: 'replace', path: '/resourceType', value: 'Person' }], 422, 'business-rule'],
    ['meta that is no object', [{ op: 'replace', path: '/meta', value: 'x' }], 422, 'structure'],
    ['a result nested too deep', [{ op: 'add', path: '/x', value: nested(110) }], 422, 'processing'],
    [
      'more than 1,000 operations',
      Array(1001).fill({ op: 'test', path: '/active', value: true }),
      413,
      'too-long',
    ],
    ['copies that double the resource each time', doubling, 422, 'too-costly'],
  ];
  it.each(refused)('refuses %s', (_sentence, operations, status, code) => {
    expect(refusal(() => jsonPatch(patient(), operations))).toMatchObject({ status, code });
    expect(({} as Json).polluted).toBeUndefined();
    expect(([].map as unknown as Json).polluted).toBeUndefined();
  });

  it('writes decimals as they were sent, in the resource and in the patch', () => {
    const resource = parseJson(
      Buffer.from('{"resourceType":"Observation","id":"o","valueQuantity":{"value":1.00}}'),
    ) as Resource;
    const operations = parseJson(
      Buffer.from('[{"op":"add","path":"/component","value":[{"valueQuantity":{"value":2.50}}]}]'),
      { array: true },
    );
    expect(stringifyJson(jsonPatch(resource, operations))).toBe(
      '{"resourceType":"Observation","id":"o","valueQuantity":{"value":1.00},"component":[{"valueQuantity":{"value":2.50}}]}',
    );
  });

  it('moves a large part a thousand times without copying it', () => {
    const large = {
      ...patient(),
      contained: Array.from({ length: 50_000 }, (_, i) => ({ resourceType: 'Basic', id: `b${i}` })),
    };
    const moves = Array.from({ length: 1000 }, (_, i) =>
      i % 2 === 0
        ? { op: 'move', from: '/contained', path: '/other' }
        : { op: 'move', from: '/other', path: '/contained' },
    );
    const start = processorTime();
    expect((jsonPatch(large, moves).contained as Json[]).length).toBe(50_000);
    expect(processorTime() - start).toBeLessThan(2_000);
  });
});

const operation = (type: string, path: string, rest: Json[] = []): Json => ({
  name: 'operation',
  part: [{ name: 'type', valueCode: type }, { name: 'path', valueString: path }, ...rest],
});
const parameters = (...parameter: Json[]): Resource => ({ resourceType: 'Parameters', parameter });
const named = (valueString: string): Json => ({ name: 'name', valueString });
const at = (name: string, valueInteger: number): Json => ({ name, valueInteger });

describe('FHIRPath Patch', () => {
  const accepted: [string, Json[], (patched: Resource) => unknown, unknown][] = [
    [
      'adds a primitive',
      [operation('add', 'Patient', [named('gender'), { name: 'value', valueCode: 'female' }])],
      (p) => p.gender,
      'female',
    ],
    [
      'appends to a repeating element',
      [operation('add', 'Patient', [named('name'), { name: 'value', valueHumanName: { family: 'Neuf' } }])],
      (p) => (p.name as Json[]).length,
      3,
    ],
    [
      'makes a repeating element that is not there a list',
      [operation('add', 'Patient', [named('address'), { name: 'value', valueAddress: { city: 'Lyon' } }])],
      (p) => p.address,
      [{ city: 'Lyon' }],
    ],
    [
      'adds a choice under its type',
      [operation('add', 'Patient', [named('deceased'), { name: 'value', valueDateTime: '2026-01-01' }])],
      (p) => p.deceasedDateTime,
      '2026-01-01',
    ],
    [
      'adds an element spelled out in parts, lists where R4 repeats',
      [
        operation('add', 'Patient', [
          named('contact'),
          {
            name: 'value',
            part: [
              { name: 'relationship', valueCodeableConcept: { text: 'mère' } },
              { name: 'name', valueHumanName: { family: 'Mère' } },
              { name: 'gender', valueCode: 'female' },
            ],
          },
        ]),
      ],
      (p) => p.contact,
      [{ relationship: [{ text: 'mère' }], name: { family: 'Mère' }, gender: 'female' }],
    ],
    [
      'adds to an element found by index',
      [operation('add', 'Patient.name[1]', [named('given'), { name: 'value', valueString: 'Zoé' }])],
      (p) => (p.name as Json[])[1]!.given,
      ['Zoé'],
    ],
    [
      'adds a contained resource',
      [
        operation('add', 'Patient', [
          named('contained'),
          { name: 'value', resource: { resourceType: 'Organization', id: 'o' } },
        ]),
      ],
      (p) => p.contained,
      [{ resourceType: 'Organization', id: 'o' }],
    ],
    [
      'adds an extension to a primitive',
      [
        operation('add', 'Patient.birthDate', [
          named('extension'),
          { name: 'value', valueExtension: { url: 'u', valueString: 'v' } },
        ]),
      ],
      (p) => p._birthDate,
      { extension: [{ url: 'u', valueString: 'v' }] },
    ],
    [
      'adds an extension to an item of a primitive list',
      [
        operation('add', 'Patient.name[0].given[1]', [
          named('extension'),
          { name: 'value', valueExtension: { url: 'u', valueString: 'v' } },
        ]),
      ],
      (p) => (p.name as Json[])[0]!._given,
      [null, { extension: [{ url: 'u', valueString: 'v' }] }],
    ],
    [
      'inserts at an index',
      [operation('insert', 'Patient.name[0].given', [at('index', 1), { name: 'value', valueString: 'Zoé' }])],
      (p) => (p.name as Json[])[0]!.given,
      ['Anne', 'Zoé', 'Marie'],
    ],
    [
      'inserts into a list that is not there yet',
      [
        operation('insert', 'Patient.address', [
          at('index', 0),
          { name: 'value', valueAddress: { city: 'Lyon' } },
        ]),
      ],
      (p) => p.address,
      [{ city: 'Lyon' }],
    ],
    ['deletes an element', [operation('delete', 'Patient.birthDate')], (p) => 'birthDate' in p, false],
    [
      'deletes the last item with its list',
      [operation('delete', 'Patient.telecom[0]')],
      (p) => 'telecom' in p,
      false,
    ],
    ['deletes nothing when nothing is there', [operation('delete', 'Patient.gender')], (p) => p, patient()],
    [
      'deletes what where() finds',
      [operation('delete', "Patient.name.where(use = 'usual')")],
      (p) => (p.name as Json[]).map((name) => name.use),
      ['official'],
    ],
    [
      'replaces what nested criteria find',
      [
        operation('replace', "Patient.name.where(given.exists() and family.startsWith('Mar')).family", [
          { name: 'value', valueString: 'X' },
        ]),
      ],
      (p) => (p.name as Json[])[0]!.family,
      'X',
    ],
    [
      'replaces a primitive item',
      [operation('replace', 'Patient.name.first().given.last()', [{ name: 'value', valueString: 'X' }])],
      (p) => (p.name as Json[])[0]!.given,
      ['Anne', 'X'],
    ],
    [
      'moves an item',
      [operation('move', 'Patient.name', [at('source', 1), at('destination', 0)])],
      (p) => (p.name as Json[]).map((name) => name.use),
      ['usual', 'official'],
    ],
    [
      'carries out operations in their order',
      [
        operation('add', 'Patient', [named('gender'), { name: 'value', valueCode: 'male' }]),
        operation('replace', 'Patient.gender', [{ name: 'value', valueCode: 'other' }]),
      ],
      (p) => p.gender,
      'other',
    ],
  ];
  it.each(accepted)('%s', (_sentence, operations, look, wanted) => {
    const original = patient();
    expect(look(fhirPathPatch(original, parameters(...operations)))).toEqual(wanted);
    expect(original).toEqual(patient());
  });

  it('replaces a choice by another type', () => {
    const observation = { resourceType: 'Observation', id: 'o', valueQuantity: { value: 1 } };
    const patch = (type: string) =>
      parameters(operation('replace', `Observation.value${type}`, [{ name: 'value', valueString: 'none' }]));
    const wanted = { resourceType: 'Observation', id: 'o', valueString: 'none' };
    expect(fhirPathPatch(observation, patch(''))).toEqual(wanted);
    expect(fhirPathPatch(observation, patch('.ofType(Quantity)'))).toEqual(wanted);
    expect(refusal(() => fhirPathPatch(observation, patch('.ofType(string)'))).status).toBe(422);
  });

  it('finds extensions by their address and goes into what is contained', () => {
    const resource = {
      ...patient(),
      extension: [
        { url: 'a', valueString: '1' },
        { url: 'b', valueString: '2' },
      ],
      contained: [{ resourceType: 'Organization', id: 'o', name: 'N' }],
    };
    const patched = fhirPathPatch(
      resource,
      parameters(
        operation('replace', "Patient.extension('b').value", [{ name: 'value', valueCode: '3' }]),
        operation('replace', "Patient.contained.where(id = 'o').name", [{ name: 'value', valueString: 'M' }]),
      ),
    );
    expect(patched.extension).toEqual([
      { url: 'a', valueString: '1' },
      { url: 'b', valueCode: '3' },
    ]);
    expect(patched.contained).toEqual([{ resourceType: 'Organization', id: 'o', name: 'M' }]);
  });

  it('keeps items and their extensions side by side', () => {
    const resource = {
      resourceType: 'Patient',
      id: 'p',
      name: [{ given: ['a', 'b'], _given: [null, { id: 'B' }] }],
    };
    const patched = fhirPathPatch(
      resource,
      parameters(
        operation('insert', 'Patient.name[0].given', [at('index', 0), { name: 'value', valueString: 'z' }]),
        operation('move', 'Patient.name[0].given', [at('source', 2), at('destination', 0)]),
      ),
    );
    expect(patched.name).toEqual([{ given: ['b', 'z', 'a'], _given: [{ id: 'B' }, null, null] }]);
  });

  const value: Json = { name: 'value', valueString: 'x' };
  const refused: [string, Json[], number, string][] = [
    ['a parameter of another name', [{ name: 'x', part: [] }], 400, 'structure'],
    ['an unknown type', [operation('upsert', 'Patient')], 400, 'value'],
    [
      'a missing path',
      [{ name: 'operation', part: [{ name: 'type', valueCode: 'delete' }] }],
      400,
      'required',
    ],
    [
      'a path that is no string',
      [
        {
          name: 'operation',
          part: [
            { name: 'type', valueCode: 'delete' },
            { name: 'path', valueString: { $gt: '' } },
          ],
        },
      ],
      400,
      'value',
    ],
    ['a missing value', [operation('replace', 'Patient.birthDate')], 400, 'required'],
    [
      'a value without content',
      [operation('replace', 'Patient.birthDate', [{ name: 'value' }])],
      400,
      'value',
    ],
    [
      'a value of two types',
      [operation('replace', 'Patient.birthDate', [{ name: 'value', valueDate: '1', valueString: '2' }])],
      400,
      'value',
    ],
    ['a negative index', [operation('insert', 'Patient.name', [at('index', -1), value])], 400, 'value'],
    [
      'an index past the end',
      [operation('insert', 'Patient.name', [at('index', 9), value])],
      422,
      'processing',
    ],
    [
      'a move from past the end',
      [operation('move', 'Patient.name', [at('source', 2), at('destination', 0)])],
      422,
      'processing',
    ],
    [
      'an insert into what is no list',
      [operation('insert', 'Patient.gender', [at('index', 0), value])],
      422,
      'processing',
    ],
    ['an element that R4 has not', [operation('add', 'Patient', [named('shoe'), value])], 422, 'processing'],
    ['__proto__ as a name', [operation('add', 'Patient', [named('__proto__'), value])], 422, 'processing'],
    [
      'constructor in a path',
      [operation('replace', 'Patient.constructor.prototype', [value])],
      422,
      'processing',
    ],
    [
      'constructor as a choice',
      [operation('add', 'Patient', [named('deceased'), { name: 'value', valueConstructor: 1 }])],
      422,
      'processing',
    ],
    ['a path to several elements', [operation('delete', 'Patient.name')], 422, 'processing'],
    ['a path to nothing', [operation('replace', 'Patient.gender', [value])], 422, 'processing'],
    [
      'an add of what is there',
      [operation('add', 'Patient', [named('birthDate'), value])],
      422,
      'processing',
    ],
    ['the path of another type', [operation('delete', 'Observation.value')], 422, 'processing'],
    ['a deletion of the whole', [operation('delete', 'Patient')], 422, 'business-rule'],
    ['another id', [operation('replace', 'Patient.id', [value])], 422, 'business-rule'],
    ['resolve()', [operation('delete', 'Patient.generalPractitioner.resolve().name')], 400, 'invalid'],
    ['repeat()', [operation('delete', 'Patient.repeat(contact)')], 400, 'invalid'],
    [
      'descendants() in criteria',
      [operation('delete', 'Patient.name.where(descendants().exists())')],
      400,
      'invalid',
    ],
    [
      'matches() in criteria',
      [operation('delete', "Patient.name.where(family.matches('(a+)+$'))")],
      400,
      'invalid',
    ],
    [
      'a function behind a backtick',
      [operation('delete', 'Patient.name.where(`repeat`(given))')],
      400,
      'invalid',
    ],
    [
      'a union in criteria',
      [operation('delete', 'Patient.name.where((given | given).exists())')],
      400,
      'invalid',
    ],
    ['a variable in criteria', [operation('delete', 'Patient.name.where(%resource.active)')], 400, 'invalid'],
    [
      'criteria that are no FHIRPath',
      [operation('delete', "Patient.name.where(use = = 'x')")],
      400,
      'invalid',
    ],
    [
      'criteria nested too deep',
      [operation('delete', `Patient.name.where(${'('.repeat(20)}true${')'.repeat(20)})`)],
      400,
      'too-costly',
    ],
    ['an open parenthesis', [operation('delete', "Patient.name.where(use = ')")], 400, 'invalid'],
    ['an overlong path', [operation('delete', `Patient${'.name'.repeat(300)}`)], 400, 'too-long'],
    ['an empty path', [operation('delete', '')], 400, 'invalid'],
    [
      'more than 1,000 operations',
      Array<Json>(1001).fill(operation('delete', 'Patient.gender')),
      413,
      'too-long',
    ],
  ];
  it.each(refused)('refuses %s', (_sentence, operations, status, code) => {
    expect(refusal(() => fhirPathPatch(patient(), parameters(...operations)))).toMatchObject({
      status,
      code,
    });
  });

  it('stays within its time with hostile criteria on a large resource', () => {
    const large = {
      ...patient(),
      name: Array.from({ length: 20_000 }, (_, i) => ({ family: `f${i}`, given: ['a', 'b'] })),
    };
    const criteria = Array(40).fill("family = 'x'").join(' or ');
    const hostile = [
      Array<Json>(1000).fill(operation('delete', `Patient.name.where(${criteria})`)),
      Array<Json>(1000).fill(operation('delete', `Patient.where(name.where(${criteria}).exists()).name`)),
      Array<Json>(1000).fill(operation('delete', 'Patient.name.given[999999]')),
      Array.from({ length: 1000 }, (_, i) =>
        operation('delete', `Patient.telecom.where(${criteria.replaceAll('x', `x${i}`)})`),
      ),
    ];
    for (const operations of hostile) {
      const start = processorTime();
      expect(refusal(() => fhirPathPatch(large, parameters(...operations))).code).toBe('too-costly');
      expect(processorTime() - start).toBeLessThan(2_000);
    }
  });
});

describe('applyPatch', () => {
  it('tells the kinds of patch apart', () => {
    const operations = [{ op: 'remove', path: '/active' }];
    const data = Buffer.from(JSON.stringify(operations)).toString('base64');
    const binary = { resourceType: 'Binary', contentType: 'application/json-patch+json', data };
    for (const document of [operations, binary, parameters(operation('delete', 'Patient.active'))]) {
      expect(applyPatch(patient(), document)).not.toHaveProperty('active');
    }
    expect(refusal(() => applyPatch(patient(), { resourceType: 'Patient' })).status).toBe(400);
    expect(refusal(() => applyPatch(patient(), { ...binary, contentType: 'text/plain' })).status).toBe(415);
  });
});
