/** What one who speaks for a patient is told of what others would see: within bounds, and as a whole or not at all. */
import type { Attributes } from '../../src/condition/condition.ts';
import type { Caller } from '../../src/consent/caller.ts';
import { compile } from '../../src/consent/policy.ts';
import type { Subject } from '../../src/consent/subject.ts';
import { Access } from '../../src/enforcement/access.ts';
import { Insight, MOST_LOOKED_AT, nameOf } from '../../src/enforcement/insight.ts';
import type { PolicySource, ResourceStore } from '../../src/enforcement/ports.ts';
import type { Resource } from '../../src/fhir/resource.ts';
import { nationalRules } from '../../src/config/national-rules.ts';

const rules = nationalRules();
const HL7 = 'http://terminology.hl7.org/CodeSystem';
const consent: Resource = {
  resourceType: 'Consent',
  id: 'c',
  meta: { versionId: '1' },
  status: 'active',
  scope: { coding: [{ system: `${HL7}/consentscope`, code: 'patient-privacy' }] },
  patient: { reference: 'Patient/p' },
  provision: {
    type: 'permit',
    actor: [
      {
        role: { coding: [{ system: `${HL7}/v3-ParticipationType`, code: 'IRCP' }] },
        reference: { reference: 'Practitioner/doctor' },
      },
    ],
  },
};

const facts = (name: string, about: string[] = [], rest: Partial<Attributes> = {}): Attributes => {
  const [type = '', id = ''] = name.split('/');
  return {
    type,
    id,
    patients: ['p'],
    by: 'Organization/lab',
    labels: [],
    codes: [],
    about,
    authors: [],
    ...rest,
  };
};
const MASKED = { labels: ['*|MASQUE_PS'] };

const policies: PolicySource = {
  rules,
  policies: async (patients) =>
    new Map(
      patients.map((patient) => [patient, { policy: compile(patient, [consent], rules), named: new Map() }]),
    ),
  grantors: async () => [],
  closed: async () => [],
  key: (term) => term.replace(/^label=/, ''),
};

/** A store of these, of which all may be known. */
function portOf(items: readonly Attributes[]): ResourceStore {
  const all = [facts('Consent/c'), ...items];
  return {
    policies,
    attributes: async (
      _access: Access,
      of: { types: readonly string[]; only?: readonly string[] },
      limit: number,
    ) =>
      all
        .filter((each) => of.types.includes(each.type) && of.only?.includes(nameOf(each)) !== false)
        .slice(0, limit + 1),
    readable: async () => [],
  } as unknown as ResourceStore;
}

const subject = (reference: string): Subject => ({
  role: 'patient',
  reference,
  depositor: reference,
  related: [],
  emergencies: [],
  regulator: false,
  organizations: [],
  purposes: ['PATRQT'],
  scopes: [{ context: 'patient', type: '*', interactions: 'cruds' }],
  rights: [],
  idPrefixes: [],
  client: 'test',
});
const insightOf = (items: readonly Attributes[], reference = 'Patient/p') =>
  Insight.of(
    portOf(items),
    Access.of(subject(reference), policies, Date.now, () => {}),
    'p',
  );

const doctor: Caller = {
  role: 'professional',
  persons: ['Practitioner/doctor'],
  groups: [],
  profession: '10',
  purposes: ['TREAT'],
  depositor: 'Practitioner/doctor',
  rights: [],
  emergencies: [],
  regulator: false,
};
const TYPES = ['Condition', 'List', 'Composition', 'AuditEvent'];

/** The line that decides of each. */
async function lines(items: readonly Attributes[]): Promise<Record<string, string>> {
  const insight = (await insightOf(items))!;
  const sights = await insight.sights(await insight.items(TYPES), doctor, Date.now(), new Map());
  return Object.fromEntries(
    sights.map(({ facts: each, decision }) => [nameOf(each), `${decision.effect} ${decision.line}`]),
  );
}

it('is for nobody but who speaks for the patient', async () => {
  expect(await insightOf([])).toBeDefined();
  expect(await insightOf([], 'Patient/q')).toBeUndefined();
});

it('hides with what is hidden all that names it, however far', async () => {
  expect(
    await lines([
      facts('Condition/open'),
      facts('Condition/masked', [], MASKED),
      facts('List/open', ['Condition/open', 'Patient/p']),
      facts('List/masked', ['Condition/masked', 'Condition/open']),
      facts('Composition/far', ['List/masked']),
      facts('List/round', ['Composition/round']),
      facts('Composition/round', ['List/round', 'Composition/far']),
      facts('List/own', ['Condition/masked'], { by: 'Practitioner/doctor' }),
      facts('List/absent', ['Condition/absent']),
      facts('List/long', ['*']),
    ]),
  ).toEqual({
    'Condition/open': 'permit 10',
    'Condition/masked': 'deny 9',
    'List/open': 'permit 10',
    'List/masked': 'deny 0',
    'Composition/far': 'deny 0',
    'List/round': 'deny 0',
    'Composition/round': 'deny 0',
    'List/own': 'permit 3',
    'List/absent': 'permit 10',
    'List/long': 'deny 0',
  });
});

it('looks at one with all that it names, in a ring too', async () => {
  const insight = (await insightOf([
    facts('List/a', ['Composition/b', 'Condition/gone']),
    facts('Composition/b', ['List/a', 'Condition/c']),
    facts('Condition/c'),
    facts('Condition/other'),
  ]))!;
  expect((await insight.item(TYPES, 'List/a')).map(nameOf)).toEqual([
    'List/a',
    'Composition/b',
    'Condition/c',
  ]);
  expect(await insight.item(TYPES, 'Condition/gone')).toEqual([]);
});

it('looks at no traces', async () => {
  const insight = (await insightOf([facts('AuditEvent/a')]))!;
  expect(await insight.items(TYPES)).toEqual([]);
});

it('looks at so many resources, and says when there are more', async () => {
  const many = Array.from({ length: MOST_LOOKED_AT + 1 }, (_, i) => facts(`Condition/${i}`));
  expect(await (await insightOf(many.slice(1)))!.items(TYPES)).toHaveLength(MOST_LOOKED_AT);
  const tooMany = (await insightOf(many))!;
  await expect(tooMany.items(TYPES)).rejects.toThrow(/more than 5000 resources/);
  expect(await tooMany.item(TYPES, 'Condition/1')).toHaveLength(1);
});
