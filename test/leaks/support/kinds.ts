/** Every kind of hiding: what hides, from whom, and what both worlds, or only one of them, hold. conformance/consent-rules.md */
import type { Person } from '../../../src/auth/accounts.ts';
import { DELEGATION, POLICY, SPACE_STATUS } from '../../../src/consent/vocabulary.ts';
import type { Caller, CallerName } from '../../../src/demo/callers.ts';
import type { Resource } from '../../../src/fhir/resource.ts';
import { APPOINTMENT, type Cast, DOCUMENT, LIST } from './cast.ts';
import { SECRET, actor, consent, observation, person } from './content.ts';
import { composition, documentBundle } from './naming.ts';

const TRE = 'https://mos.esante.gouv.fr/NOS';
const VISIBILITY = `${TRE}/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument`;
const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
const LABELLED = { system: SECRET, code: 'labelled' };
const REASON = 'inconscient, sans famille';

export interface Kind extends Cast {
  /** After "hidden by". */
  says: string;
  like: CallerName;
  caller: Partial<Caller>;
  /** Whose data the hidden things are. */
  subjects: string;
  /** In both worlds; the patients and what they say. */
  both: Resource[];
  /** In one world alone: the patient too when their very existence is hidden. */
  alone: Resource[];
  /** What hides, when it comes after the things themselves: stated in both worlds, or in one alone. */
  hidesInBoth: Resource[];
  hides: Resource[];
  /** The label that is put on what is hidden. */
  puts?: { system: string; code: string };
  /** Deposited by the caller, in both worlds: only a label is hidden. */
  deposited?: true;
  /** A permit that ends while the caller turns the pages. */
  ends?: true;
  /** Hidden types other than the manner's own that this kind can't hide. */
  without: readonly string[];
  /** Ways that lead only to what this kind doesn't hide. */
  spares?: readonly number[];
  /** What makes visible things visible. */
  shown: object;
  /** Whose token comes from a launch, and of whom. */
  launched?: Launched;
}

export interface Launched {
  person: Pick<Person, 'role' | 'reference'> & Partial<Person>;
  /** Logical id. */
  of: string;
}

type Row = Partial<Omit<Kind, 'kind'>> & { says: string };

/** Its patient lets the caller read; `q` is another, whom only one world knows. */
export function row(kind: string, made: (names: { me: string; p: string; q: string }) => Row): Kind {
  const names = { me: `Practitioner/${kind}`, p: `${kind}-p`, q: `${kind}-q` };
  const { me, p } = names;
  const given = made(names);
  const like = given.like ?? 'gp';
  const stranger = like !== 'patient' && like !== 'hospital';
  return {
    kind,
    me: given.caller?.reference ?? me,
    manner: DOCUMENT,
    of: p,
    visible: p,
    other: `${kind}-other`,
    label: `${SECRET}|labelled`,
    more: {},
    like,
    subjects: given.of ?? p,
    both: [person(p, 'Martin', '255069999999934'), ...(stranger ? [permit(`${kind}-permit`, p, me)] : [])],
    alone: [],
    hidesInBoth: [],
    hides: [],
    without: [],
    shown: {},
    ...given,
    caller: {
      reference: me,
      idPrefixes: [`own-${kind}-`],
      ...given.caller,
    },
  };
}

export const permit = (id: string, of: string, ...whom: string[]): Resource =>
  consent(id, of, { type: 'permit', actor: whom.map(actor) });
const stated = (id: string, of: string, policy: string, provision: object): Resource => ({
  ...consent(id, of, provision),
  policy: [{ uri: policy }],
});
const purpose = (code: string) => [{ system: ACT_REASON, code }];
export const hiddenPatient = (q: string, more: object = {}): Resource => ({
  ...person(q, 'Secretmann', '124018852493334'),
  ...more,
});
export const label = (code: string) => ({ system: VISIBILITY, code });
const doctorOf = (me: string) => ({ generalPractitioner: [{ reference: me }] });

const child = (kind: string, p: string): Pick<Row, 'like' | 'caller' | 'both'> => ({
  like: 'patient',
  caller: { reference: `Patient/${kind}-parent`, related: [`RelatedPerson/${kind}-parent`] },
  both: [
    { ...person(p, 'Martin', '255069999999934'), birthDate: '2020-02-03' },
    {
      resourceType: 'RelatedPerson',
      id: `${kind}-parent`,
      patient: { reference: `Patient/${p}` },
      relationship: [{ coding: [{ system: DELEGATION, code: 'legal-representative' }] }],
    },
  ],
});

/** Of a patient who lets them read, and blocks them. */
const blocked = (kind: string, says: string, more: (q: string) => Partial<Row> = () => ({})): Kind =>
  row(kind, ({ me, q }) => ({
    says,
    of: q,
    alone: [hiddenPatient(q, doctorOf(me)), permit(`${kind}-lets`, q, me)],
    hides: [stated(`${kind}-block`, q, POLICY.block, { type: 'deny', actor: [actor(me)] })],
    ...more(q),
  }));
