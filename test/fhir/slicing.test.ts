/** Each way to tell slices apart, by profiles made for it. */
import { profilesOf } from '../../src/fhir/conformance/profiles.ts';
import type {
  Discriminator,
  ElementDefinition,
  StructureDefinition,
} from '../../src/fhir/conformance/structure.ts';
import type { Json } from '../../src/fhir/resource.ts';
import { validate } from '../../src/fhir/validate/index.ts';

const URL = 'http://p.example/';
function profile(
  id: string,
  type: string,
  elements: [id: string, rules: Json][],
  base = type,
): StructureDefinition {
  return {
    resourceType: 'StructureDefinition',
    id,
    url: URL + id,
    version: '1',
    name: id,
    type,
    baseDefinition: base === type ? `http://hl7.org/fhir/StructureDefinition/${type}` : URL + base,
    differential: {
      element: elements.map(
        ([path, rules]) =>
          ({
            id: `${type}.${path}`,
            path: `${type}.${path.replace(/:[^.]+/g, '')}`,
            ...rules,
          }) as ElementDefinition,
      ),
    },
  };
}
const by = (type: Discriminator['type'], path: string, rules = 'open') => ({
  slicing: { discriminator: [{ type, path }], rules },
});

function told(resource: Json, ...definitions: StructureDefinition[]): string[] {
  const options = { profiles: profilesOf(definitions), canonicals: [definitions[0]!.url] };
  return validate(resource, options).map(
    ({ severity, code, expression, rule }) => `${severity} ${code} ${expression} ${rule?.element}`,
  );
}
const patient = (more: Json) => ({ resourceType: 'Patient', ...more });
const observation = (more: Json) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...more,
});

it('by value: a bound and a fixed one', () => {
  const phones = profile('phones', 'Patient', [
    ['telecom', by('value', 'system')],
    ['telecom:phone', { min: 1, max: '1' }],
    ['telecom:phone.system', { fixedCode: 'phone' }],
    ['telecom:phone.use', { min: 1 }],
  ]);
  expect(told(patient({ telecom: [{ system: 'phone', use: 'home' }, { system: 'email' }] }), phones)).toEqual(
    [],
  );
  expect(told(patient({}), phones)).toEqual(['error required Patient.telecom Patient.telecom:phone']);
  expect(told(patient({ telecom: [{ system: 'email' }, { system: 'phone', value: '1' }] }), phones)).toEqual([
    'error required Patient.telecom[1].use Patient.telecom:phone.use',
  ]);
});

it('by pattern, of the item itself; what fits none is refused where they are closed', () => {
  const coded = (rules: string) =>
    profile('coded', 'Observation', [
      ['category', by('pattern', '$this', rules)],
      ['category:vital', { min: 1, patternCodeableConcept: { coding: [{ system: 'urn:s', code: 'v' }] } }],
    ]);
  const category = [
    {
      coding: [
        { system: 'urn:o', code: 'w' },
        { system: 'urn:s', code: 'v', display: 'V' },
      ],
    },
    { text: 'more' },
  ];
  expect(told(observation({ category }), coded('open'))).toEqual([]);
  expect(told(observation({ category }), coded('closed'))).toEqual([
    'error structure Observation.category[1] Observation.category',
  ]);
  expect(told(observation({ category: category.slice(1) }), coded('open'))).toEqual([
    'error required Observation.category Observation.category:vital',
  ]);
});

it('by type, of a choice', () => {
  const typed = profile('typed', 'Observation', [
    ['value[x]', by('type', '$this')],
    ['value[x]:valueQuantity', { type: [{ code: 'Quantity' }] }],
    ['value[x]:valueQuantity.unit', { min: 1 }],
  ]);
  expect(told(observation({ valueString: 'a' }), typed)).toEqual([]);
  expect(told(observation({ valueQuantity: { value: 1, unit: 'g' } }), typed)).toEqual([]);
  expect(told(observation({ valueQuantity: { value: 1 } }), typed)).toEqual([
    'error required Observation.value.unit Observation.value[x]:valueQuantity.unit',
  ]);
});

it('by exists', () => {
  const dated = profile('dated', 'Patient', [
    ['name', by('exists', 'period')],
    ['name:old', { max: '1' }],
    ['name:old.period', { min: 1 }],
    ['name:current', { min: 1 }],
    ['name:current.period', { max: '0' }],
    ['name:current.family', { min: 1 }],
  ]);
  const old = { family: 'A', period: { end: '2000' } };
  expect(told(patient({ name: [old, { family: 'B' }] }), dated)).toEqual([]);
  expect(told(patient({ name: [old, { text: 'B' }] }), dated)).toEqual([
    'error required Patient.name[1].family Patient.name:current.family',
  ]);
  expect(told(patient({ name: [old, old] }), dated)).toEqual([
    'error structure Patient.name Patient.name:old',
    'error required Patient.name Patient.name:current',
  ]);
});

