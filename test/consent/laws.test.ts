/** What holds whatever is stated, by all the lines. "Never more": what is given after was given before. */
import fc from 'fast-check';
import type { Decision } from '../../src/consent/lines.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { blocks, consents } from './support/arbitrary.ts';
import { provisions } from './support/arbitrary-provision.ts';
import { excludedCallers, strangers } from './support/arbitrary-caller.ts';
import { cases } from './support/arbitrary-case.ts';
import type { Case } from './support/case.ts';
import { decision, engine } from './support/engine.ts';
import {
  DELEGATION,
  HIDDEN_FROM_PATIENT,
  HIDDEN_FROM_REPRESENTATIVES,
  MASKS,
  POLICY,
  SPACE,
} from './support/universe.ts';
import { consent as plainConsent, relatedPerson, usual } from './support/usual.ts';

const RUNS = { numRuns: Number(process.env['LAWS'] ?? 500) };

const gives = (each: Case): boolean => decision(each).effect === 'permit';
const told = ({ effect, line, because }: Decision): string =>
  JSON.stringify([effect, line, [...because].sort()]);
const neverMore = (before: Case, after: Case): boolean => !gives(after) || gives(before);
const law = (sentence: string, holds: (each: Case, at: number, another: Resource) => boolean): void => {
  it(sentence, () => {
    fc.assert(fc.property(cases, fc.nat(), consents.map(named), holds), RUNS);
  });
};

/** The Consent with each of its provisions, innermost first, as `change` leaves it. */
function changed(consent: Resource, change: (provision: Json) => Json): Resource {
  const visit = (provision: unknown): unknown => {
    if (!isObject(provision)) return provision;
    const { provision: nested } = provision;
    return change(Array.isArray(nested) ? { ...provision, provision: nested.map(visit) } : provision);
  };
  return consent.provision === undefined ? consent : { ...consent, provision: visit(consent.provision) };
}
function named(consent: Resource): Resource {
  return { ...consent, id: 'another', meta: { versionId: '1' } };
}
function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
const adding = (each: Case, ...more: Resource[]): Case => ({
  ...each,
  consents: [...each.consents, ...more],
});
const policiesIn = ({ policy }: Resource): unknown[] =>
  Array.isArray(policy) ? (policy as Json[]).map(({ uri }) => uri) : [];
const saysNothing = ({ policy: _policy, policyRule: _rule, ...others }: Resource): Resource =>
  others as Resource;
/** All of its provisions of one type, and nothing said beside them. */
const only = (type: string, consent: Resource): Resource =>
  changed(saysNothing(consent), (provision) => ({ ...provision, type }));

function provisionsIn(one: unknown): Json[] {
  if (!isObject(one)) return [];
  return [one, ...(Array.isArray(one.provision) ? one.provision.flatMap(provisionsIn) : [])];
}

/** Every object in a value that may be given one more element. */
function objectsIn(value: unknown): Json[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) ? inner : [value as Json, ...inner];
}

law('the order of what is stated changes nothing', (each) => {
  const before = decision(each);
  const turned = {
    ...each,
    consents: [...each.consents].reverse(),
    careTeams: [...each.careTeams].reverse(),
  };
  return told(decision(turned)) === told(before);
});

law('a search finds what a read gives', (each) => {
  const { planned, effect } = engine(each);
  return planned === effect;
});

law('adding a Consent that only denies never shows more', (each, _, another) =>
  neverMore(each, adding(each, only('deny', another))),
);

law('adding a deny inside a Consent never shows more', (each, at, another) => {
  const after = structuredClone(each);
  const places = after.consents.flatMap(({ provision }) => provisionsIn(provision));
  const denying = only('deny', another).provision;
  fc.pre(places.length > 0 && denying !== undefined);
  const place = places[at % places.length]!;
  // what stands there and is no list denies too
  place.provision = [...[place.provision ?? []].flat(), denying];
  return neverMore(each, after);
});

law('removing a Consent that only permits never shows more', (each, _, another) =>
  neverMore(adding(each, only('permit', another)), each),
);

