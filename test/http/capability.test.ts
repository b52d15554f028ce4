import { capabilityStatement } from '../../src/http/capability.ts';
import { ROUTES } from '../../src/http/routes.ts';
import type { Json } from '../../src/fhir/resource.ts';

const parameters: Record<string, { name: string; type: string; definition?: string; target?: string[] }[]> = {
  Patient: [
    { name: 'family', type: 'string', definition: 'http://hl7.org/fhir/SearchParameter/individual-family' },
  ],
  Observation: [
    { name: 'subject', type: 'reference', target: ['Patient', 'Device'] },
    { name: 'date', type: 'date' },
  ],
  Basic: [],
};

const statement = (routes = ROUTES as readonly (typeof ROUTES)[number][]) =>
  capabilityStatement({
    routes,
    types: ['Patient', 'Observation', 'Basic'],
    searchParameters: (type) => parameters[type]!,
    commonParameters: [{ name: '_id', type: 'token' }],
    base: 'http://carnet.test/fhir',
    version: '1.2.3',
    date: '2026-01-01',
  });

const rest = (routes?: readonly (typeof ROUTES)[number][]) => (statement(routes).rest as Json[])[0]!;
const resource = (type: string) => (rest().resource as Json[]).find((each) => each.type === type)!;

describe('the CapabilityStatement', () => {
  it('says what each type is served with', () => {
    expect(resource('Patient')).toEqual({
      type: 'Patient',
      profile: 'http://hl7.org/fhir/StructureDefinition/Patient',
      interaction: [
        { code: 'read' },
        { code: 'vread' },
        { code: 'update' },
        { code: 'patch' },
        { code: 'delete' },
        { code: 'create' },
        { code: 'search-type' },
        { code: 'history-instance' },
        { code: 'history-type' },
      ],
      versioning: 'versioned-update',
      readHistory: true,
      updateCreate: true,
      conditionalCreate: true,
      conditionalRead: 'full-support',
      conditionalUpdate: true,
      conditionalDelete: 'single',
      referencePolicy: ['literal', 'logical'],
      searchRevInclude: ['Observation:subject'],
      searchParam: [
        {
          name: 'family',
          definition: 'http://hl7.org/fhir/SearchParameter/individual-family',
          type: 'string',
        },
      ],
      operation: [
        { name: 'validate', definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate' },
        { name: 'meta', definition: 'http://hl7.org/fhir/OperationDefinition/Resource-meta' },
        { name: 'meta-add', definition: 'http://hl7.org/fhir/OperationDefinition/Resource-meta-add' },
        { name: 'meta-delete', definition: 'http://hl7.org/fhir/OperationDefinition/Resource-meta-delete' },
      ],
    });
    expect(resource('Observation').searchInclude).toEqual(['Observation:subject']);
  });

  it('has no empty list, which FHIR does not allow', () => {
    expect(resource('Basic')).not.toHaveProperty('searchParam');
    expect(JSON.stringify(statement())).not.toContain('[]');
  });

  it('says what the system is served with', () => {
    expect(rest().interaction).toEqual(
      ['search-system', 'history-system', 'transaction', 'batch'].map((code) => ({ code })),
    );
    expect(rest().compartment).toEqual(['http://hl7.org/fhir/CompartmentDefinition/patient']);
  });

  it('follows the routes', () => {
    const routes = ROUTES.filter(
      ({ interaction }) => interaction !== 'delete' && interaction !== 'conditional-delete',
    );
    const [patient] = (rest(routes).resource as Json[]).filter(({ type }) => type === 'Patient');
    expect(patient!.interaction).not.toContainEqual({ code: 'delete' });
    expect(patient!.conditionalDelete).toBe('not-supported');
  });
});
