import {
  codeSystem,
  invariant,
  isResourceType,
  patientCompartment,
  RESOURCE_TYPES,
  typeRule,
  valueSet,
} from '../../src/fhir/definitions/index.ts';

const V3 = 'http://terminology.hl7.org/CodeSystem/v3-';

describe('definitions', () => {
  it('know the resource types', () => {
    expect(RESOURCE_TYPES).toContain('DocumentReference');
    expect(isResourceType('Patient')).toBe(true);
    expect(['Element', 'Resource', '__proto__', 'constructor', ''].some(isResourceType)).toBe(false);
  });

  it('know the Patient compartment', () => {
    expect(patientCompartment.Appointment).toEqual(['actor']);
    expect(patientCompartment.DocumentReference).toEqual(['subject', 'author']);
    expect(patientCompartment.Practitioner).toBeUndefined();
    expect(patientCompartment.constructor).toBeUndefined();
    expect(Object.keys(patientCompartment).every(isResourceType)).toBe(true);
  });

  it('list value sets that can be listed, and no others', () => {
    expect([...valueSet('http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1')!]).toEqual([
      ['http://hl7.org/fhir/administrative-gender', new Set(['male', 'female', 'other', 'unknown'])],
    ]);
    for (const open of [
      'mimetypes',
      'languages',
      'all-languages',
      'ucum-units',
      'ucum-common',
      'currencies',
    ]) {
      expect(valueSet(`http://hl7.org/fhir/ValueSet/${open}`)).toBeUndefined();
    }
    expect(valueSet('toString')).toBeUndefined();
  });

  it('know which codes stand above which', () => {
    expect(codeSystem(`${V3}Confidentiality`)!.get('R')).toEqual(['_Confidentiality']);
    expect(codeSystem(`${V3}ActReason`)!.get('HRESCH')).toBeDefined();
    expect(codeSystem(`${V3}ActCode`)!.size).toBeGreaterThan(1000);
    expect(codeSystem('http://loinc.org')).toBeUndefined();
  });

  it('know targets, bindings and invariants of elements', () => {
    expect(typeRule('Patient')!.elements.managingOrganization).toEqual({
      type: 'Reference',
      targets: ['Organization'],
    });
    expect(typeRule('Observation.component')!.elements.valueQuantity).toEqual({ type: 'Quantity' });
    expect(typeRule('Patient.contact')!.invariants).toEqual(['pat-1@Patient.contact']);
    expect(invariant('app-2@Appointment')).toMatchObject({
      key: 'app-2',
      path: 'Appointment',
      expression: 'start.exists() = end.exists()',
    });
  });
});
