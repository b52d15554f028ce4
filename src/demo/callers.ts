/** Who may call the demo, with all that a token says of them: https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html */
import type { Emergency } from '../consent/caller.ts';
import type { Subject } from '../consent/subject.ts';
import type { Resource } from '../fhir/resource.ts';

export type CallerName =
  | 'patient'
  | 'father'
  | 'child'
  | 'teen'
  | 'grandmother'
  | 'gp'
  | 'dentist'
  | 'emergency'
  | 'samu'
  | 'hospital'
  | 'lab'
  | 'app'
  | 'operator'
  | 'reviewer'
  | 'security'
  | 'registrar'
  | 'loader'
  | 'all';

/** A subject before it is a token: `scope` is OAuth's string, and the depositor is the reference itself. */
export interface Caller extends Omit<Subject, 'scopes' | 'depositor' | 'tokenId' | 'emergencies'> {
  scope: string;
  emergency?: Emergency;
}

/** A resource and the caller that it comes from. */
export interface Deposited {
  caller: CallerName;
  resource: Resource;
}

/** What the callers of one kind share. */
const KIND = {
  patient: { role: 'patient', scope: 'patient/*.cruds', purposes: ['PATRQT'], client: 'carnet-portal' },
  professional: { role: 'professional', scope: 'user/*.cruds', purposes: ['TREAT'], client: 'carnet-ehr' },
  system: { role: 'system', scope: 'system/*.cruds', purposes: ['TREAT'] },
  app: { role: 'app', scope: 'patient/*.rs', purposes: ['PATRQT'] },
  operator: {
    role: 'operator',
    scope: 'user/Organization.rs',
    purposes: ['HSYSADMIN'],
    client: 'carnet-operations',
  },
  representative: {
    role: 'representative',
    scope: 'patient/*.cruds',
    purposes: ['PATRQT'],
    client: 'carnet-portal',
  },
  insurer: { role: 'insurer', scope: 'system/*.rs', purposes: ['HPAYMT'] },
  employer: { role: 'employer', scope: 'system/*.rs', purposes: ['TREAT'] },
  authority: { role: 'authority', scope: 'system/*.rs', purposes: ['PUBHLTH'] },
  all: { role: 'all', scope: 'system/*.cruds', purposes: ['TREAT'] },
} as const satisfies Record<Subject['role'], Partial<Caller>>;

type Row = { kind: Subject['role']; reference: string; name: string } & Partial<Caller>;

const RIGHTS = ['directory.write', 'registration.write', 'consent.write'];

const ROWS: Record<CallerName, Row> = {
  patient: {
    kind: 'patient',
    reference: 'Patient/demo-mother',
    name: 'Claire Delaunay',
    related: ['RelatedPerson/demo-child-mother', 'RelatedPerson/demo-teen-mother'],
  },
  father: {
    kind: 'patient',
    reference: 'Patient/demo-father',
    name: 'Julien Delaunay',
    related: ['RelatedPerson/demo-child-father', 'RelatedPerson/demo-teen-father'],
  },
  child: { kind: 'patient', reference: 'Patient/demo-child', name: 'Léo Delaunay' },
  teen: { kind: 'patient', reference: 'Patient/demo-teen', name: 'Inès Delaunay' },
  grandmother: { kind: 'patient', reference: 'Patient/demo-grandmother', name: 'Jeanne Rousselot' },
  gp: {
    kind: 'professional',
    reference: 'Practitioner/demo-gp',
    name: 'Dr Sophie Lambert',
    profession: '10',
    organizations: ['Organization/demo-practice'],
  },
  dentist: {
    kind: 'professional',
    reference: 'Practitioner/demo-dentist',
    name: 'Dr Marc Vidal',
    profession: '40',
    organizations: ['Organization/demo-dental'],
  },
  emergency: {
    kind: 'professional',
    reference: 'Practitioner/demo-emergency',
    name: 'Dr Nadia Benali',
    profession: '10',
    organizations: ['Organization/demo-hospital'],
  },
  samu: {
    kind: 'professional',
    reference: 'Practitioner/demo-samu',
    name: 'Dr Paul Kerjean',
    profession: '10',
    organizations: ['Organization/demo-samu'],
    purposes: ['ETREAT'],
    regulator: true,
  },
  hospital: {
    kind: 'system',
    reference: 'Organization/demo-hospital',
    name: 'Centre hospitalier des Tilleuls',
    organizations: ['Organization/demo-hospital'],
  },
  lab: {
    kind: 'system',
    reference: 'Organization/demo-lab',
    name: 'Laboratoire du Canal',
    organizations: ['Organization/demo-lab'],
  },
  app: { kind: 'app', reference: 'Device/demo-app', name: 'Rythme' },
  operator: {
    kind: 'operator',
    reference: 'Practitioner/demo-operator',
    name: 'Alex Perrin',
    rights: ['registry.operate'],
  },
  reviewer: {
    kind: 'operator',
    reference: 'Practitioner/demo-reviewer',
    name: 'Inès Cadiou',
    rights: ['registry.review'],
  },
  security: {
    kind: 'operator',
    reference: 'Practitioner/demo-security',
    name: 'Yann Quéré',
    rights: ['registry.secure'],
  },
  registrar: {
    kind: 'system',
    reference: 'Organization/demo-registry',
    name: 'Registre des espaces de santé',
    organizations: ['Organization/demo-registry'],
    rights: RIGHTS,
    idPrefixes: ['demo-'],
  },
  loader: {
    kind: 'system',
    reference: 'Organization/demo-loader',
    name: 'Chargement de données',
    organizations: ['Organization/demo-loader'],
    rights: RIGHTS,
    idPrefixes: ['b-'],
  },
  all: {
    kind: 'all',
    reference: 'Device/demo-all',
    name: 'Appelant de test',
    rights: RIGHTS,
    idPrefixes: [''],
  },
};

function caller(name: string, { kind, ...row }: Row): Caller {
  const defaults = {
    client: `demo-${name}`,
    organizations: [],
    related: [],
    regulator: false,
    rights: [],
    idPrefixes: [] as string[],
  };
  if (kind === 'patient' || kind === 'professional' || kind === 'system') defaults.idPrefixes = [`${name}-`];
  return { ...defaults, ...KIND[kind], ...row, purposes: row.purposes ?? [...KIND[kind].purposes] };
}

/**
 * INVARIANT: no caller's id prefix begins another's (but that of `all`, which is any id). A PUT under a prefix tells its
 * holder whether the id is taken, so nothing under it may be hidden from them.
 */
export const demoCallers = Object.fromEntries(
  Object.entries(ROWS).map(([name, row]) => [name, caller(name, row)]),
) as Record<CallerName, Caller>;