it('by profile: what it holds to', () => {
  const born = profile('born', 'Patient', [['birthDate', { min: 1 }]]);
  const group = profile('group', 'Bundle', [
    ['entry', by('profile', 'resource')],
    ['entry:born', { min: 1 }],
    ['entry:born.resource', { min: 1, type: [{ code: 'Patient', profile: [`${URL}born`] }] }],
  ]);
  const bundle = (resource: Json) => ({
    resourceType: 'Bundle',
    type: 'collection',
    entry: [{ fullUrl: 'urn:uuid:11111111-1111-4111-8111-111111111111', resource }],
  });
  expect(told(bundle(patient({ birthDate: '2000' })), group, born)).toEqual([]);
  expect(told(bundle(patient({})), group, born)).toEqual(['error required Bundle.entry Bundle.entry:born']);
});

describe('beside slices', () => {
  it('a profile adds to the one that it is based on', () => {
    const base = profile('base', 'Patient', [
      ['gender', { min: 1 }],
      ['name', { min: 1 }],
    ]);
    const derived = profile(
      'derived',
      'Patient',
      [
        ['name', { max: '1' }],
        ['name.family', { min: 1 }],
      ],
      'base',
    );
    expect(told(patient({ name: [{ text: 'a' }] }), derived, base)).toEqual([
      'error required Patient.gender Patient.gender',
      'error required Patient.name[0].family Patient.name.family',
    ]);
    expect(
      told(patient({ gender: 'other', name: [{ family: 'a' }, { family: 'b' }] }), derived, base),
    ).toEqual(['error structure Patient.name Patient.name']);
  });

  it('bindings: required is an error, extensible a warning', () => {
    const bound = (strength: string) =>
      profile('bound', 'Patient', [
        ['maritalStatus', { binding: { strength, valueSet: 'http://hl7.org/fhir/ValueSet/marital-status' } }],
      ]);
    const other = patient({ maritalStatus: { coding: [{ system: 'urn:x', code: 'y' }] } });
    expect(told(other, bound('required'))).toEqual([
      'error code-invalid Patient.maritalStatus Patient.maritalStatus',
    ]);
    expect(told(other, bound('extensible'))).toEqual([
      'warning code-invalid Patient.maritalStatus Patient.maritalStatus',
    ]);
    expect(told(other, bound('preferred'))).toEqual([]);
  });

  it('invariants: of the resource, of an element and of a primitive; one that can not be told does not hold', () => {
    const obeys = (expression: string, severity = 'error') => ({
      constraint: [{ key: 'k', severity, human: 'h', expression }],
    });
    const ruled = profile('ruled', 'Patient', [
      ['name', obeys('family.exists() or text.exists()')],
      ['birthDate', obeys("toString().startsWith('2')")],
      ['telecom', obeys('%resource.active', 'warning')],
      ['gender', obeys('nonsense(')],
    ]);
    expect(
      told(
        patient({
          active: true,
          name: [{ family: 'a' }],
          birthDate: '2001',
          telecom: [{ system: 'phone', value: '1' }],
        }),
        ruled,
      ),
    ).toEqual([]);
    expect(
      told(
        patient({
          name: [{ given: ['a'] }],
          birthDate: '1999',
          telecom: [{ system: 'phone', value: '1' }],
          gender: 'other',
        }),
        ruled,
      ),
    ).toEqual([
      'error invariant Patient.name[0] Patient.name',
      'error invariant Patient.birthDate Patient.birthDate',
      'warning invariant Patient.telecom[0] Patient.telecom',
      'error invariant Patient.gender Patient.gender',
    ]);
  });

  it('a primitive with an extension only is there, without a value', () => {
    const named = profile('named', 'Patient', [
      ['birthDate', { min: 1, fixedDate: '2000-01-01' }],
      ['birthDate.extension', { min: 1 }],
    ]);
    const extension = [{ url: 'http://e.example', valueBoolean: true }];
    expect(told(patient({ _birthDate: { extension } }), named)).toEqual([
      'error value Patient.birthDate Patient.birthDate',
    ]);
    expect(told(patient({ birthDate: '2000-01-01', _birthDate: { extension } }), named)).toEqual([]);
    expect(told(patient({ birthDate: '2000-01-01' }), named)).toEqual([
      'error required Patient.birthDate.extension Patient.birthDate.extension',
    ]);
  });

  it('profiles that lead to each other end', () => {
    const loop = profile('loop', 'Bundle', [
      ['entry.resource', { type: [{ code: 'Bundle', profile: [`${URL}loop`] }] }],
    ]);
    const nest = (depth: number): Json => ({
      resourceType: 'Bundle',
      type: 'collection',
      ...(depth === 0
        ? {}
        : {
            entry: [{ fullUrl: 'urn:uuid:11111111-1111-4111-8111-111111111111', resource: nest(depth - 1) }],
          }),
    });
    expect(told(nest(10), loop)).toEqual([]);
  });
});
