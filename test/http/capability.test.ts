import { capabilityStatement } from '../../src/http/capability.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { DEFAULT_TYPES } from '../../src/config/variables.ts';
import type { Json } from '../../src/fhir/resource.ts';
import { validate } from '../../src/fhir/validate/index.ts';
import { commonDefinitions, definitionsOf, type Definition } from '../../src/search/definitions.ts';
import { terminology } from '../../src/search/known-terminology.ts';
import { parametersOf } from '../../src/search/parameter.ts';
import { parseSearch, type SearchOptions } from '../../src/search/parse.ts';

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

const own = (name: string): Json => ({
  name,
  definition: `https://carnet.example/fhir/OperationDefinition/${name}`,
});

const statement = (routes = ROUTES as readonly (typeof ROUTES)[number][]) =>
  capabilityStatement({
    routes,
    types: ['Patient', 'Observation', 'Basic'],
    searchParameters: (type) => parameters[type]!,
    commonParameters: [{ name: '_id', type: 'token' }],
    contentTypes: ['application/pdf', 'text/*'],
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
        { name: 'match', definition: 'http://hl7.org/fhir/OperationDefinition/Patient-match' },
        ...[
          'merge',
          'access-status',
          'enforcement-status',
          'explain-access',
          'access-preview',
          'access-history',
          'break-glass',
        ].map(own),
        { name: 'everything', definition: 'http://hl7.org/fhir/OperationDefinition/Patient-everything' },
        { name: 'summary', definition: 'http://hl7.org/fhir/uv/ips/OperationDefinition/summary' },
        ...['export-record', 'notices', 'notices-read', 'notice-preferences', 'notice-preferences-set'].map(
          own,
        ),
      ],
    });
    expect(JSON.stringify(resource('Observation').operation)).not.toContain('carnet.example');
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
    expect(rest().operation).toEqual([
      { name: 'meta', definition: 'http://hl7.org/fhir/OperationDefinition/Resource-meta' },
    ]);
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

describe('the statement of the types that are on by default', () => {
  const factsOf = (definitions: ReadonlyMap<string, Definition>) =>
    [...definitions].map(([name, { type, target }]) => ({ name, type, target }));
  const whole = capabilityStatement({
    routes: ROUTES,
    types: DEFAULT_TYPES,
    searchParameters: (type) => factsOf(definitionsOf(type)),
    commonParameters: factsOf(commonDefinitions()),
    contentTypes: ['application/pdf', 'text/*'],
    base: 'http://carnet.test/fhir',
    version: '1.2.3',
    date: '2026-01-01',
  });
  const [server] = whole.rest as { resource: Json[]; searchParam: Json[] }[];

  it('says what content documents hold, and what of HL7 Europe’s guide is not claimed', () => {
    const of = (type: string) => server!.resource.find((each) => each.type === type)!.documentation;
    expect(of('Binary')).toContain('application/pdf, text/*');
    expect(of('DocumentReference')).toContain('Not claimed: the Document Submission Option');
    expect(JSON.stringify(whole.instantiates)).not.toContain('submission-option');
  });

  const options: SearchOptions = {
    base: 'http://carnet.test/fhir',
    handling: 'strict',
    defaultCount: 50,
    maxCount: 1000,
    now: Date.UTC(2026, 0, 1),
    enabledTypes: new Set(DEFAULT_TYPES),
    terminology,
  };
  const SAMPLE: Record<string, string> = {
    date: '2020',
    number: '1',
    quantity: '1',
    uri: 'urn:a',
    reference: 'http://far.example/Far/1',
    special: '48.8|2.3',
  };
  const ASKED: Record<string, [string, string]> = {
    _has: ['_has:Provenance:target:recorded', '2020'],
    _type: ['_type', 'Patient'],
  };

  it('is a good CapabilityStatement', () => {
    expect(validate(whole)).toEqual([]);
  });

  it('lists no parameter that a search refuses', () => {
    let parsed = 0;
    for (const { type, searchParam = [] } of server!.resource) {
      for (const { name } of searchParam as { name: string }[]) {
        const parameter = parametersOf(type as string).get(name)!;
        const parts = parameter.components.length === 0 ? [parameter] : parameter.components;
        const value = parts.map((part) => SAMPLE[part.type] ?? 'a').join('$');
        expect(parseSearch([type as string], [[name, value]], options).understood).toEqual([[name, value]]);
        parsed += 1;
      }
    }
    expect(parsed).toBeGreaterThan(500);
  });

  it('lists no common parameter that a search refuses', () => {
    const names = server!.searchParam.map(({ name }) => name as string);
    expect(names).toEqual(
      expect.arrayContaining(['_id', '_tag', '_text', '_content', '_list', '_has', '_type']),
    );
    for (const { name, type } of server!.searchParam as { name: string; type: string }[]) {
      const asked = ASKED[name] ?? ([name, SAMPLE[type] ?? 'a'] as [string, string]);
      expect(parseSearch(['Patient'], [asked], options).understood).toEqual([asked]);
    }
  });

  it('lists includes that are parsed, those by a canonical address too', () => {
    for (const { type, searchInclude = [], searchRevInclude = [] } of server!.resource) {
      const asked = [
        ...(searchInclude as string[]).map((value) => ['_include', value] as const),
        ...(searchRevInclude as string[]).map((value) => ['_revinclude', value] as const),
      ];
      for (const one of asked) {
        expect(parseSearch([type as string], [one], options).understood).toEqual([one]);
      }
    }
    const response = server!.resource.find(({ type }) => type === 'QuestionnaireResponse')!;
    const questionnaire = server!.resource.find(({ type }) => type === 'Questionnaire')!;
    expect(response.searchInclude).toContain('QuestionnaireResponse:subject');
    expect(response.searchInclude).toContain('QuestionnaireResponse:questionnaire');
    expect(questionnaire.searchRevInclude).toContain('QuestionnaireResponse:questionnaire');
  });

  it('says that an AuditEvent is made and read, not changed', () => {
    const audit = server!.resource.find(({ type }) => type === 'AuditEvent')!;
    expect((audit.interaction as Json[]).map(({ code }) => code)).toEqual([
      'read',
      'vread',
      'create',
      'search-type',
      'history-instance',
      'history-type',
    ]);
    expect((audit.operation as Json[]).map(({ name }) => name)).toEqual(['validate', 'meta']);
    expect(audit).toMatchObject({
      updateCreate: false,
      conditionalCreate: true,
      conditionalUpdate: false,
      conditionalDelete: 'not-supported',
    });
  });
});
