/** What Consents let a caller do: https://hl7.org/fhir/R4/consent.html. Cases are data; laws hold for any Consent. */
import fc from 'fast-check';
import { type Caller, compile, decide, grantees } from '../../src/consent/policy.ts';
import type { Resource } from '../../src/fhir/resource.ts';

const HL7 = 'http://terminology.hl7.org/CodeSystem';
const REASON = `${HL7}/v3-ActReason`;
const NOW = Date.parse('2026-03-10T12:00:00Z');

const GP: Caller = {
  names: ['Practitioner/gp', 'Organization/practice'],
  professional: true,
  purposes: ['TREAT'],
};
const HOSPITAL: Caller = { names: ['Organization/hospital'], professional: false, purposes: ['TREAT'] };
const PATIENT: Caller = { names: ['Patient/other'], professional: false, purposes: ['PATRQT'] };
const APP: Caller = { names: ['Device/app'], professional: false, purposes: ['PATRQT'] };
const NO_PURPOSE: Caller = { ...GP, purposes: [] };

const role = (code = 'IRCP', system = `${HL7}/v3-ParticipationType`) => ({ coding: [{ system, code }] });
const actor = (reference: string, more: object = {}) => ({ role: role(), reference: { reference }, ...more });
const purpose = (...codes: string[]) => codes.map((code) => ({ system: REASON, code }));

function consent(provision: object | undefined, more: object = {}): Resource {
  return {
    resourceType: 'Consent',
    id: 'c',
    meta: { versionId: '1' },
    status: 'active',
    scope: { coding: [{ system: `${HL7}/consentscope`, code: 'patient-privacy' }] },
    ...(provision === undefined ? {} : { provision }),
    ...more,
  } as Resource;
}

const permit = (more: object = {}) => consent({ type: 'permit', ...more });
const deny = (more: object = {}) => consent({ type: 'deny', ...more });

const effect = (consents: readonly Resource[], caller: Caller, now = NOW): 'permit' | 'deny' =>
  decide(compile(consents), caller, now).effect;

interface Case {
  it: string;
  says: Resource[];
  to: Caller;
  effect: 'permit' | 'deny';
}

const toGp = (it: string, wanted: Case['effect'], ...says: Resource[]): Case => ({
  it,
  says,
  to: GP,
  effect: wanted,
});
const named = { actor: [actor('Practitioner/gp')] };
const GROUP_PERMIT = permit(named);

