/** Of whom the access matrix tells: a patient and what they stated, callers, resources, and what hides these. */
import type { Json, Resource } from '../../../src/fhir/resource.ts';
import type { Case } from './case.ts';
import type { ReferenceCaller } from './reference-words.ts';
import { rulesWith } from './rules.ts';
import { DELEGATION, DOCUMENT_CLASSES, HL7, LOINC, PATIENT, POLICY, SPACE, VISIBILITY } from './universe.ts';
import { careTeam, consent, relatedPerson, usual } from './usual.ts';

const { rows, classes } = rulesWith().matrix!;
const nameOf = (row: object): string => ('name' in row && typeof row.name === 'string' ? row.name : '');

const who = (reference: string): Json => ({
  role: { coding: [{ system: `${HL7}/v3-ParticipationType`, code: 'IRCP' }] },
  reference: { reference },
});
const purpose = (code: string): Json[] => [{ system: `${HL7}/v3-ActReason`, code }];
const label = (code: string): Json => ({ system: VISIBILITY, code });
const consents = (...said: Json[]): Resource[] =>
  said.map((each, index) => ({ ...consent, id: `c${index}`, ...each }));
const permits = (reference: string): Json => ({ provision: { type: 'permit', actor: [who(reference)] } });

/** What this patient stated: some are named, every professional is permitted for treatment, one is denied. */
const STATED = [
  { provision: { type: 'permit', purpose: purpose('TREAT') } },
  ...['gp', 'named', 'denied'].map((name) => permits(`Practitioner/${name}`)),
  { ...permits('Practitioner/administrator'), policy: [{ uri: POLICY.administrator }] },
  { provision: { type: 'deny', actor: [who('Practitioner/denied')] } },
  ...['RelatedPerson/aidant', 'RelatedPerson/friend', 'Organization/hospital', 'Device/app'].map(permits),
];
const relative = (id: string, code: string): Resource => ({
  ...relatedPerson,
  id,
  relationship: [{ coding: [{ system: DELEGATION, code }] }],
});
export const WORLD: Case = {
  ...usual,
  consents: consents(...STATED),
  patient: { ...usual.patient!, generalPractitioner: [{ reference: 'Practitioner/gp' }] },
  relatedPersons: [relative('guardian', 'legal-protection'), relative('aidant', 'caregiver')],
  careTeams: [
    {
      ...careTeam,
      encounter: { reference: 'Encounter/e' },
      participant: [{ member: { reference: 'Practitioner/member' } }],
    },
  ],
};

interface Hiding {
  means: string;
  said?: Partial<Case>;
  labels?: Json[];
  hiddenSince?: string;
}
const switches = (type: string, more: Json = {}): Json[] =>
  ['BTG', 'ETREAT'].map((mode) => ({ provision: { type, purpose: purpose(mode), ...more } }));
const MASKED = [label('MASQUE_PS')];

/** What the patient stated otherwise, and what the resource carries. */
export const HIDING: Record<string, Hiding> = {
  plain: { means: 'nothing hides it' },
  silent: { means: 'there is no Consent', said: { consents: [] } },
  masked: { means: 'it carries MASQUE_PS', labels: MASKED },
  unmasking: {
    means: 'it carries MASQUE_PS, and the switch of masked documents in emergencies is open',
    said: { consents: consents(...STATED, ...switches('permit', { securityLabel: MASKED })) },
    labels: MASKED,
  },
  switched: {
    means: 'there is no Consent but the closed switches of emergencies',
    said: { consents: consents(...switches('deny')) },
  },
  announced: {
    means: 'it has carried INVISIBLE_PATIENT for a week',
    labels: [label('INVISIBLE_PATIENT')],
    hiddenSince: '2026-03-03T12:00:00Z',
  },
  shown: {
    means: 'it has carried INVISIBLE_PATIENT for two months',
    labels: [label('INVISIBLE_PATIENT')],
    hiddenSince: '2026-01-10T12:00:00Z',
  },
  unrepresented: {
    means: 'it carries INVISIBLE_REPRESENTANTS_LEGAUX',
    labels: [label('INVISIBLE_REPRESENTANTS_LEGAUX')],
  },
  blocked: {
    means: 'a Block names everybody',
    said: { consents: consents(...STATED, { policy: [{ uri: POLICY.block }] }) },
  },
  closed: {
    means: 'the space is closed',
    said: { patient: { ...WORLD.patient!, extension: [{ url: SPACE, valueCode: 'closed' }] } },
  },
};

