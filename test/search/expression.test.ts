import { readFileSync } from 'node:fs';
import { definitionsOf, type Definition } from '../../src/search/definitions.ts';
import { compile, referencedType } from '../../src/search/expression.ts';
import { parametersOf } from '../../src/search/parameter.ts';

const table = JSON.parse(
  readFileSync(new URL('../../definitions/search-parameters.json', import.meta.url), 'utf8'),
) as Record<string, Record<string, Definition>>;

describe('expressions of search parameters', () => {
  it('compiles every parameter of every type, without exceptions', () => {
    const types = Object.keys(table).filter((type) => type !== 'Resource');
    let count = 0;
    for (const type of types) count += parametersOf(type).size;
    expect(types.length).toBe(147);
    expect(count).toBeGreaterThan(2500);
  });

  it('refuses what is no path of the type', () => {
    for (const expression of [
      'Patient.nothing',
      'Patient.name.nothing',
      'Patient.name as Quantity',
      'Patient.name.first()',
      'Patient.',
      "Patient.name.where(use='x'",
      'Patient.name + 1',
      'Observation.code',
    ]) {
      expect(() => compile(expression, 'Patient')).toThrow();
    }
  });

  const observation = {
    resourceType: 'Observation',
    valueQuantity: { value: 1 },
    component: [{ valueString: 'a' }, { valueQuantity: { value: 2 } }, null],
    extension: [
      { url: 'http://e.example/x', valueCode: 'yes' },
      { url: 'http://e.example/y', valueCode: 'no' },
    ],
    subject: { reference: 'Patient/1' },
  };
  it.each([
    ['(Observation.value as Quantity)', [['Quantity', { value: 1 }]]],
    ['Observation.value.as(Quantity)', [['Quantity', { value: 1 }]]],
    ['Observation.value.ofType(Quantity).value', [['decimal', 1]]],
    ['Observation.component.value.ofType(string)', [['string', 'a']]],
    [
      'Observation.value.as(Quantity) | Observation.component.value.as(Quantity)',
      [
        ['Quantity', { value: 1 }],
        ['Quantity', { value: 2 }],
      ],
    ],
    ['Observation.component[1].value.as(Quantity).value', [['decimal', 2]]],
    ['Observation.component[9].value.as(Quantity)', []],
    ["Observation.extension('http://e.example/x').value.as(code)", [['code', 'yes']]],
    ["Observation.extension.where(url='http://e.example/y').value.as(code)", [['code', 'no']]],
    ['Observation.subject.where(resolve() is Patient).reference', [['string', 'Patient/1']]],
    ['Observation.subject.where(resolve() is Group)', []],
    ['%resource.subject.reference', [['string', 'Patient/1']]],
  ])('evaluates %s', (expression, expected) => {
    const found = compile(expression, 'Observation').select(observation, observation);
    expect(found.map(({ type, value }) => [type, value])).toEqual(expected);
  });

  it.each([
    [{}, false],
    [{ deceasedBoolean: false }, false],
    [{ deceasedBoolean: true }, true],
    [{ deceasedDateTime: '2020' }, true],
    [{ deceasedDateTime: null }, false],
  ])('tells of %j whether the patient is deceased', (patient, expected) => {
    const { select } = compile(definitionsOf('Patient').get('deceased')?.expression ?? '', 'Patient');
    expect(select(patient, patient)).toMatchObject([{ type: 'boolean', value: expected }]);
  });

  it.each([
    [{ reference: 'Patient/1' }, 'Patient'],
    [{ reference: 'http://a.example/fhir/Patient/1/_history/2' }, 'Patient'],
    [{ reference: 'urn:uuid:x', type: 'Group' }, 'Group'],
    [{ identifier: { value: '1' }, type: 'Group' }, 'Group'],
    ['Patient/1', 'Patient'],
    [{ reference: '#p' }, undefined],
    [{ reference: 7 }, undefined],
    [{}, undefined],
  ])('names the type of the reference %j', (value, expected) => {
    expect(referencedType(value)).toBe(expected);
  });
});
