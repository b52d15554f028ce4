import { compile, decide } from '../../src/consent/policy.js';
import { callerOf } from '../../src/enforcement/access.js';
import { demoCallers } from '../../src/demo/callers.js';
import { demoResources } from '../../src/demo/deposits.js';
import { patientsOf } from '../../src/fhir/subjects.js';
const now = new Date('2026-03-31T12:00:00Z');
const consents = demoResources(now).filter(({ resourceType }) => resourceType === 'Consent');
const PATIENTS = ['mother', 'father', 'child', 'teen', 'grandmother'];
/** Of the family, those whose consents let this caller read. */
function permitted(name) {
  const { scope, ...caller } = demoCallers[name];
  const subject = callerOf({ ...caller, scopes: [], depositor: caller.reference });
  return PATIENTS.filter((patient) => {
    const policy = compile(consents.filter((consent) => patientsOf(consent).includes(`demo-${patient}`)));
    return decide(policy, subject, now.getTime()).effect === 'permit';
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
  ])('%s may read %s', (name, _, patients) => {
    expect(permitted(name)).toEqual(patients);
  });
});