const CASES: Case[] = [
  toGp('nothing said is a deny', 'deny'),
  toGp('a permit that names the person', 'permit', GROUP_PERMIT),
  toGp(
    'a permit that names their organization',
    'permit',
    permit({ actor: [actor('Organization/practice')] }),
  ),
  toGp('a permit that names another', 'deny', permit({ actor: [actor('Practitioner/other')] })),
  toGp('a permit that names nobody means any professional', 'permit', permit()),
  { it: 'a permit that names nobody means no system', says: [permit()], to: HOSPITAL, effect: 'deny' },
  { it: 'a permit that names nobody means no other patient', says: [permit()], to: PATIENT, effect: 'deny' },
  { it: 'a permit that names nobody means no app', says: [permit()], to: APP, effect: 'deny' },
  {
    it: 'a system is let in by its organization’s name',
    says: [permit({ actor: [actor('Organization/hospital')] })],
    to: HOSPITAL,
    effect: 'permit',
  },
  {
    it: 'a Device can not be named',
    says: [permit({ actor: [actor('Device/app')] })],
    to: APP,
    effect: 'deny',
  },
  {
    it: 'a Patient can not be named',
    says: [permit({ actor: [actor('Patient/other')] })],
    to: PATIENT,
    effect: 'deny',
  },
  toGp('an empty list of actors names nobody, and not anybody', 'deny', permit({ actor: [] })),
  ...['proposed', 'draft', 'rejected', 'inactive', 'entered-in-error', undefined].map((status) =>
    toGp(`a permit of status ${status}`, 'deny', consent({ type: 'permit', ...named }, { status })),
  ),
  ...['research', 'treatment', 'adr'].map((code) =>
    toGp(
      `a permit in the scope of ${code}`,
      'deny',
      consent({ type: 'permit' }, { scope: { coding: [{ system: `${HL7}/consentscope`, code }] } }),
    ),
  ),
  toGp(
    'a permit whose scope has a system of its own',
    'deny',
    consent(
      { type: 'permit' },
      { scope: { coding: [{ system: 'https://x.example', code: 'patient-privacy' }] } },
    ),
  ),
  toGp('a permit without a scope', 'deny', consent({ type: 'permit' }, { scope: undefined })),
  toGp(
    'a deny about research leaves care alone',
    'permit',
    permit(),
    consent({ type: 'deny' }, { scope: { coding: [{ system: `${HL7}/consentscope`, code: 'research' }] } }),
  ),
  toGp(
    'a deny of an unknown scope holds',
    'deny',
    permit(),
    consent({ type: 'deny' }, { scope: { coding: [{ system: 'https://x.example', code: 'research' }] } }),
  ),
  toGp('a deny beats a permit, before it', 'deny', deny(named), permit()),
  toGp('a deny beats a permit, after it', 'deny', permit(named), deny()),
  toGp(
    'a deny of another leaves this one',
    'permit',
    permit(),
    deny({ actor: [actor('Practitioner/other')] }),
  ),
  toGp(
    'a deny of the organization is one of who works there',
    'deny',
    permit(named),
    deny({ actor: [actor('Organization/practice')] }),
  ),
  toGp(
    'a modifier extension takes the permit away',
    'deny',
    consent({ type: 'permit' }, { modifierExtension: [{ url: 'https://x.example' }] }),
  ),
  toGp(
    'implicit rules take the permit away',
    'deny',
    consent({ type: 'permit' }, { implicitRules: 'https://x.example' }),
  ),
  toGp(
    'no provision and OPTOUT denies',
    'deny',
    permit(),
    consent(undefined, { policyRule: { coding: [{ code: 'OPTOUT' }] } }),
  ),
  toGp(
    'no provision and OPTIN permits nothing',
    'deny',
    consent(undefined, { policyRule: { coding: [{ code: 'OPTIN' }] } }),
  ),
  toGp('a provision without a type permits nothing', 'deny', consent({ ...named })),
  // exceptions
  toGp(
    'a permit nested in a deny is not evaluated',
    'deny',
    deny({ provision: [{ type: 'permit', ...named }] }),
  ),
  toGp(
    'a permit nested in a permit takes it away',
    'deny',
    permit({ provision: [{ type: 'permit', ...named }] }),
  ),
  toGp(
    'a deny nested in a permit denies others’ permits too',
    'deny',
    permit(named),
    permit({ provision: [{ type: 'deny', ...named }] }),
  ),
  toGp(
    'a deny nested three deep denies',
    'deny',
    permit(named),
    permit({ provision: [{ type: 'permit', provision: [{ type: 'deny' }] }] }),
  ),
  // roles of actors
  ...['IRCP', 'PRCP'].map((code) =>
    toGp(
      `an actor who is ${code}`,
      'permit',
      permit({ actor: [{ role: role(code), reference: { reference: 'Practitioner/gp' } }] }),
    ),
  ),
  ...['AUT', 'CST', 'PRF', 'INF'].map((code) =>
    toGp(
      `an actor who is ${code}`,
      'deny',
      permit({ actor: [{ role: role(code), reference: { reference: 'Practitioner/gp' } }] }),
    ),
  ),
  toGp(
    'an actor whose role is of another system',
    'deny',
    permit({
      actor: [{ role: role('IRCP', 'https://x.example'), reference: { reference: 'Practitioner/gp' } }],
    }),
  ),
  toGp(
    'an actor without a role',
    'deny',
    permit({ actor: [{ reference: { reference: 'Practitioner/gp' } }] }),
  ),
  toGp(
    'an actor with an extension',
    'deny',
    permit({ actor: [actor('Practitioner/gp', { modifierExtension: [{ url: 'https://x.example' }] })] }),
  ),
  // purposes
  toGp('the purpose that the caller has', 'permit', permit({ purpose: purpose('TREAT') })),
  toGp('one of several purposes', 'permit', permit({ purpose: purpose('HPAYMT', 'TREAT') })),
  toGp('another purpose', 'deny', permit({ purpose: purpose('HPAYMT') })),
  toGp('a wider purpose is not this one', 'deny', permit({ purpose: purpose('PurposeOfUse') })),
  toGp(
    'a purpose of another system',
    'deny',
    permit({ purpose: [{ system: 'https://x.example', code: 'TREAT' }] }),
  ),
  toGp('no purpose named among the purposes', 'deny', permit({ purpose: [] })),
  {
    it: 'who states no purpose has no permit for one',
    says: [permit({ purpose: purpose('TREAT') })],
    to: NO_PURPOSE,
    effect: 'deny',
  },
  { it: 'who states no purpose has a permit for any', says: [permit()], to: NO_PURPOSE, effect: 'permit' },
  {
    it: 'who states no purpose is denied one',
    says: [permit(), deny({ purpose: purpose('HRESCH') })],
    to: NO_PURPOSE,
    effect: 'deny',
  },
  {
    it: 'who states two purposes needs both',
    says: [permit({ purpose: purpose('TREAT') })],
    to: { ...GP, purposes: ['TREAT', 'HMARKT'] },
    effect: 'deny',
  },
  {
    it: 'who states two purposes is denied by one',
    says: [permit(), deny({ purpose: purpose('HMARKT') })],
    to: { ...GP, purposes: ['TREAT', 'HMARKT'] },
    effect: 'deny',
  },
  toGp('a deny of another purpose', 'permit', permit(), deny({ purpose: purpose('HRESCH') })),
  toGp('a deny of a purpose that can’t be read', 'deny', permit(), deny({ purpose: [{ code: 'HRESCH' }] })),
  toGp('a deny of all purposes', 'deny', permit(), deny({ purpose: purpose('PurposeOfUse') })),
  {
    it: 'a deny of care is one of emergency care',
    says: [permit(), deny({ purpose: purpose('TREAT') })],
    to: { ...GP, purposes: ['BTG'] },
    effect: 'deny',
  },
  {
    it: 'a deny of emergency care leaves care alone',
    says: [permit(), deny({ purpose: purpose('ETREAT') })],
    to: GP,
    effect: 'permit',
  },
];