export const breaking = (q: string): Partial<Caller> => ({
  purposes: ['BTG'],
  emergency: { patient: `Patient/${q}`, reason: REASON, since: Date.now() - 60_000 },
});
const closed = (q: string, me: string): Resource => ({
  ...hiddenPatient(q, doctorOf(me)),
  extension: [{ url: SPACE_STATUS, valueCode: 'closed' }],
});

export const KINDS: readonly Kind[] = [
  row('deny', ({ me, p }) => ({
    says: 'a deny of what carries a label',
    hidesInBoth: [
      consent('deny-labelled', p, { type: 'deny', actor: [actor(me)], securityLabel: [LABELLED] }),
    ],
  })),
  row('default', ({ me, q }) => ({
    says: 'nobody’s permit any more',
    of: q,
    alone: [hiddenPatient(q), permit('default-was', q, me)],
    hides: [{ ...permit('default-was', q, me), status: 'inactive' }],
  })),
  row('ended', ({ q }) => ({
    says: 'a permit that has ended meanwhile',
    of: q,
    alone: [hiddenPatient(q)],
    ends: true,
  })),
  row('mask', () => ({ says: 'MASQUE_PS', puts: label('MASQUE_PS') })),
  row('invisible', ({ p }) => ({
    says: 'INVISIBLE_PATIENT, its patient asking',
    like: 'patient',
    caller: { reference: `Patient/${p}`, related: [] },
    puts: label('INVISIBLE_PATIENT'),
  })),
  row('unannounced', ({ p }) => ({
    says: 'INVISIBLE_PATIENT, a parent asking',
    ...child('unannounced', p),
    puts: label('INVISIBLE_PATIENT'),
  })),
  row('secret', ({ p }) => ({
    says: 'INVISIBLE_REPRESENTANTS_LEGAUX, a parent asking',
    ...child('secret', p),
    puts: label('INVISIBLE_REPRESENTANTS_LEGAUX'),
  })),
  row('dentist', () => ({
    says: 'the matrix, a dentist asking',
    like: 'dentist',
    shown: {
      category: [
        { coding: [{ system: `${TRE}/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument`, code: '10' }] },
      ],
    },
    without: ['Observation', 'Encounter'],
  })),
  row('optician', () => ({
    says: 'the matrix, an optician asking',
    caller: { profession: '28' },
    shown: { type: { coding: [{ system: 'http://loinc.org', code: '47420-5' }] } },
  })),
  blocked('block', 'a Block'),
  blocked('broken', 'a Block, breaking the glass', (q) => ({ like: 'emergency', caller: breaking(q) })),
  blocked('samu', 'a Block, regulating an emergency', (q) => ({ like: 'samu', other: q })),
  row('closed', ({ me, q }) => ({
    says: 'a closed space',
    of: q,
    both: [
      person('closed-p', 'Martin', '255069999999934'),
      permit('closed-permit', 'closed-p', me),
      hiddenPatient(q, doctorOf(me)),
      permit('closed-lets', q, me),
    ],
    hidesInBoth: [closed(q, me)],
  })),
  row('owner', ({ me, p }) => ({
    says: 'a closed space, its patient asking',
    like: 'patient',
    caller: { reference: `Patient/${p}`, related: [] },
    hidesInBoth: [closed(p, me)],
  })),
  row('naming', ({ p }) => ({
    says: 'naming what is masked',
    manner: LIST,
    alone: [
      observation('naming-what', p, 42),
      composition('naming-comp', p, 'Observation/naming-what'),
      documentBundle('naming-bundle', p, 'Observation/naming-what'),
    ],
    hides: [observation('naming-what', p, 42, { meta: { security: [label('MASQUE_PS')] } })],
    without: ['Observation', 'Encounter'],
  })),
  row('several', ({ me, p, q }) => ({
    says: 'one of several patients',
    manner: APPOINTMENT,
    of: q,
    subjects: `${p} ${q}`,
    alone: [hiddenPatient(q), permit('several-lets', q, me)],
    hides: [consent('several-denies', q, { type: 'deny', actor: [actor(me)] })],
  })),
  row('switch', ({ q }) => ({
    says: 'an emergency whose switch is closed',
    of: q,
    like: 'emergency',
    caller: breaking(q),
    alone: [hiddenPatient(q)],
    hides: [consent('switch-closed', q, { type: 'deny', purpose: purpose('BTG') })],
  })),
  row('regulator', ({ q }) => ({
    says: 'a regulator’s switch that is closed',
    of: q,
    other: q,
    like: 'samu',
    alone: [hiddenPatient(q)],
    hides: [consent('regulator-closed', q, { type: 'deny', purpose: purpose('ETREAT') })],
  })),
  row('newmask', ({ p }) => ({
    says: 'the mask of new documents, its depositor asking',
    like: 'hospital',
    caller: {
      reference: 'Organization/newmask',
      organizations: ['Organization/newmask'],
      idPrefixes: ['newmask-', 'own-newmask-'],
    },
    alone: [stated('newmask-masks', p, POLICY.maskNew, { type: 'permit' })],
    deposited: true,
    // it masks documents alone: no Binary, no Appointment
    spares: [22, 29],
    label: `${VISIBILITY}|MASQUE_PS`,
  })),
];
