/** The native invariants say what their FHIRPath says: on the examples, on what mutation makes of them, on broken cases. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { invariant, invariantNames, typeRule } from '../../src/fhir/definitions/index.ts';
import type { Json } from '../../src/fhir/resource.ts';
import { evaluateByPath, holds, isNative } from '../../src/fhir/validate/invariants.ts';
import { scopeOf } from '../../src/fhir/validate/scope.ts';

interface Context {
  name: string;
  value: Json;
  resource: Json;
}

/** Where FHIRPath is no measure: it would resolve the member; it takes no FHIR boolean for a Boolean. */
const UNLIKE = new Set(['ctm-1@CareTeam.participant', 'que-7@Questionnaire.item.enableWhen']);
const PER_INVARIANT = 60;
const natives = [...invariantNames()].filter((name) => isNative(name) && !UNLIKE.has(name));

function* contexts(resource: Json, value: Json, type: string): Generator<Context> {
  const rule = typeRule(type);
  for (const name of rule?.invariants ?? []) yield { name, value, resource };
  for (const [key, element] of Object.entries(rule?.elements ?? {})) {
    for (const item of [value[key]].flat() as (Json | undefined)[]) {
      if (typeof item !== 'object' || item === null) continue;
      for (const name of element.invariants ?? []) yield { name, value: item, resource };
      if (element.type === 'Resource') yield* contexts(item, item, item.resourceType as string);
      else if (element.type !== undefined) yield* contexts(resource, item, element.type);
    }
  }
}

function agree({ name, value, resource }: Context): void {
  const path = evaluateByPath(name, value, { resource, root: resource });
  if (path !== undefined)
    expect([name, JSON.stringify(value), holds(name, value, scopeOf(resource))]).toEqual([
      name,
      JSON.stringify(value),
      path,
    ]);
}

const quantity = (change: Json = {}) => ({
  value: 1,
  system: 'http://unitsofmeasure.org',
  code: 'a',
  ...change,
});
const mg = (low: number, high: number) => ({
  low: quantity({ value: low, code: 'mg' }),
  high: quantity({ value: high, code: 'mg' }),
});
const concept = { text: 'x' };
const coded = (system: string, code: string) => ({
  coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code }],
});
const extension = [{ url: 'http://x', valueCode: 'y' }];
const entry = (change: Json) => ({ resource: { resourceType: 'Patient' }, ...change });