it.each(CASES)('$it: $effect', ({ says, to, effect: wanted }) => {
  expect(effect(says, to)).toBe(wanted);
});

/** What the root may hold and isn't evaluated yet: https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision */
const UNEVALUATED: [string, unknown][] = [
  ['action', [{ coding: [{ code: 'access' }] }]],
  ['securityLabel', [{ system: `${HL7}/v3-Confidentiality`, code: 'N' }]],
  ['class', [{ system: 'http://hl7.org/fhir/resource-types', code: 'DocumentReference' }]],
  ['code', [{ coding: [{ code: '1' }] }]],
  ['dataPeriod', { start: '2020-01-01' }],
  ['data', [{ meaning: 'instance', reference: { reference: 'DocumentReference/1' } }]],
  ['provision', [{ type: 'deny', actor: [actor('Practitioner/nobody')] }]],
  ['extension', [{ url: 'https://x.example' }]],
  ['modifierExtension', [{ url: 'https://x.example' }]],
  ['_type', { extension: [{ url: 'https://x.example' }] }],
  ['unheardOf', true],
];

describe.each(UNEVALUATED)('a provision with `%s`', (name, value) => {
  it('never permits', () => {
    expect(effect([permit({ [name]: value })], GP)).toBe('deny');
  });
  it('still denies', () => {
    expect(effect([permit(), deny({ [name]: value })], GP)).toBe('deny');
  });
});

