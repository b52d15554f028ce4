/**
 * Who may write what, as a table: `.` may, R has no right, D only its depositor, P only one's own data, S it would open
 * something to its writer, C the token is of another patient.
 */
import { parseScopes } from '../../src/auth/scopes.ts';
import type { Subject } from '../../src/consent/subject.ts';
import { type Relation, type Writing, refusesWrite } from '../../src/consent/writing.ts';
import { nationalRules } from '../../src/config/national-rules.ts';

const subject = (role: Subject['role'], reference: string, rights: string[] = []): Subject => ({
  role,
  reference,
  depositor: reference,
  related: [],
  emergencies: [],
  regulator: false,
  organizations: [],
  purposes: [],
  scopes: [{ context: 'system', type: '*', interactions: 'cruds' }],
  rights,
  idPrefixes: [],
  client: 'test',
});

const WHO = {
  patient: subject('patient', 'Patient/mine'),
  professional: subject('professional', 'Practitioner/p'),
  system: subject('system', 'Organization/o'),
  registrar: subject('system', 'Organization/r', ['directory.write', 'registration.write', 'consent.write']),
  app: subject('app', 'Device/a'),
  operator: subject('operator', 'Practitioner/op'),
  all: subject('all', 'Device/all'),
};
type Who = keyof typeof WHO;

interface What {
  type: string;
  patients?: string[];
  /** An earlier version's depositor; one's own when `mine`. */
  before?: string;
}

const WHAT = {
  'one’s own document': { type: 'DocumentReference', patients: ['mine'] },
  'another’s document': { type: 'DocumentReference', patients: ['other'] },
  'a document of oneself and another': { type: 'DocumentReference', patients: ['mine', 'other'] },
  'a document of an unknown patient': { type: 'DocumentReference', patients: ['?'] },
  'a document of nobody': { type: 'DocumentReference' },
  'a change of what one deposited': { type: 'DocumentReference', patients: ['mine'], before: 'mine' },
  'a change of what another deposited': {
    type: 'DocumentReference',
    patients: ['mine'],
    before: 'Organization/x',
  },
  'one’s own Consent': { type: 'Consent', patients: ['mine'] },
  'another’s Consent': { type: 'Consent', patients: ['other'] },
  'a Consent of oneself and another': { type: 'Consent', patients: ['mine', 'other'] },
  'a Consent of an unknown patient': { type: 'Consent', patients: ['?'] },
  'a Consent of nobody': { type: 'Consent' },
  'a change of a Consent that another recorded': {
    type: 'Consent',
    patients: ['mine'],
    before: 'Organization/x',
  },
  'one’s own Patient': { type: 'Patient', patients: ['mine'] },
  'another’s Patient': { type: 'Patient', patients: ['other'] },
  'one’s own RelatedPerson': { type: 'RelatedPerson', patients: ['mine'] },
  'one’s own CareTeam': { type: 'CareTeam', patients: ['mine'] },
  'a Group': { type: 'Group' },
  'a Person': { type: 'Person', patients: ['mine'] },
  'an Encounter': { type: 'Encounter', patients: ['other'] },
  'an EpisodeOfCare': { type: 'EpisodeOfCare', patients: ['other'] },
  'a Practitioner': { type: 'Practitioner' },
  'a PractitionerRole': { type: 'PractitionerRole' },
  'an Organization that another wrote': { type: 'Organization', before: 'Organization/x' },
  'a Device of nobody': { type: 'Device' },
  'one’s own Device': { type: 'Device', patients: ['mine'] },
  'a Schedule of a patient': { type: 'Schedule', patients: ['other'] },
  'an AuditEvent': { type: 'AuditEvent', patients: ['mine'] },
} satisfies Record<string, What>;

