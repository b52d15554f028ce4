/** Consents at random, made so that they often meet callers and resources, and permits really happen. */
import fc from 'fast-check';
import type { Resource } from '../../../src/fhir/resource.ts';
import {
  aClass,
  actor,
  concept,
  elements,
  NESTED_TYPES,
  period,
  pick,
  present,
  provisions,
  purpose,
  seldom,
  some,
  sometimes,
  system,
  unknown,
} from './arbitrary-provision.ts';
import type { Json } from './reference-words.ts';
import { LABELS, MOMENTS, MASKS, NAMED, NOW, PCF, POLICY } from './universe.ts';

const ROOT_TYPES = fc.oneof(
  { weight: 30, arbitrary: pick<unknown>('permit', 'permit', 'permit', 'deny') },
  { weight: 1, arbitrary: pick<unknown>(undefined, 'other') },
);
const scope = (...codes: string[]) => concept(...codes.map((each) => system('consentscope', each)));

const policies = (...uris: string[]) => uris.map((uri) => ({ uri }));
const policy = fc.oneof(
  { weight: 5, arbitrary: fc.constant(policies(POLICY.administrator)) },
  { weight: 1, arbitrary: fc.constant(policies(POLICY.maskNew)) },
  { weight: 4, arbitrary: pick(...PCF).map((uri) => policies(uri)) },
  { weight: 1, arbitrary: pick(...PCF).map((uri) => policies(uri, 'https://x.example')) },
);

export const consents: fc.Arbitrary<Resource> = fc
  .record({
    status: fc.oneof(
      { weight: 20, arbitrary: fc.constant('active') },
      { weight: 1, arbitrary: pick('inactive', 'draft') },
    ),
    scope: fc.oneof(
      { weight: 25, arbitrary: fc.constant<unknown>(scope('patient-privacy')) },
      {
        weight: 1,
        arbitrary: pick<unknown>(
          scope('research'),
          scope('treatment', 'adr'),
          scope('patient-privacy', 'research'),
          {},
          { coding: [{ code: 'patient-privacy' }] },
        ),
      },
    ),
    policyRule: seldom(
      pick('OPTOUT', 'OPTOUTE', 'OPTIN').map((each) => concept({ code: each })),
      4,
      fc.constant({}),
    ),
    policy: seldom(policy, 12, fc.constant({})),
    modifierExtension: seldom(fc.constant([{ url: 'https://x.example' }]), 2),
    implicitRules: seldom(fc.constant('https://x.example'), 2, fc.constant('')),
    provision: fc.oneof(
      { weight: 30, arbitrary: provisions(0, ROOT_TYPES) },
      { weight: 1, arbitrary: fc.constant(undefined) },
    ),
  })
  .map((value) => present({ resourceType: 'Consent', ...value }) as Resource);

const USUAL = { resourceType: 'Consent', status: 'active', scope: scope('patient-privacy') };

/** A refusal of somebody. All but its actors and period changes nothing. */
export const blocks: fc.Arbitrary<Resource> = fc
  .record({
    policy: pick(policies(POLICY.block), policies('https://x.example', POLICY.block)),
    status: pick('active', 'active', 'active', 'inactive'),
    scope: pick<Json | undefined>(scope('patient-privacy'), scope('research'), undefined),
    provision: seldom(
      fc
        .record({
          type: seldom(pick('permit', 'deny'), 80),
          period: seldom(period, 20),
          actor: seldom(some(actor), 95),
          class: seldom(some(aClass), 10),
          modifierExtension: unknown,
        })
        .map(present),
      96,
      pick<unknown>({}, []),
    ),
  })
  .map((value) => ({ ...USUAL, ...present(value) }) as Resource);

/** The patient's switches of emergencies: opened or closed, for masked documents too, for somebody or all. */
const emergencyPurpose = pick('BTG', 'ETREAT').map((each) => system('v3-ActReason', each));
export const switches: fc.Arbitrary<Resource> = fc
  .record({
    type: pick('permit', 'deny'),
    purpose: some(fc.oneof({ weight: 4, arbitrary: emergencyPurpose }, { weight: 1, arbitrary: purpose })),
    securityLabel: seldom(some(pick<Json>(...MASKS, ...MASKS, ...LABELS)), 60),
    actor: seldom(some(actor), 20),
    provision: seldom(
      some(
        fc
          .record({ type: NESTED_TYPES, purpose: seldom(some(purpose), 20), elements })
          .map(({ elements: own, ...others }) => present({ ...own, ...others })),
      ),
      20,
    ),
  })
  .map((provision) => ({ ...USUAL, provision: present(provision) }) as Resource);

/** Somebody let in by name, as a general practitioner, an administrator or an aidant is. */
const invitations: fc.Arbitrary<Resource> = fc
  .record({
    policy: sometimes(fc.constant(policies(POLICY.administrator))),
    name: pick(
      'Practitioner/gp',
      'Practitioner/gp',
      'RelatedPerson/aunt',
      'RelatedPerson/aunt',
      ...NAMED,
      'PractitionerRole/gp',
      'CareTeam/t',
      'Group/g',
    ),
    class: seldom(some(aClass), 15),
    provision: seldom(some(fc.record({ type: NESTED_TYPES, class: some(aClass) }).map(present), 1), 20),
  })
  .map(({ policy: uris, name, ...more }) => {
    const who = { role: concept(system('v3-ParticipationType', 'IRCP')), reference: { reference: name } };
    return present({
      ...USUAL,
      policy: uris,
      provision: present({ type: 'permit', actor: [who], ...more }),
    }) as Resource;
  });

const written = pick(
  ...Array.from({ length: 8 }, () => NOW),
  '2017-01-01T00:00:00.000Z',
  '2024-02-29T23:59:59.999Z',
);

/** Each under its own id. */
export const manyConsents = fc
  .array(
    fc.oneof(
      { weight: 16, arbitrary: consents },
      { weight: 1, arbitrary: blocks },
      { weight: 3, arbitrary: switches },
      { weight: 5, arbitrary: invitations },
    ),
    { minLength: 1, maxLength: 4 },
  )
  .chain((list) =>
    fc.tuple(
      ...list.map((consent, index) =>
        written.map((lastUpdated): Resource => ({
          ...consent,
          id: `c${index}`,
          meta: { versionId: '1', lastUpdated },
        })),
      ),
    ),
  );

export const moments = pick(...MOMENTS);