it('adding a Block never shows more', () => {
  fc.assert(
    fc.property(cases, blocks.map(named), (each, block) => neverMore(each, adding(each, block))),
    RUNS,
  );
});

law('removing a permit from inside a Consent never shows more', (each, at) => {
  let counted = 0;
  const isLeaf = ({ type, provision }: Json): boolean => type === 'permit' && provision === undefined;
  const isTouched = (consent: Resource): boolean => !policiesIn(consent).includes(POLICY.block);
  const touched = each.consents.filter(isTouched);
  for (const consent of touched) changed(consent, (one) => ((counted += isLeaf(one) ? 1 : 0), one));
  fc.pre(counted > 0);
  let passed = 0;
  const wanted = at % counted;
  // its parent leaves it out; a root has none, and goes with its Consent
  const after = touched.flatMap((consent) => {
    const less = changed(consent, (one) =>
      isLeaf(one) && passed++ === wanted
        ? { gone: true }
        : Array.isArray(one.provision)
          ? {
              ...one,
              provision: (one.provision as Json[]).filter(
                (nested) => !isObject(nested) || nested.gone !== true,
              ),
            }
          : one,
    );
    return isObject(less.provision) && less.provision.gone === true ? [] : [less];
  });
  return neverMore(each, {
    ...each,
    consents: [...after, ...each.consents.filter((one) => !isTouched(one))],
  });
});

it.each(['unheardOf', 'extension', 'modifierExtension', '_type', 'implicitRules'])(
  'adding %s anywhere in what is stated never shows more',
  (name) => {
    fc.assert(
      fc.property(cases, fc.nat(), (each, at) => {
        const after = structuredClone(each);
        const stated = [...after.consents, ...after.relatedPersons, ...after.careTeams, ...after.named];
        const places = objectsIn(stated);
        const place = places[at % places.length]!;
        fc.pre(!Object.hasOwn(place, name));
        place[name] = [{ url: 'https://x.example' }];
        return neverMore(each, after);
      }),
      RUNS,
    );
  },
);

it('replacing an element of a provision by what can’t be read never shows more', () => {
  fc.assert(
    fc.property(
      cases,
      fc.nat(),
      fc.constantFrom(null, 7, 'x', [], [null], ['x'], [{}]),
      (each, at, value) => {
        const after = structuredClone(each);
        const known = after.consents
          .flatMap(({ provision }) => provisionsIn(provision))
          .flatMap((place) =>
            Object.keys(place).flatMap((name) => (/^(type|provision)$/.test(name) ? [] : [{ place, name }])),
          );
        fc.pre(known.length > 0);
        const { place, name } = known[at % known.length]!;
        place[name] = value;
        return neverMore(each, after);
      },
    ),
    RUNS,
  );
});

it('an excluded caller is given nothing, whatever they deposited', () => {
  fc.assert(
    fc.property(cases, excludedCallers, (each, caller) => {
      const { effect, line } = decision({ ...each, rules: {}, caller, by: caller.depositor });
      return effect === 'deny' && line === 1;
    }),
    RUNS,
  );
});

law('a closed space gives nothing, but the Patient to themself and to who registers', (each) => {
  const patient = { ...usual.patient!, ...each.patient, extension: [{ url: SPACE, valueCode: 'closed' }] };
  const { caller, resource } = each;
  const isSelf = caller.role === 'patient' && caller.persons[0] === 'Patient/p';
  const knows = isSelf || caller.rights.includes('registration.write');
  const isGiven = gives({ ...each, patient });
  return (
    !isGiven || (knows && resource.resourceType === 'Patient' && decision({ ...each, patient }).line === 2)
  );
});

law('who is blocked is given nothing but their own deposits', (each) => {
  const role = {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' }],
  };
  const actor = [{ role, reference: { reference: each.caller.persons[0] } }];
  const block = named({ ...plainConsent, policy: [{ uri: POLICY.block }], provision: { actor } });
  const { effect, line } = decision(adding(each, block));
  // line 2: who registers knows of the account
  return (
    effect === 'deny' || line <= 3 || (line === 6 && ['patient', 'representative'].includes(each.caller.role))
  );
});

