/** A Consent is said to be enforced exactly when the engine makes a statement of it that fits somebody now. */
import fc from 'fast-check';
import { levelIn } from '../../src/consent/actors.ts';
import type { Caller } from '../../src/consent/caller.ts';
import { type Enforcement, enforcementOf } from '../../src/consent/enforceable.ts';
import { compile } from '../../src/consent/policy.ts';
import { REASONS, type Reason, sentence } from '../../src/consent/reasons.ts';
import { said } from '../../src/consent/statements.ts';
import { PURPOSES } from '../../src/consent/vocabulary.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { blocks, consents, moments, switches } from './support/arbitrary.ts';
import { statements } from './support/arbitrary-case.ts';
import { namedIn } from './support/engine.ts';
import { rulesWith } from './support/rules.ts';
import { HL7, MASKS, NOW, PATIENT, POLICY, PROFESSIONS } from './support/universe.ts';

const rules = rulesWith();

/** All who may be told apart by what the generators make. */
const OWN = [
  ...['gp', 'dentist', 'stranger'].map((id) => `Practitioner/${id}`),
  'Patient/other',
  'Patient/p',
  'Device/app',
  'Organization/practice',
];
const callers: Caller[] = OWN.flatMap((own) =>
  ['10', '40', '28', undefined].flatMap((profession) =>
    [[], ...[...PURPOSES, 'SECRET'].map((each) => [each])].map((purposes): Caller => ({
      role: 'professional',
      persons: [own, 'RelatedPerson/aunt', 'RelatedPerson/uncle'],
      groups: ['Organization/practice', 'Organization/hospital'],
      ...(profession === undefined ? {} : { profession }),
      purposes,
      depositor: own,
      rights: [],
      emergencies: [],
      regulator: false,
    })),
  ),
);

const WAYS = ['usual', { mode: 'BTG', unmasking: false }, { mode: 'ETREAT', unmasking: false }] as const;

/** The engine has a word of this Consent for this caller. */
function speaks(consent: Resource, named: Resource[], now: number): (caller: Caller) => boolean {
  const policy = compile(PATIENT, [consent], rules);
  const all = namedIn(named);
  const holds = ({ from, until }: { from: number; until: number }) => from <= now && now < until;
  return (caller) =>
    policy.masksNew.some(holds) ||
    policy.blocks.some(
      (block) =>
        block.stands &&
        holds(block) &&
        levelIn(block.actors, 'deny', caller, all, PATIENT, now) !== undefined,
    ) ||
    WAYS.some((way) => {
      if (way !== 'usual' && caller.purposes[0] !== way.mode) return false;
      return [...said(policy, caller, way, all, now).values()].some((voices) => voices.length > 0);
    });
}

it('a Consent is enforced exactly when the engine has a word of it for somebody now', () => {
  const met = new Map<string, number>();
  const consent = fc.oneof(
    { weight: 6, arbitrary: consents },
    { weight: 1, arbitrary: blocks },
    { weight: 1, arbitrary: switches },
  );
  fc.assert(
    fc.property(consent, statements, moments, (one, { named }, moment) => {
      const now = Date.parse(moment);
      const whole: Resource = {
        ...one,
        id: 'c',
        meta: { versionId: '1' },
        patient: { reference: 'Patient/p' },
      };
      const around = { rules, named: namedIn(named), patient: PATIENT, blocks: [], now };
      const { status } = enforcementOf(whole, around);
      met.set(status, (met.get(status) ?? 0) + 1);
      expect([JSON.stringify(whole), status === 'enforced']).toEqual([
        JSON.stringify(whole),
        callers.some(speaks(whole, named, now)),
      ]);
    }),
    { numRuns: 1000 },
  );
  for (const status of ['enforced', 'not-yet', 'no-longer', 'not-enforceable']) {
    expect([status, (met.get(status) ?? 0) > 10]).toEqual([status, true]);
  }
});