/** At least one good and one broken case of each that the examples don't break. */
const CASES: Record<string, Json[]> = {
  'ext-1@Extension': [
    { url: 'x' },
    { url: 'x', extension, valueString: 'a' },
    { url: 'x', _valueString: { extension } },
    { url: 'x', extension },
  ],
  'dom-2': [
    {
      resourceType: 'Patient',
      contained: [{ resourceType: 'List', id: 'a', contained: [{ resourceType: 'List', id: 'b' }] }],
    },
  ],
  'dom-3': [
    { resourceType: 'Patient', contained: [{ resourceType: 'Organization', id: 'a' }] },
    {
      resourceType: 'Patient',
      contained: [{ resourceType: 'Organization', id: 'a' }],
      managingOrganization: { reference: '#a' },
    },
    {
      resourceType: 'Patient',
      contained: [{ resourceType: 'Organization', id: 'a' }],
      managingOrganization: { display: '#a' },
    },
    {
      resourceType: 'Patient',
      contained: [
        { resourceType: 'Organization', id: 'a', partOf: { reference: '#b' } },
        { resourceType: 'Organization', id: 'b' },
      ],
      managingOrganization: { reference: '#a' },
    },
    {
      resourceType: 'Patient',
      contained: [{ resourceType: 'Provenance', id: 'a', target: [{ reference: '#' }] }],
    },
    {
      resourceType: 'PlanDefinition',
      contained: [{ resourceType: 'ActivityDefinition', id: 'a' }],
      action: [{ definitionCanonical: '#a' }],
    },
    {
      resourceType: 'Patient',
      contained: [
        { resourceType: 'Organization', id: 'a' },
        { resourceType: 'Organization', id: 'b' },
      ],
      managingOrganization: { reference: '#b' },
    },
  ],
  'dom-4': [
    { resourceType: 'Patient', contained: [{ resourceType: 'List', id: 'a', meta: { versionId: '1' } }] },
    {
      resourceType: 'Patient',
      contained: [{ resourceType: 'List', id: 'a', meta: { lastUpdated: '2020-01-01T00:00:00Z' } }],
    },
    {
      resourceType: 'Patient',
      contained: [{ resourceType: 'List', id: 'a', meta: { profile: ['http://x'] } }],
    },
  ],
  'dom-5': [
    {
      resourceType: 'Patient',
      contained: [{ resourceType: 'List', id: 'a', meta: { security: [{ code: 'R' }] } }],
    },
  ],
  'ref-1@Reference': [{ reference: '#a' }, { reference: 'Patient/1' }, { display: '#a' }],
  'age-1@Age': [
    quantity(),
    quantity({ code: undefined }),
    quantity({ system: 'http://x' }),
    quantity({ value: 0 }),
    quantity({ value: -1 }),
  ],
  'att-1@Attachment': [{ data: 'QUJD' }, { data: 'QUJD', contentType: 'a/b' }, { _data: { extension } }],
  'cpt-2@ContactPoint': [
    { value: '1' },
    { value: '1', system: 'phone' },
    { value: '1', _system: { extension } },
  ],
  'dis-1@Distance': [quantity(), quantity({ code: undefined }), quantity({ system: 'http://x' })],
  'drt-1@Duration': [
    quantity(),
    quantity({ value: undefined }),
    quantity({ system: 'http://x' }),
    { value: 1 },
  ],
  'per-1@Period': [
    { start: '2020', end: '2019' },
    { start: '2020', end: '2020' },
    { start: '2020-01-02', end: '2020-01-01' },
    { start: '2020-01-02', end: '2020-01-02' },
    { start: '2020-01-01T10:00:00+02:00', end: '2020-01-01T09:00:00+01:00' },
    { start: '2020-01-01T10:00:00+02:00', end: '2020-01-01T08:59:59+01:00' },
    { start: '2020' },
  ],
  'rat-1@Ratio': [
    { numerator: { value: 1 } },
    { denominator: { value: 1 } },
    { numerator: { value: 1 }, denominator: { value: 1 } },
    { extension },
  ],
  'rng-2@Range': [mg(3, 2), mg(2, 3), mg(2, 2), { high: quantity() }],
  'sqty-1': [quantity({ comparator: '<' }), quantity()],
  'app-1@Appointment.participant': [
    { status: 'accepted' },
    { status: 'accepted', actor: { display: 'x' } },
    { status: 'accepted', type: [concept] },
  ],
  'app-2@Appointment': [
    { start: '2020-01-01T00:00:00Z' },
    { end: '2020-01-01T00:00:00Z' },
    { start: '2020-01-01T00:00:00Z', _end: { extension } },
  ].map((each) => ({ resourceType: 'Appointment', status: 'proposed', ...each })),
  'app-3@Appointment': ['booked', 'proposed', 'waitlist', 'cancelled', 'noshow'].map((status) => ({
    resourceType: 'Appointment',
    status,
  })),
  'app-4@Appointment': ['booked', 'noshow', 'cancelled'].map((status) => ({
    resourceType: 'Appointment',
    status,
    cancelationReason: concept,
  })),
  'ait-1@AllergyIntolerance': [
    {},
    { verificationStatus: coded('allergyintolerance-verification', 'entered-in-error') },
    { verificationStatus: coded('x', 'entered-in-error') },
  ].map((each) => ({ resourceType: 'AllergyIntolerance', ...each })),
  'ait-2@AllergyIntolerance': [
    {
      resourceType: 'AllergyIntolerance',
      clinicalStatus: concept,
      verificationStatus: coded('allergyintolerance-verification', 'entered-in-error'),
    },
  ],
  'con-4@Condition': ['active', 'resolved', 'remission', 'inactive'].map((code) => ({
    resourceType: 'Condition',
    abatementString: 'x',
    clinicalStatus: coded('condition-clinical', code),
  })),
  'con-5@Condition': [
    {
      resourceType: 'Condition',
      clinicalStatus: concept,
      verificationStatus: coded('condition-ver-status', 'entered-in-error'),
    },
  ],
  'imm-1@Immunization.education': [
    { publicationDate: '2020' },
    { documentType: 'x' },
    { reference: 'http://x' },
  ],
  'grp-1@Group': [{ actual: false, member: [{}] }, { actual: true, member: [{}] }, { actual: false }].map(
    (each) => ({ resourceType: 'Group', ...each }),
  ),
  'inv-1@Task': [
    { authoredOn: '2020-01-02', lastModified: '2020-01-01' },
    { authoredOn: '2020-01-02', lastModified: '2020-01-02' },
  ].map((each) => ({ resourceType: 'Task', ...each })),
  'mdd-1@MedicationDispense': [
    { whenPrepared: '2020-01-02', whenHandedOver: '2020-01-01' },
    { whenPrepared: '2020-01-02', whenHandedOver: '2020-01-02' },
  ].map((each) => ({ resourceType: 'MedicationDispense', ...each })),
  'lst-1@List': [{ resourceType: 'List', emptyReason: concept, entry: [{ item: concept }] }],
  'lst-2@List': ['changes', 'working'].map((mode) => ({
    resourceType: 'List',
    mode,
    entry: [{ deleted: true }],
  })),
  'lst-3@List': ['changes', 'working'].map((mode) => ({
    resourceType: 'List',
    mode,
    entry: [{ date: '2020' }, {}],
  })),
  'obs-3@Observation.referenceRange': [{ type: concept }, { text: 'x' }, { low: { value: 1 } }],
  'obs-6@Observation': [
    { resourceType: 'Observation', valueString: 'x', dataAbsentReason: concept },
    { resourceType: 'Observation', dataAbsentReason: concept },
  ],
  'obs-7@Observation': [
    { system: 'a', code: 'b' },
    { system: 'a', code: 'c' },
    { system: 'a', code: 'b', display: 'd' },
  ].flatMap((coding) => [
    {
      resourceType: 'Observation',
      code: { coding: [{ system: 'a', code: 'b' }] },
      valueString: 'x',
      component: [{ code: { coding: [coding] } }],
    },
    {
      resourceType: 'Observation',
      code: { coding: [{ system: 'a', code: 'b' }] },
      component: [{ code: { coding: [coding] } }],
    },
  ]),
  'org-1@Organization': [{ active: true }, { name: 'x' }, { identifier: [{ value: 'x' }] }].map((each) => ({
    resourceType: 'Organization',
    ...each,
  })),
  'org-2@Organization.address': [{ use: 'home' }, { use: 'work' }, { city: 'x' }],
  'org-3@Organization.telecom': [{ use: 'home' }, { use: 'work' }, { value: 'x' }],
  'pat-1@Patient.contact': [{ gender: 'male' }, { organization: { display: 'x' } }, { name: { text: 'x' } }],
  'ppc-1@Consent': [{}, { policy: [{ uri: 'x' }] }, { policyRule: concept }].map((each) => ({
    resourceType: 'Consent',
    ...each,
  })),
  'sev-1@AuditEvent.entity': [{ name: 'a', query: 'QUJD' }, { name: 'a' }, { query: 'QUJD' }],
  'csd-1@CodeSystem': [
    { resourceType: 'CodeSystem', concept: [{ code: 'a' }, { code: 'a' }] },
    {
      resourceType: 'CodeSystem',
      concept: [{ code: 'a', concept: [{ code: 'b', concept: [{ code: 'a' }] }] }],
    },
    { resourceType: 'CodeSystem', concept: [{ code: 'a', concept: [{ code: 'b' }] }] },
  ],
  'sdf-8@StructureDefinition.snapshot': [
    { element: [{ path: 'A' }, { path: 'A.b' }] },
    { element: [{ path: 'A' }, { path: 'B.b' }] },
  ],
  'sdf-8a@StructureDefinition.differential': [
    { element: [{ path: 'A.b' }, { path: 'A.c' }] },
    { element: [{ path: 'A' }, { path: 'B.b' }] },
  ],
  'que-2@Questionnaire': [
    { resourceType: 'Questionnaire', item: [{ linkId: '1', item: [{ linkId: '1' }] }] },
    { resourceType: 'Questionnaire', item: [{ linkId: '1', item: [{ linkId: '2' }] }] },
  ],
  'qrs-1@QuestionnaireResponse.item': [
    { answer: [{ valueString: 'x' }], item: [{ linkId: '1' }] },
    { item: [{ linkId: '1' }] },
  ],
  'cmp-1@Composition.section': [{ title: 'x' }, { entry: [{ display: 'x' }] }],
  'cmp-2@Composition.section': [
    { emptyReason: concept, entry: [{ display: 'x' }] },
    { emptyReason: concept },
  ],
  'cpl-3@CarePlan.activity': [
    { detail: { status: 'unknown' }, reference: { display: 'x' } },
    { reference: { display: 'x' } },
  ],
  'bdl-5@Bundle.entry': [{ fullUrl: 'x' }, { resource: { resourceType: 'Patient' } }],
  'bdl-8@Bundle.entry': [{ fullUrl: 'http://x/_history/1' }, { fullUrl: 'http://x/1' }, {}],
};
const TIMES: Json[] = [
  { duration: 1 },
  { duration: -1, durationUnit: 's' },
  { period: 1 },
  { period: -1, periodUnit: 's' },
  { periodMax: 1 },
  { durationMax: 1 },
  { countMax: 1 },
  { offset: 1 },
  { offset: 1, when: ['C'] },
  { offset: 1, when: ['ACM', 'CD'] },
  { offset: 1, when: ['ACM'] },
  { timeOfDay: ['10:00:00'], when: ['C'] },
  { timeOfDay: ['10:00:00'] },
];
const ITEMS: Json[] = ['group', 'display', 'choice', 'string', 'boolean', 'text'].flatMap((type) =>
  [
    {},
    { item: [{ linkId: '2' }] },
    { code: [{ code: 'x' }] },
    { answerOption: [{ valueString: 'x' }] },
    { answerValueSet: 'http://x', answerOption: [{ valueString: 'x' }] },
    { required: true },
    { readOnly: true },
    { initial: [{ valueString: 'x' }] },
    { initial: [{ valueString: 'x' }, { valueString: 'y' }] },
    { initial: [{ valueString: 'x' }, { valueString: 'y' }], repeats: true },
    { initial: [{ valueString: 'x' }, { valueString: 'y' }], repeats: false },
    { maxLength: 1 },
    { answerOption: [{ valueString: 'x' }], initial: [{ valueString: 'x' }] },
    { enableWhen: [{}, {}, {}] },
    { enableWhen: [{}, {}, {}], enableBehavior: 'all' },
  ].map((each) => ({ linkId: '1', type, ...each })),
);
const BUNDLES: Json[] = [
  'document',
  'message',
  'transaction',
  'batch',
  'batch-response',
  'transaction-response',
  'history',
  'searchset',
  'collection',
].flatMap((type) =>
  [
    {},
    { total: 1 },
    { entry: [entry({ search: { mode: 'match' } })] },
    { entry: [entry({ request: { method: 'GET', url: 'x' } })] },
    { entry: [entry({ response: { status: '200' } })] },
    { entry: [entry({ fullUrl: 'a' }), entry({ fullUrl: 'a' })] },
    {
      entry: [
        entry({ fullUrl: 'a' }),
        entry({ fullUrl: 'a', resource: { resourceType: 'Patient', meta: { versionId: '1' } } }),
      ],
    },
    {
      identifier: { system: 'a', value: 'b' },
      timestamp: '2020-01-01T00:00:00Z',
      entry: [{ resource: { resourceType: 'Composition' } }],
    },
    { identifier: { system: 'a' }, entry: [{ resource: { resourceType: 'MessageHeader' } }] },
  ].map((each) => ({ resourceType: 'Bundle', type, ...each })),
);
for (const name of natives) {
  if (name.endsWith('@Timing.repeat')) CASES[name] = TIMES;
  if (name.endsWith('@Questionnaire.item')) CASES[name] = ITEMS;
  if (name.endsWith('@Bundle')) CASES[name] = BUNDLES;
  if (name.startsWith('qty-3@')) CASES[name] = [quantity(), quantity({ system: undefined }), { value: 1 }];
}