const caller = (role: string, person: string, purposes: string[], more: Partial<ReferenceCaller> = {}) => ({
  role,
  persons: [person],
  groups: [],
  purposes,
  depositor: person,
  rights: [],
  regulator: false,
  ...more,
});
const LAY: Record<string, ReferenceCaller> = {
  patient: caller('patient', `Patient/${PATIENT}`, ['PATRQT']),
  'another patient': caller('patient', 'Patient/other', ['PATRQT']),
  'legal representative': caller('representative', 'RelatedPerson/guardian', ['FAMRQT']),
  'aidant, named': caller('representative', 'RelatedPerson/aidant', ['FAMRQT']),
  'friend, named': caller('representative', 'RelatedPerson/friend', ['FAMRQT']),
  'app, named': caller('app', 'Device/app', ['PATRQT']),
  'another app': caller('app', 'Device/other', ['PATRQT']),
};
const OTHERS: Record<string, ReferenceCaller> = {
  'system, named': caller('system', 'Organization/hospital', ['TREAT']),
  'another system': caller('system', 'Organization/other', ['TREAT']),
  'the depositor': caller('system', 'Organization/lab', ['TREAT']),
  'who registers': caller('system', 'Organization/registry', ['TREAT'], { rights: ['registration.write'] }),
  ...Object.fromEntries(
    rulesWith().excluded.map((role) => [role, caller(role, 'Organization/hospital', ['TREAT'])]),
  ),
};
const professional = (person: string, profession?: string) =>
  caller('professional', `Practitioner/${person}`, ['TREAT'], profession === undefined ? {} : { profession });
const PROFESSIONALS: Record<string, ReferenceCaller> = {
  'general practitioner': professional('gp', '10'),
  administrator: professional('administrator', '10'),
  'physician, named': professional('named', '10'),
  'physician, denied': professional('denied', '10'),
  'nurse of the care team': professional('member', '60'),
  ...Object.fromEntries(
    rows.map((row) => [`${row.profession} ${nameOf(row)}`, professional('some', row.profession)]),
  ),
  '99, in no row': professional('some', '99'),
  'no profession': professional('some'),
};

/** How professionals call; the others have their own purposes. */
export const MODES: Record<
  string,
  { callers: Record<string, ReferenceCaller>; more: Partial<ReferenceCaller> }
> = {
  treatment: { callers: { ...LAY, ...PROFESSIONALS, ...OTHERS }, more: {} },
  'break-glass': {
    callers: PROFESSIONALS,
    more: {
      purposes: ['BTG'],
      emergency: {
        patient: `Patient/${PATIENT}`,
        reason: 'patient unconscious',
        since: '2026-03-10T11:30:00Z',
      },
    },
  },
  regulation: { callers: PROFESSIONALS, more: { purposes: ['ETREAT'], regulator: true } },
};

const subject = { reference: `Patient/${PATIENT}` };
const short = (system: string): string => system.slice(system.indexOf('|') + 1);
export const RESOURCES: Record<string, Resource> = {
  ...Object.fromEntries(
    Object.keys(classes)
      .map(short)
      .sort()
      .map((code) => [
        `c${code}`,
        {
          resourceType: 'DocumentReference',
          id: '1',
          subject,
          category: [{ coding: [{ system: DOCUMENT_CLASSES, code }] }],
        },
      ]),
  ),
  Lens: {
    resourceType: 'DocumentReference',
    id: '1',
    subject,
    type: { coding: [{ system: LOINC, code: '57832-8' }] },
  },
  Obs: { resourceType: 'Observation', id: '1', subject, encounter: { reference: 'Encounter/e' } },
  Comp: { resourceType: 'Composition', id: '1', subject },
  Pat: { resourceType: 'Patient', id: PATIENT },
  Audit: { resourceType: 'AuditEvent', id: '1' },
  Trace: {
    resourceType: 'AuditEvent',
    id: '1',
    type: { system: `${HL7}/audit-event-type`, code: 'rest' },
    outcome: '0',
  },
};
/** Who deposited them, where it is another than of the others. */
export const BY: Record<string, string> = { Trace: 'carnet' };