/** With and without what makes a Block apply. */
const others: Caller[] = callers
  .filter(({ purposes: [purpose] }) =>
    [undefined, 'TREAT', 'BTG', 'ETREAT', 'CLINTRCH', 'SECRET'].includes(purpose),
  )
  .flatMap((caller) =>
    [[], ['Organization/practice'], ['Organization/hospital'], [...caller.groups]].flatMap((groups) =>
      [[], ['RelatedPerson/aunt'], ['RelatedPerson/uncle']].map((related) => ({
        ...caller,
        groups,
        persons: [caller.persons[0]!, ...related],
      })),
    ),
  );

it('a Consent that a Block has voided is enforced for those alone whom it hasn’t named', () => {
  const written = (resource: Resource, id: string, lastUpdated: string): Resource => ({
    ...resource,
    id,
    meta: { versionId: '1', lastUpdated },
    patient: { reference: 'Patient/p' },
  });
  let voided = 0;
  fc.assert(
    fc.property(consents, blocks, statements, moments, (one, two, { named }, moment) => {
      // one list of actors each: several want one caller who is in all of them
      fc.pre(JSON.stringify(one).split('"actor"').length <= 2 && one.status === 'active');
      const now = Date.parse(moment);
      const whole = written(one, 'c', '2017-01-01T00:00:00Z');
      const block = written(two, 'b', '2018-01-01T00:00:00Z');
      const all = namedIn(named);
      const policy = compile(PATIENT, [whole, block], rules);
      const { status } = enforcementOf(whole, {
        rules,
        named: all,
        patient: PATIENT,
        blocks: policy.blocks,
        now,
      });
      const speaksStill =
        policy.masksNew.length > 0
          ? status === 'enforced'
          : others.some((caller) =>
              WAYS.some(
                (way) =>
                  (way === 'usual' || caller.purposes[0] === way.mode) &&
                  [...said(policy, caller, way, all, now).values()].some((voices) => voices.length > 0),
              ),
            );
      if (status === 'no-longer' && !speaksStill) voided += 1;
      expect([JSON.stringify([whole, block]), status === 'enforced']).toEqual([
        JSON.stringify([whole, block]),
        speaksStill,
      ]);
    }),
    { numRuns: 600, examples: [namedTwice() as never] },
  );
  expect(voided).toBeGreaterThan(5);
});

const privacy = { coding: [{ system: `${HL7}/consentscope`, code: 'patient-privacy' }] };
const receiver = { coding: [{ system: `${HL7}/v3-ParticipationType`, code: 'IRCP' }] };
const actor = (reference: string): Json => ({ role: receiver, reference: { reference } });
const permit = (elements: Json = {}): Json => ({
  type: 'permit',
  actor: [actor('Practitioner/gp')],
  ...elements,
});
const consentOf = (provision: Json | undefined, rest: Json = {}): Resource => ({
  resourceType: 'Consent',
  id: 'c',
  meta: { versionId: '1' },
  status: 'active',
  scope: privacy,
  patient: { reference: 'Patient/p' },
  ...(provision === undefined ? {} : { provision }),
  ...rest,
});

/** Met once: by name and as one of a team, and blocked by a Block that may mean anybody. */
function namedTwice(): unknown[] {
  const team = {
    resourceType: 'CareTeam',
    id: 'u',
    status: 'active',
    subject: { reference: 'Patient/p' },
    participant: [{ member: { reference: 'RelatedPerson/aunt' } }],
  };
  const unclear = { ...actor('Practitioner/gp'), extension: [] };
  return [
    consentOf(
      permit({ actor: [actor('RelatedPerson/aunt'), actor('CareTeam/u')], purpose: [code('TREAT')] }),
    ),
    consentOf({ actor: [unclear] }, { policy: [{ uri: POLICY.block }] }),
    { named: [team] },
    NOW,
  ];
}

const NAMED = [
  { resourceType: 'CareTeam', id: 'empty', status: 'active', subject: { reference: 'Patient/p' } },
  { resourceType: 'PractitionerRole', id: 'gp', practitioner: { reference: 'Practitioner/gp' } },
];
/** The dentist was blocked a while ago. */
const BLOCKS = compile(
  PATIENT,
  [
    {
      resourceType: 'Consent',
      id: 'b',
      status: 'inactive',
      meta: { lastUpdated: '2025-01-01T00:00:00Z' },
      policy: [{ uri: POLICY.block }],
      provision: { actor: [actor('Practitioner/dentist')] },
    },
  ],
  rules,
).blocks;
const told = (consent: Resource): Enforcement =>
  enforcementOf(consent, {
    rules,
    named: namedIn(NAMED),
    patient: PATIENT,
    blocks: BLOCKS,
    now: Date.parse(NOW),
  });