const clean = (value: Json): Json => JSON.parse(JSON.stringify(value)) as Json;

describe('native invariants', () => {
  it.each(natives)('%s holds and fails as its FHIRPath does', (name) => {
    const results = new Set<boolean>();
    expect(CASES[name]).toBeDefined();
    for (const each of CASES[name]!) {
      const value = clean(each);
      const resource =
        value.resourceType === undefined
          ? {
              resourceType: 'StructureDefinition',
              kind: 'resource',
              type: 'A',
              snapshot: value,
              differential: value,
            }
          : value;
      const path = evaluateByPath(name, value, { resource, root: resource });
      if (path !== undefined) {
        expect([each, holds(name, value, scopeOf(resource))]).toEqual([each, path]);
        results.add(path);
      }
    }
    expect([name, results.has(false)]).toEqual([name, true]);
  });

  it('agree with FHIRPath on all examples, whole and with each element left out', () => {
    const seen = new Map<string, number>();
    for (const folder of ['hl7-r4', 'synthea']) {
      const at = fileURLToPath(new URL(`../../../shared/examples/${folder}/`, import.meta.url));
      if (!existsSync(at)) throw new Error(`the examples are missing: ${at}`);
      for (const file of readdirSync(at).filter((name) => name.endsWith('.json'))) {
        const content = JSON.parse(readFileSync(`${at}/${file}`, 'utf8')) as Json;
        const resources =
          content.resourceType === 'Bundle'
            ? (content.entry as { resource: Json }[]).map((each) => each.resource)
            : [content];
        for (const resource of resources) {
          for (const context of contexts(resource, resource, resource.resourceType as string)) {
            const { name, value } = context;
            const times = (seen.get(name) ?? 0) + 1;
            seen.set(name, times);
            if (!isNative(name) || UNLIKE.has(name) || times > PER_INVARIANT) continue;
            agree(context);
            for (const key of Object.keys(value).filter((each) => each !== 'resourceType')) {
              const { [key]: _, ...rest } = value;
              agree({ name, value: rest, resource: value === resource ? rest : resource });
            }
          }
        }
      }
    }
    expect([...seen.keys()].filter(isNative).length).toBeGreaterThan(30);
  });

  it('compare ranges of one unit, and an answer to `exists` by its type', () => {
    const scope = scopeOf({ resourceType: 'Questionnaire' });
    const range = (low: Json, high: Json) => holds('rng-2@Range', { low, high }, scope);
    expect([
      range({ value: 2 }, { value: 1 }),
      range({ value: 2, unit: 'mg' }, { value: 1, unit: 'g' }),
    ]).toEqual([false, true]);
    const answer = (change: Json) =>
      holds('que-7@Questionnaire.item.enableWhen', { operator: 'exists', ...change }, scope);
    expect([answer({ answerBoolean: true }), answer({ answerString: 'x' })]).toEqual([true, false]);
  });

  it('leave the rest to FHIRPath that compiles', () => {
    const others = [...invariantNames()].filter((name) => !isNative(name) && !name.startsWith('txt-'));
    expect(others.length).toBeGreaterThan(50);
    for (const name of others) {
      const { path } = invariant(name)!;
      const resource = { resourceType: path.split('.')[0]! };
      expect(() =>
        evaluateByPath(name, path.includes('.') ? { id: 'x' } : resource, { resource, root: resource }),
      ).not.toThrow();
    }
  });

  it("let who is no practitioner act on nobody's behalf", () => {
    const name = 'ctm-1@CareTeam.participant';
    const team = { resourceType: 'CareTeam' };
    const participant = (reference: string) => ({
      member: { reference },
      onBehalfOf: { reference: 'Organization/1' },
    });
    expect(
      ['Practitioner/1', 'Patient/1', 'PractitionerRole/1', 'https://x/y'].map((each) =>
        holds(name, participant(each), scopeOf(team)),
      ),
    ).toEqual([true, false, false, true]);
  });
});
