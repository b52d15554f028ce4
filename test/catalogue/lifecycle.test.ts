/** Who moves an app from state to state, and what wants two people. */
import fc from 'fast-check';
import type { Duty, Steward } from '../../src/catalogue/duty.ts';
import { DUTIES, RIGHTS, stewardOf } from '../../src/catalogue/duty.ts';
import { STEPS, connects, endOf, requireReviewed, stepBetween } from '../../src/catalogue/lifecycle.ts';
import { CRITERIA, type Listing, STATES, clientOf, descriptionIn } from '../../src/catalogue/listing.ts';
import { OPEN_FOR, type Proposal, requireSecond } from '../../src/catalogue/proposal.ts';
import { found } from '../../src/catalogue/shown.ts';
import { issuerIn } from '../../src/catalogue/issuer.ts';
import { systemIn } from '../../src/catalogue/system.ts';
import type { Subject } from '../../src/consent/subject.ts';
import { DESCRIPTION } from './support/description.ts';
import { PUBLIC_KEY } from './support/keys.ts';

const TYPES = new Set(['Observation', 'DocumentReference', 'Immunization']);
const NOW = Date.parse('2026-11-28T12:00:00Z');

const steward = (duty: Duty, id: string): Steward => ({ reference: `Practitioner/${id}`, duty });

describe('what lets an app in', () => {
  it('takes two people, of different duties', () => {
    const opening = STEPS.filter(({ to }) => to === 'listed');
    expect(opening.map(({ from }) => from)).toEqual(['under-review', 'suspended']);
    for (const { by, second } of opening) {
      expect(second?.some((duty) => !by.includes(duty))).toBe(true);
    }
  });

  it('is reached by a review alone', () => {
    expect(() => stepBetween('candidate', 'listed')).toThrow('under-review');
    expect(() => stepBetween('delisted', 'listed')).toThrow('nothing');
  });

  it('is confirmed by nobody who asked for it, nor by their like, nor twice, nor late', () => {
    const duty = fc.constantFrom(...DUTIES);
    fc.assert(
      fc.property(
        duty,
        duty,
        fc.boolean(),
        fc.constantFrom('open', 'confirmed', 'refused'),
        fc.nat(2 * OPEN_FOR),
        (first, then, same, state, later) => {
          const proposal: Proposal = {
            id: 'p',
            kind: 'client',
            about: 'x',
            change: {},
            by: steward(first, 'one'),
            second: DUTIES.filter((each) => each !== first),
            at: NOW,
            state: state as Proposal['state'],
          };
          const who = steward(then, same ? 'one' : 'two');
          const may = state === 'open' && !same && first !== then && later < OPEN_FOR;
          const tried = (): void => requireSecond(proposal, who, NOW + later);
          if (may) expect(tried).not.toThrow();
          else expect(tried).toThrow();
        },
      ),
    );
  });
});

it('shuts out on the word of one', () => {
  const closing = STEPS.filter(({ to }) => to === 'suspended' || to === 'delisted');
  expect(closing.every(({ second }) => second === undefined)).toBe(true);
  const delisted = closing.filter(({ to }) => to === 'delisted').map(({ from }) => from);
  expect(delisted.toSorted()).toEqual(STATES.filter((state) => state !== 'delisted').toSorted());
});

it('knows a steward by one duty alone, who is a person and an operator', () => {
  const subject = (role: string, reference: string, ...rights: string[]): Subject =>
    ({ role, reference, rights }) as unknown as Subject;
  for (const duty of DUTIES) {
    expect(stewardOf(subject('operator', 'Practitioner/x', RIGHTS[duty])).duty).toBe(duty);
  }
  for (const other of [
    subject('operator', 'Practitioner/x'),
    subject('operator', 'Practitioner/x', RIGHTS.operator, RIGHTS.reviewer),
    subject('operator', 'Organization/x', RIGHTS.operator),
    subject('professional', 'Practitioner/x', RIGHTS.operator),
    subject('system', 'Organization/x', RIGHTS.operator),
    subject('all', 'Device/x', RIGHTS.operator),
  ]) {
    expect(() => stewardOf(other)).toThrow();
  }
});

describe('a review', () => {
  const reviewed = (until: string | undefined, without?: string, verdict: 'met' | 'not-met' = 'met') =>
    ({
      reviews: CRITERIA.filter((each) => each !== without).map((criterion) => ({ criterion, verdict })),
      ...(until === undefined ? {} : { reviewedUntil: until }),
    }) as unknown as Listing;

  it('is whole, good and in force', () => {
    expect(() => requireReviewed(reviewed('2026-11-28'), NOW)).not.toThrow();
    expect(() => requireReviewed(reviewed('2026-11-27'), NOW)).toThrow('over');
    expect(() => requireReviewed(reviewed(undefined), NOW)).toThrow('no day');
    expect(() => requireReviewed(reviewed('2027-01-01', 'ethics'), NOW)).toThrow('ethics');
    expect(() => requireReviewed(reviewed('2027-01-01', undefined, 'not-met'), NOW)).toThrow('security');
  });

  it('holds to the end of its last day', () => {
    expect(new Date(endOf('2026-12-31')).toISOString()).toBe('2027-01-01T00:00:00.000Z');
  });
});

