/** Who is let in by Consents, and when: https://hl7.org/fhir/R4/consent.html. What of the resource counts: cases/. */
import { grantees } from '../../src/consent/policy.ts';
import type { Resource } from '../../src/fhir/resource.ts';
import { engine } from './support/engine.ts';
import type { ReferenceCaller } from './support/reference-words.ts';
import { rulesWith } from './support/rules.ts';
import { HL7 } from './support/universe.ts';
import { consent as usualConsent, physician, usual } from './support/usual.ts';

const REASON = `${HL7}/v3-ActReason`;
const NOW = Date.parse(usual.now);

const GP: ReferenceCaller = physician;
const lay = (role: string, person: string, ...purposes: string[]): ReferenceCaller => ({
  role,
  persons: [person],
  groups: [],
  purposes,
  depositor: person,
  rights: [],
  regulator: false,
});
const HOSPITAL = lay('system', 'Organization/hospital', 'TREAT');
const PATIENT = lay('patient', 'Patient/other', 'PATRQT');
const APP = lay('app', 'Device/app', 'PATRQT');
const NO_PURPOSE: ReferenceCaller = { ...GP, purposes: [] };

const role = (code = 'IRCP', system = `${HL7}/v3-ParticipationType`) => ({ coding: [{ system, code }] });
const actor = (reference: string, more: object = {}) => ({ role: role(), reference: { reference }, ...more });
const purpose = (...codes: string[]) => codes.map((code) => ({ system: REASON, code }));

function consent(provision: object | undefined, more: object = {}): Resource {
  return { ...usualConsent, ...(provision === undefined ? {} : { provision }), ...more } as Resource;
}

const permit = (more: object = {}) => consent({ type: 'permit', ...more });
const deny = (more: object = {}) => consent({ type: 'deny', ...more });

const effect = (says: Resource[], caller: ReferenceCaller, now = NOW): 'permit' | 'deny' => {
  const consents = says.map((each, index) => ({ ...each, id: `c${index}` }));
  return engine({ ...usual, consents, caller, now: new Date(now).toISOString() }).effect;
};

interface Case {
  it: string;
  says: Resource[];
  to: ReferenceCaller;
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
    it: 'an app is let in by its Device',
    says: [permit({ actor: [actor('Device/app')] })],
    to: APP,
    effect: 'permit',
  },
  {
    it: 'another patient is let in by name',
    says: [permit({ actor: [actor('Patient/other')] })],
    to: PATIENT,
    effect: 'permit',
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
  toGp('a deny beats a permit at its level, before it', 'deny', deny(named), permit(named)),
  toGp('a deny beats a permit at its level, after it', 'deny', permit(named), deny(named)),
  toGp('a deny by name beats a permit of all', 'deny', deny(named), permit()),
  toGp('a permit by name beats a deny of all', 'permit', permit(named), deny()),
  toGp(
    'a deny of another leaves this one',
    'permit',
    permit(),
    deny({ actor: [actor('Practitioner/other')] }),
  ),
  toGp(
    'a deny of the organization is one of who works there',
    'deny',
    permit(),
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
  toGp('a permit nested in a deny lets in', 'permit', deny({ provision: [{ type: 'permit', ...named }] })),
  toGp('a permit nested in a permit stays one', 'permit', permit({ provision: [{ type: 'permit' }] })),
  toGp(
    'a deny nested in a permit denies others’ permits too',
    'deny',
    permit(named),
    permit({ provision: [{ type: 'deny', ...named }] }),
  ),
  toGp(
    'a deny nested three deep denies',
    'deny',
    permit(),
    permit({ provision: [{ type: 'permit', provision: [{ type: 'deny' }] }] }),
  ),
  // roles of actors
  ...['IRCP', 'PRCP', 'GRANTEE'].map((code) =>
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
  toGp('a wider purpose covers this one', 'permit', permit({ purpose: purpose('PurposeOfUse') })),
  toGp('a narrower purpose is not this one', 'deny', permit({ purpose: purpose('ETREAT') })),
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

/** What a provision may hold that can't be read. */
const UNREADABLE: [string, unknown][] = [
  ['action', [{ text: 'read' }]],
  ['action', [{ coding: [{ code: 'access' }] }]],
  ['securityLabel', [{ code: 'N' }]],
  ['class', [{ code: 'Observation' }]],
  ['code', [{ text: 'anything' }]],
  ['code', [{ coding: [{ code: '1' }] }]],
  ['code', []],
  ['dataPeriod', { start: 'once' }],
  ['data', [{ meaning: 'instance', reference: { reference: '#1' } }]],
  ['data', [{ meaning: 'instance', reference: { reference: 'Observation/1' }, modifierExtension: [] }]],
  ['extension', [{ url: 'https://x.example' }]],
  ['modifierExtension', [{ url: 'https://x.example' }]],
  ['_type', { extension: [{ url: 'https://x.example' }] }],
  ['unheardOf', true],
];

describe.each(UNREADABLE)('a provision with `%s` %j', (name, value) => {
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

it.each([
  [permit(named), ['Practitioner/gp']],
  [permit(), ['*']],
  [
    permit({ actor: [actor('Practitioner/gp'), actor('Organization/practice'), actor('CareTeam/t')] }),
    ['Practitioner/gp', 'Organization/practice', 'CareTeam/t'],
  ],
  [deny(named), []],
  [permit({ data: [] }), []],
  [{ ...permit(named), status: 'inactive' }, []],
])('is found by whom it permits: %j', (says, names) => {
  expect(grantees(says, rulesWith())).toEqual(names);
});