/** Without its provisions' labels, which may speak of the very label that is added. */
const blind = (each: Case): Case => ({
  ...each,
  consents: each.consents.map((consent) =>
    changed(consent, ({ securityLabel: _labels, ...others }) => others),
  ),
});
const marked = (each: Case, label: Json): Case => {
  const security = [...(each.resource.meta?.security ?? []), label];
  const resource = { ...each.resource, meta: { ...each.resource.meta, security } } as Resource;
  return { ...each, resource };
};
it.each([
  ['masking', MASKS],
  ['hiding from the patient', HIDDEN_FROM_PATIENT],
  ['hiding from representatives', HIDDEN_FROM_REPRESENTATIVES],
])('%s never shows more, where no Consent speaks of labels', (_, labels) => {
  fc.assert(
    fc.property(cases.map(blind), fc.constantFrom<Json>(...labels), (each, label) => {
      const isHiding = HIDDEN_FROM_PATIENT.some((one) => one === label);
      const after = { ...marked(each, label), ...(isHiding ? { hiddenSince: each.now } : {}) };
      // one label that is older already shows
      fc.pre(!isHiding || each.hiddenSince === undefined);
      return neverMore(each, after);
    }),
    RUNS,
  );
});

law('what is masked is given by the lines before 9 alone', (each) => {
  const { effect, line } = decision(marked(each, MASKS[0]!));
  return effect === 'deny' || line < 9;
});

const REST = { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' };

law('traces are given to their patient, to who stands for them and by line 8 alone', (each) => {
  const trace: Resource = { resourceType: 'AuditEvent', id: '1', recorded: each.now };
  const { effect, line } = decision({ ...each, resource: trace });
  const granted = { ...trace, type: REST, outcome: '0' };
  const own = decision({ ...each, resource: granted, by: 'carnet' });
  const refused = decision({ ...each, resource: { ...granted, outcome: '4' }, by: 'carnet' });
  return (
    [decision({ ...each, resource: granted, by: 'Organization/lab' }), refused, { effect, line }].every(
      (one) => one.effect === 'deny' || one.line === 3 || one.line === 6,
    ) &&
    (own.effect === 'deny' || [3, 6, 8].includes(own.line))
  );
});

it('permits that name nobody never open to a system, an app or a patient', () => {
  const given = { professional: 0, other: 0 };
  const nobodyNamed = fc.array(provisions(), { minLength: 1, maxLength: 3 }).map((roots) =>
    roots.map((provision, index) => ({
      ...changed({ ...plainConsent, provision }, ({ actor: _actor, ...others }) => others),
      id: `c${index}`,
    })),
  );
  fc.assert(
    fc.property(nobodyNamed, strangers, cases, (says, stranger, { resource, now }) => {
      const each = { ...usual, consents: says, resource, now };
      if (gives(each)) given.professional += 1;
      if (gives({ ...each, caller: { ...stranger, depositor: 'Device/x' } })) given.other += 1;
    }),
    RUNS,
  );
  expect(given.professional).toBeGreaterThan(RUNS.numRuns / 10);
  expect(given.other).toBe(0);
});

it('a link that doesn’t count never shows more than one that does', () => {
  const kinds = fc.constantFrom('legal-protection', 'caregiver');
  const broken = fc.constantFrom<Json>(
    { active: false },
    { period: { end: '2019' } },
    { period: { end: 'soon' } },
    { modifierExtension: [] },
    { implicitRules: 'https://x.example' },
    { relationship: [] },
  );
  fc.assert(
    fc.property(cases, kinds, broken, (each, code, fault) => {
      const relationship = [{ coding: [{ system: DELEGATION, code }] }];
      const person = { ...relatedPerson, relationship };
      const caller = { ...each.caller, role: 'representative', persons: ['RelatedPerson/aunt'] };
      const asked = { ...each, caller };
      return neverMore(
        { ...asked, relatedPersons: [person] },
        { ...asked, relatedPersons: [{ ...person, ...fault }] },
      );
    }),
    RUNS,
  );
});
