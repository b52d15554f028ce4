import { matches } from '../../src/condition/condition.ts';
import { compile, permitted } from '../../src/consent/policy.ts';
import { callerOf } from '../../src/enforcement/access.ts';
import type { CallerName } from '../../src/demo/callers.ts';
import { demoCallers } from '../../src/demo/callers.ts';
import { demoResources } from '../../src/demo/deposits.ts';
import { patientsOf } from '../../src/fhir/subjects.ts';
import { attributesOf } from '../consent/support/engine.ts';

const now = new Date('2026-03-31T12:00:00Z');
const consents = demoResources(now).filter(({ resourceType }) => resourceType === 'Consent');
const PATIENTS = ['mother', 'father', 'child', 'teen', 'grandmother'];

/** Of the family, those whose consents let this caller read a measure. */
function open(name: CallerName): string[] {
  const { reference } = demoCallers[name];
  const caller = callerOf({ ...demoCallers[name], scopes: [], depositor: reference });
  return PATIENTS.filter((patient) => {
    const policy = compile(consents.filter((consent) => patientsOf(consent).includes(`demo-${patient}`)));
    const subject = { reference: `Patient/demo-${patient}` };
    const measure = attributesOf({ resourceType: 'Observation', id: 'x', subject });
    return matches(permitted(policy, caller, now.getTime()), measure);
  });
}

describe('by the demo consents', () => {
  it.each([
    ['gp', 'all of the family', PATIENTS],
    ['dentist', 'the mother, but not the grandmother, who denies', ['mother']],
    ['emergency', 'the grandmother, who names nobody; no more the father', ['grandmother']],
    ['samu', 'the grandmother', ['grandmother']],
    ['hospital', 'nobody', []],
    ['lab', 'nobody', []],
    ['loader', 'nobody', []],
    ['operator', 'nobody', []],
  ] as const)('%s may read %s', (name, _, patients) => {
    expect(open(name)).toEqual(patients);
  });
});
