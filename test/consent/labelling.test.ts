/** Who takes off which label; what may not be taken off stays, without a word. */
import { type Labeller, relabelled } from '../../src/consent/labelling.ts';
import type { Relation } from '../../src/consent/writing.ts';
import type { Resource } from '../../src/fhir/resource.ts';
import { nationalRules } from '../../src/config/national-rules.ts';

const RULES = nationalRules();
const { system } = RULES.labels.mask;

const document = (...codes: string[]): Resource => ({
  resourceType: 'DocumentReference',
  id: 'd',
  ...(codes.length === 0 ? {} : { meta: { security: codes.map((code) => ({ system, code })) } }),
});

const WHO = {
  patient: { isDepositor: false, relations: ['patient'] },
  'patient who deposited it': { isDepositor: true, relations: ['patient'] },
  representative: { isDepositor: false, relations: ['representative'] },
  aidant: { isDepositor: false, relations: ['caregiver'] },
  depositor: { isDepositor: true, relations: ['other'] },
  'depositor, on whom it was imposed': { isDepositor: true, relations: ['other'], imposed: true },
  'patient and another’s': { isDepositor: false, relations: ['patient', 'other'] },
} satisfies Record<string, { isDepositor: boolean; relations: Relation[]; imposed?: boolean }>;

// prettier-ignore
const TABLE: Record<keyof typeof WHO, string> = {
  //                                  MASQUE_PS INVISIBLE_PATIENT INVISIBLE_REPRESENTANTS_LEGAUX N
  patient:                             'off kept off off',
  'patient who deposited it':          'off kept off off',
  representative:                      'off kept kept off',
  aidant:                              'kept kept kept kept',
  depositor:                           'off off off off',
  'depositor, on whom it was imposed': 'kept kept kept kept',
  'patient and another’s':             'kept kept kept kept',
};
const CODES = ['MASQUE_PS', 'INVISIBLE_PATIENT', 'INVISIBLE_REPRESENTANTS_LEGAUX', 'N'];

it.each(Object.keys(TABLE) as (keyof typeof WHO)[])('what the %s takes off', (name) => {
  const { imposed = false, ...who }: { imposed?: boolean } & Omit<Labeller, 'mayAll' | 'isApp' | 'others'> =
    WHO[name];
  const left = CODES.map((code) => {
    const names = imposed ? [`${system}|${code}`] : [];
    const before = { resource: document(code), imposed: names, unshown: names };
    const { resource } = relabelled(
      document(),
      before,
      { ...who, mayAll: false, isApp: false, others: [] },
      RULES,
    );
    return resource.meta?.security?.[0]?.code === code ? 'kept' : 'off';
  });
  expect(left.join(' ')).toBe(TABLE[name]);
});