describe('a reference that is not a plain name', () => {
  const ODD = [
    undefined,
    '',
    'gp',
    'Practitioner/',
    'Practitioner/gp/_history/1',
    'https://a.example/fhir/Practitioner/gp',
    'practitioner/gp',
    'Practitioner/gp ',
    'PractitionerRole/gp',
    'CareTeam/team',
    'Group/group',
    '#contained',
    '*',
    42,
    { reference: 'Practitioner/gp' },
  ];
  it.each(ODD)('%p permits nobody', (reference) => {
    const says = [permit({ actor: [{ role: role(), reference: { reference } }] })];
    expect([GP, HOSPITAL, PATIENT, APP].map((caller) => effect(says, caller))).toEqual(Array(4).fill('deny'));
  });
  it.each(ODD)('%p in a deny may mean anybody', (reference) => {
    const says = [
      permit(named),
      deny({ actor: [actor('Practitioner/other'), { role: role(), reference: { reference } }] }),
    ];
    expect(effect(says, GP)).toBe('deny');
  });
});

describe('a period holds to the second', () => {
  const CASES: [period: object, at: string, within: boolean][] = [
    [{ start: '2026-03-10T12:00:00Z' }, '2026-03-10T11:59:59.999Z', false],
    [{ start: '2026-03-10T12:00:00Z' }, '2026-03-10T12:00:00.000Z', true],
    [{ end: '2026-03-10T12:00:00Z' }, '2026-03-10T12:00:00.999Z', true],
    [{ end: '2026-03-10T12:00:00Z' }, '2026-03-10T12:00:01.000Z', false],
    [{ end: '2026-03-10T12:00:00.500Z' }, '2026-03-10T12:00:00.500Z', true],
    [{ end: '2026-03-10T12:00:00.500Z' }, '2026-03-10T12:00:00.501Z', false],
    [{ start: '2026-03-10T12:00:00+02:00' }, '2026-03-10T09:59:59.999Z', false],
    [{ start: '2026-03-10T12:00:00+02:00' }, '2026-03-10T10:00:00.000Z', true],
    [{ end: '2026-03-10' }, '2026-03-10T23:59:59.999Z', true],
    [{ end: '2026-03-10' }, '2026-03-11T00:00:00.000Z', false],
    [{ end: '2026-02' }, '2026-02-28T23:59:59.999Z', true],
    [{ end: '2026-02' }, '2026-03-01T00:00:00.000Z', false],
    [{ end: '2026' }, '2026-12-31T23:59:59.999Z', true],
    [{ start: '2026' }, '2025-12-31T23:59:59.999Z', false],
    [{ start: '2026-03-10', end: '2026-03-10' }, '2026-03-10T12:00:00.000Z', true],
    [{}, '2026-03-10T12:00:00.000Z', true],
  ];
  it.each(CASES)('%j at %s: %p', (period, at, within) => {
    const now = Date.parse(at);
    expect(effect([permit({ period })], GP, now)).toBe(within ? 'permit' : 'deny');
    expect(effect([permit(), deny({ period })], GP, now)).toBe(within ? 'deny' : 'permit');
  });

  it.each([
    { start: 'yesterday' },
    { end: 'never' },
    { end: '2026-02-30' },
    { end: '2026-13' },
    { end: 4_102_444_800_000 },
    { end: ['2099'] },
    { start: '2027', end: '2026' },
    { extension: [{ url: 'https://x.example' }] },
    { _end: { extension: [{ url: 'https://x.example' }] } },
    '2026/2027',
    [],
    ['2020', '2099'],
    null,
    0,
  ])('%j can not be read: it permits never and denies always', (period) => {
    expect(effect([permit({ period })], GP)).toBe('deny');
    expect(effect([permit(), deny({ period })], GP)).toBe('deny');
  });
});

