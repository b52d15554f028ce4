/**
 * Each rule of `conformance/consent-rules.md` by examples, held against the engine and against the reference evaluator.
 * What an example doesn't say is usual: an active privacy Consent, a physician who treats, a plain Observation, a day.
 */
import { readFileSync, readdirSync } from 'node:fs';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import type { Case } from './support/arbitrary.ts';
import { allows } from './support/engine.ts';
import { allowed } from './support/reference.ts';
import { HL7, NOW } from './support/universe.ts';

interface Example extends Partial<Omit<Case, 'consents'>> {
  sentence: string;
  consents: Json[];
  allowed: boolean;
}

const USUAL: Omit<Case, 'consents'> = {
  caller: {
    persons: ['Practitioner/gp'],
    groups: ['Organization/practice'],
    profession: '10',
    professional: true,
    purposes: ['TREAT'],
  },
  resource: { resourceType: 'Observation', id: '1', subject: { reference: 'Patient/p' } },
  now: NOW,
};
const consent = (said: Json, index: number): Resource => ({
  resourceType: 'Consent',
  id: `c${index}`,
  meta: { versionId: '1' },
  status: 'active',
  scope: { coding: [{ system: `${HL7}/consentscope`, code: 'patient-privacy' }] },
  ...said,
});

const folder = new URL('./cases/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

describe.each(files)('%s', (file) => {
  const examples = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Example[];
  it.each(examples)('$sentence: $allowed', ({ consents, allowed: wanted, ...others }) => {
    const { caller, resource, now } = { ...USUAL, ...others };
    const said = consents.map(consent);
    const verdicts = {
      engine: allows(said, resource, caller, new Date(now)),
      page: allowed(said, resource, caller, new Date(now)),
    };
    expect(verdicts).toEqual({ engine: wanted, page: wanted });
  });
});
