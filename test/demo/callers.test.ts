import { type Relation, refusesWrite } from '../../src/consent/writing.ts';
import { nationalRules } from '../../src/config/national-rules.ts';
import { demoCallers } from '../../src/demo/callers.ts';
import type { CallerName } from '../../src/demo/callers.ts';
import { demoDeposits, demoResources } from '../../src/demo/deposits.ts';
import { patientsOf } from '../../src/fhir/subjects.ts';

const now = new Date('2026-03-31T12:00:00Z');
const names = Object.keys(demoCallers) as CallerName[];
const ids = new Set(demoResources(now).map(({ resourceType, id }) => `${resourceType}/${id}`));

describe('the demo callers', () => {
  it.each(names)('have a resource of their own: %s', (name) => {
    expect(ids).toContain(demoCallers[name].reference);
    for (const organization of demoCallers[name].organizations) expect(ids).toContain(organization);
  });

  it.each([
    ['patient', 'patient', 'patient/*.cruds'],
    ['teen', 'patient', 'patient/*.cruds'],
    ['gp', 'professional', 'user/*.cruds'],
    ['samu', 'professional', 'user/*.cruds'],
    ['hospital', 'system', 'system/*.cruds'],
    ['app', 'app', 'patient/*.rs'],
    ['operator', 'operator', 'user/Organization.rs'],
    ['all', 'all', 'system/*.cruds'],
  ] as const)('%s has role %s and scope %s', (name, role, scope) => {
    expect(demoCallers[name]).toMatchObject({ role, scope });
  });

  it('have a profession where the law asks for one', () => {
    const professions = names.filter((name) => demoCallers[name].profession !== undefined);
    expect(professions.map((name) => [name, demoCallers[name].profession])).toEqual([
      ['gp', '10'],
      ['dentist', '40'],
      ['emergency', '10'],
      ['samu', '10'],
    ]);
  });

  it('are three who may write the directory: registrar, loader and all', () => {
    expect(names.filter((name) => demoCallers[name].rights.includes('directory.write'))).toEqual([
      'registrar',
      'loader',
      'all',
    ]);
  });

  it('come for treatment, and only the regulator in an emergency', () => {
    for (const [name, { role, purposes, regulator }] of Object.entries(demoCallers)) {
      if (role === 'professional' || role === 'system')
        expect(purposes).toEqual([name === 'samu' ? 'ETREAT' : 'TREAT']);
      expect(regulator).toBe(name === 'samu');
      expect(purposes).not.toContain('BTG');
    }
  });

  it('have id prefixes of which none begins another', () => {
    const prefixes = names.filter((name) => name !== 'all').flatMap((name) => demoCallers[name].idPrefixes);
    for (const one of prefixes) {
      expect(prefixes.filter((other) => other.startsWith(one))).toEqual([one]);
    }
  });

  it('deposit under ids of their own only', () => {
    for (const { caller, resources } of demoDeposits(now)) {
      for (const { id = '' } of resources) {
        expect(demoCallers[caller].idPrefixes.some((prefix) => id.startsWith(prefix))).toBe(true);
      }
    }
  });

  it('may write what they deposit', () => {
    for (const { caller, resources } of demoDeposits(now)) {
      const { reference: by } = demoCallers[caller];
      const subject = {
        ...demoCallers[caller],
        scopes: [],
        depositor: by,
        emergencies: [],
        related: [],
        regulator: false,
      };
      for (const resource of resources) {
        const { resourceType: type, id = '' } = resource;
        const patients = patientsOf(resource);
        const relations = patients.map((patient): Relation =>
          by === `Patient/${patient}` ? 'patient' : 'other',
        );
        const writing = { subject, relations, kind: 'create', after: { type, patients } } as const;
        const refusal = refusesWrite(writing, nationalRules().excluded);
        expect([type, id, refusal]).toEqual([type, id, undefined]);
      }
    }
  });
});
