import { elements, summary } from '../../src/search/summarize.ts';

const tag = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };
const patient = {
  resourceType: 'Patient',
  id: '1',
  meta: { versionId: '2', tag: [{ code: 'kept' }] },
  text: { status: 'generated', div: '<div/>' },
  contained: [{ resourceType: 'Organization', id: 'o' }],
  name: [{ family: 'A', _family: { id: 'x' } }],
  birthDate: '2000',
  _birthDate: { extension: [{ url: 'http://e.example' }] },
  deceasedBoolean: false,
  maritalStatus: { text: 'm' },
  link: [{ other: { reference: 'Patient/2' }, type: 'seealso' }],
  unknown: 1,
};
const observation = {
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 's', code: 'c', display: 'd', userSelected: true }], text: 't' },
  valueQuantity: { value: 1 },
  component: [{ code: { text: 'x' }, valueQuantity: { value: 2 }, interpretation: [{ text: 'high' }] }],
  note: [{ text: 'n' }],
};

describe('summaries', () => {
  it('keep what the definitions mark, at every depth', () => {
    const { text, contained, maritalStatus, unknown, ...kept } = patient;
    expect([text, contained, maritalStatus, unknown]).toBeDefined();
    expect(summary(patient, 'true')).toEqual({
      ...kept,
      meta: { versionId: '2', tag: [{ code: 'kept' }, tag] },
    });
    const { interpretation, ...component } = observation.component[0]!;
    expect(interpretation).toBeDefined();
    expect(summary(observation, 'true')).toEqual({
      resourceType: 'Observation',
      meta: { tag: [tag] },
      status: 'final',
      code: observation.code,
      valueQuantity: { value: 1 },
      component: [component],
    });
  });
  it('keep what is contained as far as what is kept refers to it, one by another', () => {
    const role = { resourceType: 'PractitionerRole', id: 'r', practitioner: { reference: '#p' } };
    const practitioner = { resourceType: 'Practitioner', id: 'p', name: [{ family: 'A' }] };
    const specimen = { resourceType: 'Specimen', id: 's' };
    const patient = { resourceType: 'Patient', id: 'nobody' };
    const contained = [{ ...role, availabilityExceptions: 'x' }, practitioner, specimen, patient];
    const whole = {
      ...observation,
      contained,
      performer: [{ reference: '#r' }],
      specimen: { reference: '#s' },
    };
    expect(summary(whole, 'true').contained).toEqual([role, practitioner]);
    expect(summary(whole, 'text')).not.toHaveProperty('contained');
    expect(elements(whole, ['specimen']).contained).toEqual([specimen]);
    expect(elements(whole, ['note'])).not.toHaveProperty('contained');
    expect(elements(whole, ['contained']).contained).toEqual(contained);
  });
  it('of text keep the narrative and what is mandatory', () => {
    expect(Object.keys(summary(patient, 'text')).sort()).toEqual(['id', 'meta', 'resourceType', 'text']);
    expect(Object.keys(summary(observation, 'text')).sort()).toEqual([
      'code',
      'meta',
      'resourceType',
      'status',
    ]);
  });
  it('of data keep all but the narrative', () => {
    expect(summary(patient, 'data')).not.toHaveProperty('text');
    expect(summary(patient, 'data')).toHaveProperty('maritalStatus');
  });
  it('of none keep all, unmarked', () => {
    expect(summary(patient, 'false')).toBe(patient);
  });
});

describe('elements', () => {
  it.each([
    [['birthDate'], ['_birthDate', 'birthDate', 'deceasedBoolean', 'id', 'link', 'meta', 'resourceType']],
    [['deceased'], ['deceasedBoolean', 'id', 'link', 'meta', 'resourceType']],
    [
      ['__proto__', 'constructor'],
      ['deceasedBoolean', 'id', 'link', 'meta', 'resourceType'],
    ],
  ])('%j keep the modifiers too', (names, expected) => {
    expect(Object.keys(elements(patient, names)).sort()).toEqual(expected);
  });
  it('keep what is mandatory, and mark the resource once', () => {
    const once = elements(observation, ['value']);
    expect(Object.keys(once).sort()).toEqual(['code', 'meta', 'resourceType', 'status', 'valueQuantity']);
    expect(elements(once, ['value']).meta).toEqual({ tag: [tag] });
  });
  it('leave the resource as it was', () => {
    const before = JSON.stringify(patient);
    elements(patient, ['name']);
    summary(patient, 'true');
    expect(JSON.stringify(patient)).toBe(before);
  });
});
