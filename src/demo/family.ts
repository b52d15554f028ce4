/** The family: Patients, and the parents as RelatedPersons of their children. https://hl7.org/fhir/R4/patient.html */
import type { Json, Reference, Resource } from '../fhir/resource.ts';
import { ago } from './calendar.ts';
import type { Span } from './calendar.ts';
import { concept, ref } from './codes.ts';
import { ins } from './identity.ts';
import type { Birth } from './identity.ts';

export const MEMBERS = ['mother', 'father', 'child', 'teen', 'grandmother'] as const;

export type Member = (typeof MEMBERS)[number];

interface Traits {
  given: string;
  /** Name at birth. */
  family: string;
  /** Name in use, where it differs. */
  usual?: string;
  gender: Birth['gender'];
  age: Span;
  place: string;
  order: string;
}

const TRAITS: Record<Member, Traits> = {
  mother: {
    given: 'Claire',
    family: 'Rousselot',
    usual: 'Delaunay',
    gender: 'female',
    age: { years: 38, months: 2, days: 11 },
    place: '99132',
    order: '041',
  },
  father: {
    given: 'Julien',
    family: 'Delaunay',
    gender: 'male',
    age: { years: 41, months: 7, days: 3 },
    place: '38185',
    order: '112',
  },
  child: {
    given: 'Léo',
    family: 'Delaunay',
    gender: 'male',
    age: { years: 3, months: 4 },
    place: '69381',
    order: '207',
  },
  teen: {
    given: 'Inès',
    family: 'Delaunay',
    gender: 'female',
    age: { years: 15, months: 5, days: 20 },
    place: '69382',
    order: '018',
  },
  grandmother: {
    given: 'Jeanne',
    family: 'Santoni',
    usual: 'Rousselot',
    gender: 'female',
    age: { years: 72, months: 9, days: 6 },
    place: '2A004',
    order: '033',
  },
};

export function birthDate(now: Date, member: Member): string {
  return ago(now, TRAITS[member].age);
}

/** `Claire Delaunay` */
export function fullName(member: Member): string {
  const { given, usual, family } = TRAITS[member];
  return `${given} ${usual ?? family}`;
}

export function patientRef(member: Member): Reference {
  return ref(`Patient/demo-${member}`, fullName(member));
}

function person(now: Date, member: Member): Json {
  const { given, family, usual, gender, place, order } = TRAITS[member];
  const date = birthDate(now, member);
  return {
    identifier: [ins({ gender, date, place, order })],
    name: [
      { use: 'official', family, given: [given] },
      ...(usual === undefined ? [] : [{ use: 'usual', family: usual, given: [given] }]),
    ],
    gender,
    birthDate: date,
  };
}

function patient(now: Date, member: Member): Resource {
  return {
    resourceType: 'Patient',
    id: `demo-${member}`,
    active: true,
    ...person(now, member),
    address: [
      {
        use: 'home',
        line: ['27 rue du Verger'],
        city: 'Villeneuve-la-Démo',
        postalCode: '99000',
        country: 'FR',
      },
    ],
    communication: [
      { language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'fr-FR' }] }, preferred: true },
    ],
    generalPractitioner: [ref('Practitioner/demo-gp', 'Dr Sophie Lambert')],
    managingOrganization: ref('Organization/demo-registry'),
  };
}

/** A parent as the legal representative of a child. */
export function parentRef(child: Member, parent: 'mother' | 'father'): Reference {
  return ref(`RelatedPerson/demo-${child}-${parent}`, fullName(parent));
}

function parent(now: Date, child: Member, member: 'mother' | 'father'): Resource {
  return {
    resourceType: 'RelatedPerson',
    id: `demo-${child}-${member}`,
    active: true,
    patient: patientRef(child),
    relationship: [
      concept('role', member === 'mother' ? 'MTH' : 'FTH', member === 'mother' ? 'Mère' : 'Père'),
      concept('delegation', 'legal-representative', 'Représentant légal'),
    ],
    ...person(now, member),
    period: { start: birthDate(now, child) },
  };
}

export function family(now: Date): Resource[] {
  const children: Member[] = ['child', 'teen'];
  return [
    ...MEMBERS.map((member) => patient(now, member)),
    ...children.flatMap((child) => [parent(now, child, 'mother'), parent(now, child, 'father')]),
  ];
}
