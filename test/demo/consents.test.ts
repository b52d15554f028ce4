/** What the demo's family has stated opens to whom, by every line of `conformance/consent-rules.md`. */
import { matches } from '../../src/condition/condition.ts';
import { callerOf } from '../../src/consent/caller.ts';
import { plan } from '../../src/consent/lines.ts';
import { DECIDING, compile } from '../../src/consent/policy.ts';
import type { CallerName } from '../../src/demo/callers.ts';
import { demoCallers } from '../../src/demo/callers.ts';
import { demoResources } from '../../src/demo/deposits.ts';
import { patientsOf } from '../../src/fhir/subjects.ts';
import { nationalRules } from '../../src/config/national-rules.ts';
import { attributesOf, namedIn } from '../consent/support/engine.ts';

const now = new Date('2026-03-31T12:00:00Z');
const resources = demoResources(now);
const named = namedIn(resources);
const rules = nationalRules();
const PATIENTS = ['mother', 'father', 'child', 'teen', 'grandmother'];

/** Of the family, those of whom this caller may read a measure. */
function open(name: CallerName): string[] {
  const { reference } = demoCallers[name];
  const caller = callerOf({ ...demoCallers[name], scopes: [], emergencies: [], depositor: reference });
  return PATIENTS.filter((patient) => {
    const id = `demo-${patient}`;
    const said = resources.filter(
      (each) => DECIDING.some((type) => type === each.resourceType) && patientsOf(each).includes(id),
    );
    const measure = attributesOf({
      resourceType: 'Observation',
      id: 'x',
      subject: { reference: `Patient/${id}` },
    });
    return matches(plan(compile(id, said, rules), caller, rules, now.getTime(), named), measure);
  });
}

describe('by what the demo’s family stated', () => {
  it.each([
    ['patient', 'her own and her children’s', ['mother', 'child', 'teen']],
    ['father', 'his own and his children’s', ['father', 'child', 'teen']],
    ['teen', 'her own', ['teen']],
    ['grandmother', 'her own', ['grandmother']],
    ['gp', 'all of the family', PATIENTS],
    ['dentist', 'the mother, but not the grandmother, who denies', ['mother']],
    ['emergency', 'the grandmother, who names nobody; no more the father', ['grandmother']],
    ['samu', 'everybody: a regulator, and nobody has closed that', PATIENTS],
    ['hospital', 'nobody', []],
    ['lab', 'nobody', []],
    ['loader', 'nobody', []],
    ['operator', 'nobody', []],
  ] as const)('%s may read %s', (name, _, patients) => {
    expect(open(name)).toEqual(patients);
  });
});