// prettier-ignore
const TABLE: Record<keyof typeof WHAT, string> = {
  //                                          patient professional system registrar app operator all
  'one’s own document':                          '. . . . R R .',
  'another’s document':                          'P . . . R R .',
  'a document of oneself and another':           'P . . . R R .',
  'a document of an unknown patient':            'P . . . R R .',
  'a document of nobody':                        '. . . . R R .',
  'a change of what one deposited':              '. . . . R R .',
  'a change of what another deposited':          'D D D D D R .',
  'one’s own Consent':                           '. R R . R R .',
  'another’s Consent':                           'R R R . R R .',
  'a Consent of oneself and another':            'R R R . R R .',
  'a Consent of an unknown patient':             'R R R R R R .',
  'a Consent of nobody':                         'R R R . R R .',
  'a change of a Consent that another recorded': '. D D D D R .',
  'one’s own Patient':                           'R R R . R R .',
  'another’s Patient':                           'R R R . R R .',
  'one’s own RelatedPerson':                     'R R R . R R .',
  'one’s own CareTeam':                          'R R R . R R .',
  'a Group':                                     'R R R . R R .',
  'a Person':                                    'R R R . R R .',
  'an Encounter':                                'P . . . R R .',
  'an EpisodeOfCare':                            'P . . . R R .',
  'a Practitioner':                              'R R R . R R .',
  'a PractitionerRole':                          'R R R . R R .',
  'an Organization that another wrote':          'R R R . R R .',
  'a Device of nobody':                          'R R R . R R .',
  'one’s own Device':                            '. . . . R R .',
  'a Schedule of a patient':                     'P . . . R R .',
  'an AuditEvent':                               'R R R R R R .',
};

const SIGN = { right: 'R', depositor: 'D', patient: 'P', self: 'S', context: 'C' } as const;

it.each(Object.keys(TABLE) as (keyof typeof WHAT)[])('%s', (name) => {
  const { type, patients = [], before }: What = WHAT[name];
  const signs = (Object.keys(WHO) as Who[]).map((who) => {
    const by = before === 'mine' ? WHO[who].depositor : (before ?? WHO[who].depositor);
    const changes = before === undefined ? {} : { by };
    const relations = patients.map((patient): Relation =>
      WHO[who].reference === `Patient/${patient}` ? 'patient' : 'other',
    );
    const kind = before === undefined ? 'create' : 'change';
    const writing = { subject: WHO[who], relations, kind, after: { type, patients }, ...changes } as const;
    const refusal = refusesWrite(writing, nationalRules().excluded);
    return refusal === undefined ? '.' : SIGN[refusal];
  });
  expect(signs.join(' ')).toBe(TABLE[name]);
});

it.each<[string, Writing['kind'], string[], string, string]>([
  ['the patient in context', 'create', ['a'], 'patient/*.cruds', '.'],
  ['nobody’s', 'create', [], 'patient/*.cruds', '.'],
  ['another patient', 'create', ['b'], 'patient/*.cruds', 'C'],
  ['the patient in context and another', 'create', ['a', 'b'], 'patient/*.cruds', 'C'],
  ['a change of another patient’s', 'change', ['b'], 'patient/*.cruds', 'C'],
  ['a label of another patient’s', 'labels', ['b'], 'patient/*.cruds', 'C'],
  ['a deletion of another patient’s', 'delete', ['b'], 'patient/*.cruds', 'C'],
  ['another patient, by a scope beside it', 'create', ['b'], 'patient/*.cruds user/Observation.c', '.'],
  ['another patient, by one of another type', 'create', ['b'], 'patient/*.cruds user/Condition.c', 'C'],
  ['another patient, by one of other letters', 'create', ['b'], 'patient/*.cruds user/*.ruds', 'C'],
])('with a patient in context: %s', (_, kind, patients, scope, sign) => {
  const subject = { ...WHO.professional, patient: 'a', scopes: parseScopes(scope).scopes };
  const relations = patients.map((): Relation => 'other');
  const by = kind === 'create' ? {} : { by: subject.depositor };
  const writing = { subject, relations, kind, after: { type: 'Observation', patients }, ...by };
  const refusal = refusesWrite(writing, nationalRules().excluded);
  expect(refusal === undefined ? '.' : SIGN[refusal]).toBe(sign);
});

it.each<[string, Relation, string[], string]>([
  ['the patient permits whom they will', 'patient', ['Patient/mine'], '.'],
  ['a representative permits others', 'representative', ['Practitioner/p'], '.'],
  ['a representative does not permit themself', 'representative', ['Patient/mine'], 'S'],
  ['nor the RelatedPerson that they are', 'representative', ['*', 'RelatedPerson/mine'], 'S'],
  ['an aidant permits nobody', 'caregiver', ['Practitioner/p'], 'R'],
])('%s', (_, relation, opensTo, sign) => {
  const writer = { ...WHO.patient, related: ['RelatedPerson/mine'] };
  const after = { type: 'Consent', patients: ['a'] };
  const writing = { subject: writer, relations: [relation], kind: 'create', after, opensTo } as const;
  const refusal = refusesWrite(writing, []);
  expect(refusal === undefined ? '.' : SIGN[refusal]).toBe(sign);
});
