/** Who calls, at random: every role, with and without what makes each line apply. */
import fc from 'fast-check';
import type { ReferenceCaller } from './reference-words.ts';
import { PATIENT } from './universe.ts';

const pick = fc.constantFrom;

const purposes = pick<string[]>(
  ['TREAT'],
  ['TREAT'],
  ['TREAT'],
  ['BTG'],
  ['ETREAT', 'COC'],
  ['HRESCH'],
  ['TREAT', 'HRESCH'],
  ['SECRET'],
  [],
);

/** The last hours of the moments that tests look at. */
const SINCE = ['2026-03-10T11:30:00.000Z', '2026-03-09T12:00:00.000Z', '2026-03-10T12:00:00.500Z'];
const glass = fc.record({
  patient: pick(...Array<string>(6).fill(`Patient/${PATIENT}`), 'Patient/other'),
  reason: pick(
    'patient unconscious',
    'patient unconscious',
    'no consent',
    'no reason',
    '  no reason ',
    `why\u200b\u3164\u0301\u0001\u2800 now`,
  ),
  since: pick(SINCE[0]!, ...SINCE),
});

const professional = fc.record({
  role: fc.constant('professional'),
  persons: pick(
    ['Practitioner/gp'],
    ['Practitioner/gp'],
    ['Practitioner/gp', 'RelatedPerson/aunt'],
    ['Practitioner/dentist'],
    ['Practitioner/stranger'],
  ),
  groups: pick(['Organization/practice'], ['Organization/practice', 'Organization/hospital'], []),
  profession: pick('10', '10', '10', '40', '28', '86', '99', undefined),
  purposes,
  emergency: fc.constant(undefined),
  regulator: fc.constant(false),
});
const inEmergency = fc
  .tuple(professional, glass)
  .chain(([usual, emergency]) =>
    pick<Partial<ReferenceCaller>>(
      { purposes: ['BTG'], emergency },
      { purposes: ['BTG'], emergency },
      { purposes: ['TREAT', 'BTG'], emergency },
      { purposes: ['ETREAT'], emergency },
      { purposes: ['ETREAT'], regulator: true },
      { purposes: ['ETREAT'], regulator: true },
      { purposes: ['ETREAT', 'BTG'], regulator: true, emergency },
      { purposes: ['BTG'], regulator: true },
    ).map((more) => ({ ...usual, ...more })),
  );

const LAY = { profession: undefined, emergency: undefined, regulator: false };
const self = pick<Partial<ReferenceCaller>>(
  { role: 'patient', persons: [`Patient/${PATIENT}`] },
  { role: 'patient', persons: [`Patient/${PATIENT}`, 'RelatedPerson/aunt'] },
);
const relative = pick<Partial<ReferenceCaller>>(
  { role: 'patient', persons: ['Patient/other', 'RelatedPerson/aunt'] },
  { role: 'patient', persons: ['Patient/other', 'RelatedPerson/aunt', 'RelatedPerson/uncle'] },
  { role: 'representative', persons: ['RelatedPerson/aunt'] },
  { role: 'representative', persons: ['RelatedPerson/uncle'] },
);
const other = pick<Partial<ReferenceCaller>>(
  { role: 'system', persons: ['Organization/hospital'] },
  { role: 'patient', persons: ['Patient/other'] },
  { role: 'app', persons: ['Device/app'] },
  { role: 'app', persons: ['Device/app', 'RelatedPerson/aunt'] },
  { role: 'system', persons: ['Organization/hospital', `Patient/${PATIENT}`] },
);
const excluded = pick<Partial<ReferenceCaller>>(
  { role: 'operator', persons: ['Practitioner/gp'] },
  { role: 'insurer', persons: ['Organization/hospital'] },
  { role: 'employer', persons: ['Organization/practice'] },
  { role: 'authority', persons: ['Organization/hospital'] },
);
const lay = (who: fc.Arbitrary<Partial<ReferenceCaller>>) =>
  fc
    .record({ who, groups: pick<string[]>([], ['Organization/hospital']), purposes })
    .map(({ who: them, ...others }) => ({ ...LAY, ...others, ...them }));

const whole = <T extends Partial<ReferenceCaller>>(who: fc.Arbitrary<T>): fc.Arbitrary<ReferenceCaller> =>
  fc
    .record({
      who,
      rights: pick<string[]>([], [], [], ['registration.write'], ['consent.write', 'directory.write']),
    })
    .map(
      ({ who: { profession, emergency, ...them }, rights }) =>
        ({
          ...them,
          ...(profession === undefined ? {} : { profession }),
          ...(emergency === undefined ? {} : { emergency }),
          depositor: them.persons![0]!,
          // no duty is an app's: what it is given while nothing lets it in is nothing, and none of the lines
          rights: them.role === 'app' ? [] : rights,
        }) as ReferenceCaller,
    );

export const callers: fc.Arbitrary<ReferenceCaller> = fc.oneof(
  { weight: 16, arbitrary: whole(professional) },
  { weight: 10, arbitrary: whole(inEmergency) },
  { weight: 2, arbitrary: whole(lay(self)) },
  { weight: 4, arbitrary: whole(lay(relative)) },
  { weight: 4, arbitrary: whole(lay(other)) },
  { weight: 1, arbitrary: whole(lay(excluded)) },
);
/** Neither professionals nor tied to the patient. */
export const strangers = whole(lay(other));
export const emergencies = whole(inEmergency);
export const excludedCallers = whole(lay(excluded));
