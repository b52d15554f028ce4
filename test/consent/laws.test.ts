/** What holds whatever a patient states. "Never more": what is given after was given before. */
import fc from 'fast-check';
import { type Caller, compile, grantees, permitted } from '../../src/consent/policy.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { callers, consents, manyConsents, moments, provisions, strangers } from './support/arbitrary.ts';
import { resources } from './support/arbitrary-resource.ts';
import { allows } from './support/engine.ts';

const RUNS = { numRuns: 1000 };
const situation = fc.record({ caller: callers, resource: resources, now: moments });
type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never;

const gives = (says: readonly Resource[], { caller, resource, now }: Situation) =>
  allows(says, resource, caller, new Date(now));
const neverMore = (before: readonly Resource[], after: readonly Resource[], each: Situation) =>
  !gives(after, each) || gives(before, each);

/** The Consent with each of its provisions, innermost first, as `change` leaves it. */
function changed(consent: Resource, change: (provision: Json) => Json): Resource {
  const visit = (provision: Json): Json => {
    const nested = provision.provision as Json[] | undefined;
    return change(nested === undefined ? provision : { ...provision, provision: nested.map(visit) });
  };
  return consent.provision === undefined
    ? consent
    : { ...consent, provision: visit(consent.provision as Json) };
}
const another = (consent: Resource): Resource => ({ ...consent, id: 'another', meta: { versionId: '1' } });

/** Every object in a value that may be given one more element. */
function objectsIn(value: unknown): Json[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) ? inner : [value as Json, ...inner];
}

it('the order of Consents changes nothing', () => {
  fc.assert(
    fc.property(
      manyConsents,
      situation,
      (says, each) => gives(says, each) === gives([...says].reverse(), each),
    ),
    RUNS,
  );
});

it('adding a Consent that only denies never shows more', () => {
  fc.assert(
    fc.property(manyConsents, consents, situation, (says, one, each) => {
      const denying = changed(another(one), (provision) => ({ ...provision, type: 'deny' }));
      return neverMore(says, [...says, denying], each);
    }),
    RUNS,
  );
});

it('removing a Consent that only permits never shows more', () => {
  fc.assert(
    fc.property(manyConsents, consents, situation, (says, one, each) => {
      const permitting = changed(another(one), (provision) => ({ ...provision, type: 'permit' }));
      return neverMore([...says, { ...permitting, policyRule: undefined }], says, each);
    }),
    RUNS,
  );
});

it('removing a permit from inside a Consent never shows more', () => {
  let removed = 0;
  fc.assert(
    fc.property(manyConsents, situation, fc.nat(), (says, each, at) => {
      let counted = 0;
      const isLeaf = ({ type, provision }: Json) => type === 'permit' && provision === undefined;
      for (const consent of says) changed(consent, (one) => ((counted += isLeaf(one) ? 1 : 0), one));
      fc.pre(counted > 0);
      let passed = 0;
      const wanted = at % counted;
      const after = says.map((consent) => {
        // its parent leaves it out; a root has none, and goes with its Consent
        const less = changed(consent, (one) =>
          isLeaf(one) && passed++ === wanted
            ? { gone: true }
            : Array.isArray(one.provision)
              ? { ...one, provision: (one.provision as Json[]).filter(({ gone }) => gone !== true) }
              : one,
        );
        return (less.provision as Json | undefined)?.gone === true ? { ...less, provision: undefined } : less;
      });
      removed += 1;
      return neverMore(says, after, each);
    }),
    RUNS,
  );
  expect(removed).toBe(RUNS.numRuns);
});

it.each(['unheardOf', 'extension', 'modifierExtension', '_type', 'implicitRules'])(
  'adding %s anywhere never shows more',
  (name) => {
    fc.assert(
      fc.property(manyConsents, situation, fc.nat(), (says, each, at) => {
        const after = structuredClone(says);
        const places = after.flatMap((consent) => [consent, ...objectsIn(consent.provision)]);
        const place = places[at % places.length]!;
        fc.pre(!Object.hasOwn(place, name));
        place[name] = [{ url: 'https://x.example' }];
        return neverMore(says, after, each);
      }),
      { numRuns: 500 },
    );
  },
);

it('replacing an element of a provision by what can’t be read never shows more', () => {
  fc.assert(
    fc.property(
      manyConsents,
      situation,
      fc.nat(),
      fc.constantFrom(null, 7, 'x', [], [null], ['x'], [{}]),
      (says, each, at, value) => {
        const after = structuredClone(says);
        const provisionsIn = (one: Json): Json[] => [
          one,
          ...((one.provision ?? []) as Json[]).flatMap(provisionsIn),
        ];
        const places = after.flatMap(({ provision }) =>
          provision === undefined ? [] : provisionsIn(provision as Json),
        );
        const known = places.flatMap((place) =>
          Object.keys(place).flatMap((name) => (/^(type|provision)$/.test(name) ? [] : [{ place, name }])),
        );
        fc.pre(known.length > 0);
        const { place, name } = known[at % known.length]!;
        place[name] = value;
        return neverMore(says, after, each);
      },
    ),
    RUNS,
  );
});

it('permits that name nobody never open to a system, an app or a patient', () => {
  const given = { professional: 0, other: 0 };
  const nobodyNamed = fc.array(provisions(), { minLength: 1, maxLength: 3 }).map((roots) =>
    roots.map((provision, index) =>
      changed(
        {
          resourceType: 'Consent',
          id: `c${index}`,
          meta: { versionId: '1' },
          status: 'active',
          scope: {
            coding: [
              { system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' },
            ],
          },
          provision,
        },
        ({ actor: _actor, ...others }) => others,
      ),
    ),
  );
  fc.assert(
    fc.property(nobodyNamed, strangers, situation, (says, stranger, each) => {
      if (gives(says, { ...each, caller: { ...each.caller, professional: true } })) given.professional += 1;
      if (gives(says, { ...each, caller: stranger })) given.other += 1;
    }),
    RUNS,
  );
  expect(given.professional).toBeGreaterThan(RUNS.numRuns / 10);
  expect(given.other).toBe(0);
});

it('who has fewer names and is no professional is never given more by permits', () => {
  fc.assert(
    fc.property(manyConsents, situation, (says, each) => {
      const permits = says.map((consent) => ({
        ...changed(consent, (one) => ({ ...one, type: 'permit' })),
        policyRule: undefined,
      }));
      const nobody: Caller = { ...each.caller, persons: [], groups: [], professional: false };
      return !gives(permits, { ...each, caller: nobody }) || gives(permits, each);
    }),
    RUNS,
  );
});

it('whom a Consent permits anything is found among its grantees', () => {
  let found = 0;
  fc.assert(
    fc.property(consents, callers, moments, (says, caller, now) => {
      if (permitted(compile([says]), caller, Date.parse(now)).is === 'none') return;
      found += 1;
      const names = grantees(says);
      const own = [...caller.persons, ...caller.groups, ...(caller.professional ? ['*'] : [])];
      expect(names.filter((name) => own.includes(name))).not.toEqual([]);
    }),
    RUNS,
  );
  expect(found).toBeGreaterThan(RUNS.numRuns / 10);
});