const brief = ({ status, findings }: Enforcement): string[] => [
  status,
  ...findings.map(({ reason, expression }) => `${reason} ${expression}`),
];

const VOID = 'void Consent.provision';
const code = (value: string, system = 'v3-ActReason'): Json => ({ system: `${HL7}/${system}`, code: value });
const nested = (depth: number): Json => permit(depth === 0 ? {} : { provision: [nested(depth - 1)] });

// prettier-ignore
const CASES: [string, Resource, string[]][] = [
  ['a permit by name', consentOf(permit()), ['enforced']],
  ['a permit that begins tomorrow', consentOf(permit({ period: { start: '2026-03-11' } })), ['not-yet', 'begins Consent.provision.period.start']],
  ['a permit that ended', consentOf(permit({ period: { end: '2026-03-09' } })), ['no-longer', 'ended Consent.provision.period.end']],
  ['a permit after the period around it', consentOf({ period: { end: '2026-03-09' }, provision: [permit({ period: { start: '2027' } })] }), ['not-enforceable', 'ended Consent.provision.period.end', 'begins Consent.provision.provision[0].period.start', 'void Consent.provision.provision[0]']],
  ['a permit of who was blocked since', consentOf(permit({ actor: [actor('Practitioner/dentist')] }), { meta: { versionId: '1', lastUpdated: '2024-01-01T00:00:00Z' } }), ['no-longer', 'blocked Consent.provision']],
  ['a permit of who was blocked before', consentOf(permit({ actor: [actor('Practitioner/dentist')] }), { meta: { versionId: '1', lastUpdated: '2026-01-01T00:00:00Z' } }), ['enforced']],
  ['one that was withdrawn', consentOf(permit(), { status: 'inactive' }), ['no-longer', 'inactive Consent.status']],
  ['a draft', consentOf(permit(), { status: 'draft' }), ['not-yet', 'inactive Consent.status']],
  ['a permit with a date that can’t be read', consentOf(permit({ period: { end: 'tomorrow' } })), ['not-enforceable', 'period Consent.provision.period', VOID]],
  ['a deny with a date that can’t be read', consentOf({ type: 'deny', period: { end: 'tomorrow' } }), ['enforced', 'period Consent.provision.period']],
  ['an actor without a role', consentOf(permit({ actor: [{ reference: { reference: 'Practitioner/gp' } }] })), ['not-enforceable', 'actor Consent.provision.actor[0]', VOID]],
  ['one of two actors that can’t be told', consentOf(permit({ actor: [actor('Practitioner/gp'), actor('#x')] })), ['enforced', 'actor Consent.provision.actor[1]']],
  ['a care team that isn’t there', consentOf(permit({ actor: [actor('CareTeam/gone')] })), ['not-enforceable', 'nowhere Consent.provision.actor[0].reference', VOID]],
  ['a care team of nobody', consentOf(permit({ actor: [actor('CareTeam/empty')] })), ['not-enforceable', 'nobody Consent.provision.actor[0].reference', VOID]],
  ['a deny of a care team that isn’t there', consentOf({ type: 'deny', actor: [actor('CareTeam/gone')] }), ['enforced', 'nowhere Consent.provision.actor[0].reference']],
  ['a PractitionerRole', consentOf(permit({ actor: [actor('PractitionerRole/gp')] })), ['enforced']],
  ['an element that isn’t known', consentOf(permit({ extension: [{ url: 'https://x.example' }] })), ['not-enforceable', 'element Consent.provision.extension', VOID]],
  ['an unknown element in one of two nested permits', consentOf(permit({ provision: [permit(), permit({ modifierExtension: [] })] })), ['enforced', 'element Consent.provision.provision[1].modifierExtension', 'void Consent.provision.provision[1]']],
  ['another scope', consentOf(permit(), { scope: { coding: [code('research', 'consentscope')] } }), ['not-enforceable', 'scope Consent.scope']],
  ['no scope', consentOf(permit(), { scope: undefined }), ['not-enforceable', 'privacy Consent.scope', VOID]],
  ['a modifierExtension', consentOf(permit(), { modifierExtension: [{ url: 'https://x.example' }] }), ['not-enforceable', 'modifier Consent.modifierExtension', VOID]],
  ['a deny with a modifierExtension', consentOf({ type: 'deny' }, { modifierExtension: [{ url: 'https://x.example' }] }), ['enforced', 'modifier Consent.modifierExtension']],
  ['a purpose of another system', consentOf(permit({ purpose: [code('TREAT'), code('TREAT', 'other')] })), ['not-enforceable', 'purpose Consent.provision.purpose[1]', VOID]],
  ['purposes that none is both of', consentOf(permit({ purpose: [code('HRESCH')], provision: [permit({ purpose: [code('TREAT')] })] })), ['enforced', 'void Consent.provision.provision[0]']],
  ['actors that nobody is both of', consentOf(permit({ provision: [permit({ actor: [actor('Practitioner/dentist')] })] })), ['enforced', 'void Consent.provision.provision[0]']],
  ['a professional who is named and a profession', consentOf(permit({ provision: [permit({ actor: [{ role: { coding: [{ system: PROFESSIONS, code: '10' }] }, reference: { display: 'médecin' } }] })] })), ['enforced']],
  ['collecting only', consentOf(permit({ action: [{ coding: [code('collect', 'consentaction')] }] })), ['not-enforceable', 'action Consent.provision.action[0]', VOID]],
  ['a class without a system', consentOf(permit({ class: [{ code: 'Observation' }] })), ['not-enforceable', 'unreadable Consent.provision.class[0]', VOID]],
  ['data of which the meaning isn’t known', consentOf(permit({ data: [{ meaning: 'other', reference: { reference: 'Encounter/e' } }] })), ['not-enforceable', 'unreadable Consent.provision.data[0]', VOID]],
  ['an empty list', consentOf(permit({ securityLabel: [] })), ['not-enforceable', 'unreadable Consent.provision.securityLabel', VOID]],
  ['no provision and no policy', consentOf(undefined), ['not-enforceable', 'silent Consent.provision']],
  ['no patient', consentOf(permit(), { patient: undefined }), ['not-enforceable', 'patient Consent.patient']],
  ['a provision of an unknown type', consentOf({ type: 'maybe' }), ['enforced', 'type Consent.provision.type']],
  ['51 permits within each other', consentOf(nested(51)), ['enforced', `deep Consent.provision${'.provision[0]'.repeat(51)}`]],
  ['a block', consentOf({ actor: [actor('Practitioner/gp')], class: [] }, { policy: [{ uri: POLICY.block }], scope: undefined }), ['enforced']],
  ['a block of nobody', consentOf({ actor: [actor('CareTeam/empty')] }, { policy: [{ uri: POLICY.block }] }), ['not-enforceable', 'nobody Consent.provision.actor[0].reference']],
  ['a default for new documents', consentOf({ period: { end: '2026' , start: '2025'} }, { policy: [{ uri: POLICY.maskNew }] }), ['enforced']],
  ['a switch of emergencies', consentOf({ type: 'permit', purpose: [code('BTG')], securityLabel: [MASKS[0]!] }), ['enforced']],
];

it.each(CASES)('%s', (_name, consent, expected) => {
  expect(brief(told(consent))).toEqual(expected);
});

it('has a case of each reason', () => {
  const met = CASES.flatMap(([, , [, ...findings]]) => findings.map((each) => each.split(' ', 1)[0]!));
  expect([...new Set(met)].sort()).toEqual(Object.keys(REASONS).sort());
});

it('says each reason in both languages', () => {
  const both = (Object.keys(REASONS) as Reason[]).map((reason) =>
    (['fr', 'en'] as const).map((language) => sentence(reason, 'permit', language)),
  );
  for (const [french, english] of both) {
    expect(french).not.toBe(english);
    expect(french).not.toMatch(/\.$/);
    expect(english).not.toMatch(/\.$/);
  }
});