it('says which Consent decided', () => {
  const policy = compile([permit(named), { ...deny(named), id: 'd', meta: { versionId: '7' } }]);
  expect(decide(policy, GP, NOW)).toEqual({ effect: 'deny', because: 'Consent/d/_history/7' });
  expect(decide(compile([permit(named)]), GP, NOW).because).toBe('Consent/c/_history/1');
  expect(decide(compile([]), GP, NOW).because).toBeUndefined();
});

it.each([
  [permit(named), ['Practitioner/gp']],
  [permit(), ['*']],
  [
    permit({ actor: [actor('Practitioner/gp'), actor('Organization/practice'), actor('CareTeam/t')] }),
    ['Practitioner/gp', 'Organization/practice'],
  ],
  [deny(named), []],
  [permit({ data: [] }), []],
  [{ ...permit(named), status: 'inactive' }, []],
])('is found by whom it permits: %j', (says, names) => {
  expect(grantees(says)).toEqual(names);
});

describe('laws', () => {
  const NAMES = [
    'Practitioner/gp',
    'Practitioner/other',
    'Organization/practice',
    'Organization/hospital',
    'CareTeam/t',
    'Patient/other',
    'Device/app',
    '',
  ];
  const anything = fc.oneof(
    fc.constant(null),
    fc.string({ maxLength: 5 }),
    fc.integer(),
    fc.constant([]),
    fc.constant({}),
    fc.constant([null]),
    fc.constant([{}]),
  );
  const date = fc.constantFrom(
    '2020',
    '2026-03',
    '2026-03-10',
    '2026-03-10T12:00:00Z',
    '2099-01-01',
    '2026-02-31',
    'x',
  );
  /** Mostly absent, mostly readable, or there would be nothing to permit. */
  const seldom = <T>(usual: fc.Arbitrary<T>, absent = 3) =>
    fc.oneof(
      { weight: absent, arbitrary: fc.constant(undefined) },
      { weight: 3, arbitrary: usual },
      { weight: 1, arbitrary: anything },
    );
  const anActor = fc.record({
    role: fc.constantFrom(role(), role(), role(), role('AUT')),
    reference: fc.record({ reference: fc.constantFrom(...NAMES) }),
  });
  const aPurpose = fc.constantFrom(...purpose('TREAT', 'TREAT', 'ETREAT', 'BTG', 'HRESCH', 'PurposeOfUse'), {
    code: 'TREAT',
  });
  const present = <T extends object>(value: T): T =>
    Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;
  const leaf = fc
    .record({
      type: fc.constantFrom('permit', 'permit', 'permit', 'deny', undefined),
      period: seldom(fc.record({ start: date, end: date }, { requiredKeys: [] })),
      actor: seldom(fc.array(anActor, { minLength: 1, maxLength: 3 })),
      purpose: seldom(fc.array(aPurpose, { minLength: 1, maxLength: 2 })),
      data: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: anything }),
    })
    .map(present);
  const provision = fc
    .record({
      root: leaf,
      nested: fc.oneof(
        { weight: 9, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.array(leaf, { maxLength: 2 }) },
      ),
    })
    .map(({ root, nested }) => (nested === undefined ? root : { ...root, provision: nested }));
  const aConsent = fc
    .record({
      provision: fc.option(provision, { nil: undefined, freq: 8 }),
      status: fc.constantFrom('active', 'active', 'active', 'inactive'),
    })
    .map(({ provision: root, status }) => consent(root, { status }));
  const consents = fc.array(aConsent, { maxLength: 4 });
  const caller = fc.record({
    names: fc.subarray(NAMES.slice(0, -1)),
    professional: fc.boolean(),
    purposes: fc.constantFrom(['TREAT'], ['TREAT'], ['ETREAT'], ['BTG'], ['HRESCH'], [], ['TREAT', 'HRESCH']),
  });
  const now = fc.constantFrom(
    NOW,
    Date.parse('2019-06-01'),
    Date.parse('2026-03-10T23:59:59.999Z'),
    Date.parse('2098-01-01'),
  );
  const runs = { numRuns: 2000 };

  /** Permitted after only when it was before. */
  const neverMore = (
    before: readonly Resource[],
    after: readonly Resource[],
    who: Caller,
    at: number,
  ): boolean => effect(after, who, at) === 'deny' || effect(before, who, at) === 'permit';

  it('some of them permit and some deny', () => {
    const effects = fc.sample(fc.tuple(consents, caller, now), 2000).map((args) => effect(...args));
    expect(effects.filter((each) => each === 'permit').length).toBeGreaterThan(50);
    expect(effects.filter((each) => each === 'deny').length).toBeGreaterThan(50);
  });

  it('the order of Consents changes nothing', () => {
    fc.assert(
      fc.property(
        consents,
        caller,
        now,
        (says, who, at) => effect(says, who, at) === effect([...says].reverse(), who, at),
      ),
      runs,
    );
  });

  it('adding a deny never shows more', () => {
    fc.assert(
      fc.property(consents, provision, caller, now, (says, root, who, at) =>
        neverMore(says, [...says, consent({ ...root, type: 'deny' })], who, at),
      ),
      runs,
    );
  });

  it('removing a Consent that only permits never shows more', () => {
    fc.assert(
      fc.property(consents, leaf, caller, now, (says, root, who, at) =>
        neverMore([...says, consent({ ...root, type: 'permit' })], says, who, at),
      ),
      runs,
    );
  });

  it('an element that is not evaluated never shows more, in a permit or in a deny', () => {
    fc.assert(
      fc.property(
        consents,
        provision,
        fc.string({ minLength: 1, maxLength: 8 }),
        anything,
        caller,
        now,
        (says, root, name, value, who, at) => {
          fc.pre(!Object.hasOwn(root, name) && name !== 'id' && name !== '__proto__');
          return neverMore([...says, consent(root)], [...says, consent({ ...root, [name]: value })], who, at);
        },
      ),
      runs,
    );
  });

  it('replacing an element by what can’t be read never shows more', () => {
    fc.assert(
      fc.property(
        consents,
        provision,
        fc.constantFrom('period', 'actor', 'purpose'),
        fc.constantFrom(null, 7, 'x', [], [null], ['x'], [{}]),
        caller,
        now,
        (says, root, name, value, who, at) =>
          neverMore([...says, consent(root)], [...says, consent({ ...root, [name]: value })], who, at),
      ),
      runs,
    );
  });

  it('a caller of fewer names, who is no professional, is never permitted more by permits', () => {
    fc.assert(
      fc.property(fc.array(leaf, { maxLength: 3 }), caller, now, (roots, who, at) => {
        const says = roots.map((root) => consent({ ...root, type: 'permit' }));
        return (
          effect(says, who, at) === 'permit' ||
          effect(says, { ...who, names: [], professional: false }, at) === 'deny'
        );
      }),
      runs,
    );
  });

  it('who is not named and no professional is never let in', () => {
    fc.assert(
      fc.property(consents, now, (says, at) =>
        [{ ...HOSPITAL, names: ['Organization/unheard'] }, PATIENT, APP].every(
          (who) => effect(says, who, at) === 'deny',
        ),
      ),
      runs,
    );
  });

  it('whom it permits is found among its grantees', () => {
    fc.assert(
      fc.property(aConsent, caller, now, (says, who, at) => {
        fc.pre(effect([says], who, at) === 'permit');
        const names = grantees(says);
        return names.some((name) => who.names.includes(name) || (name === '*' && who.professional));
      }),
      { numRuns: 500 },
    );
  });
});