it('lets apps connect that are listed, and in a sandbox those that want to be', () => {
  expect(STATES.filter((state) => connects(state, false))).toEqual(['listed']);
  expect(STATES.filter((state) => connects(state, true))).toEqual(['candidate', 'under-review', 'listed']);
});

describe('a description', () => {
  it('gives its client the scopes of what was reviewed, and no other', () => {
    const client = clientOf(descriptionIn(DESCRIPTION, TYPES));
    const scopes = client.scope
      .split(' ')
      .filter((scope) => scope.includes('/') && !scope.startsWith('launch'));
    expect(scopes).toEqual(['patient/Observation.crus', 'patient/Immunization.rs']);
    expect(client.device).toBe('Device/app-rythme');
    expect(client.audience).toBe('patients');
    expect(client.about).toEqual({ publisher: 'Médiapps Santé', purpose: DESCRIPTION.purpose });
  });

  it.each([
    ['no object', []],
    ['an id with a slash', { ...DESCRIPTION, id: 'a/b' }],
    ['an unknown field', { ...DESCRIPTION, scope: 'system/*.cruds' }],
    ['one language alone', { ...DESCRIPTION, name: { fr: 'x' } }],
    ['no data', { ...DESCRIPTION, data: [] }],
    ['a type that isn’t served', { ...DESCRIPTION, data: [{ ...DESCRIPTION.data[0], type: 'Claim' }] }],
    ['another access', { ...DESCRIPTION, data: [{ ...DESCRIPTION.data[0], access: 'delete' }] }],
    [
      'a plain redirect',
      { ...DESCRIPTION, client: { ...DESCRIPTION.client, redirectUris: ['http://app.example/'] } },
    ],
    [
      'a script as redirect',
      { ...DESCRIPTION, client: { ...DESCRIPTION.client, redirectUris: ['javascript:alert(1)'] } },
    ],
    [
      'a redirect with a fragment',
      { ...DESCRIPTION, client: { ...DESCRIPTION.client, redirectUris: ['https://a.example/#x'] } },
    ],
    ['a key for who has none', { ...DESCRIPTION, client: { ...DESCRIPTION.client, jwks: { keys: [{}] } } }],
    [
      'no key for who needs one',
      { ...DESCRIPTION, client: { ...DESCRIPTION.client, auth: 'private_key_jwt' } },
    ],
  ])('is refused with %s', (_, value) => {
    expect(() => descriptionIn(value, TYPES)).toThrow();
  });
});

it('is found by words in either language, whatever their accents', () => {
  const listing = { ...descriptionIn(DESCRIPTION, TYPES), state: 'listed' } as Listing;
  const texts = ['', 'RYTHME', 'tension', 'blood pressure', 'mediapps tension', 'sante'];
  expect(texts.map((text) => found([listing], { text }).length)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(found([listing], { text: 'diabète' })).toEqual([]);
  expect(found([listing], { text: '', audience: 'professionals' })).toEqual([]);
});

it.each([
  ['a `patient/` scope', { scope: 'patient/*.rs' }],
  ['no keys', { jwks: undefined }],
  ['no keys in them', { jwks: { keys: [] } }],
  ['a secret', { secretHash: 'x' }],
  ['a right that is nobody’s', { rights: ['consent.write'] }],
  ['a prefix of one letter', { idPrefixes: ['a'] }],
  ['no organization', { organization: 'Device/x' }],
])('a system is refused with %s', (_, change) => {
  const system = {
    id: 'lab-1',
    name: 'Labo',
    organization: 'Organization/lab',
    scope: 'system/*.cu',
    jwks: { keys: [PUBLIC_KEY] },
  };
  expect(systemIn(system).system?.organization).toBe('Organization/lab');
  expect(() => systemIn({ ...system, ...change })).toThrow();
});

it.each([
  ['a role that reads everything', { roles: ['all'] }],
  ['a steward’s role', { roles: ['operator'] }],
  ['no role', { roles: [] }],
  ['plain http', { issuer: 'http://issuer.example' }],
  ['a name for an organization', { organizations: ['the hospital'] }],
])('an issuer is refused with %s', (_, change) => {
  const issuer = {
    issuer: 'https://issuer.example',
    jwksUri: 'https://issuer.example/jwks',
    roles: ['professional'],
  };
  expect(issuerIn(issuer).emergencies).toBe(false);
  expect(() => issuerIn({ ...issuer, ...change })).toThrow();
});
