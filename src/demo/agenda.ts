/** Appointments past and to come, and encounters: https://hl7.org/fhir/R4/appointment.html */
import type { Reference, Resource } from '../fhir/resource.ts';
import { at } from './calendar.ts';
import type { Span } from './calendar.ts';
import type { Deposited } from './callers.ts';
import { coding, ref } from './codes.ts';
import { patientRef } from './family.ts';
import type { Member } from './family.ts';

const GP = ref('Practitioner/demo-gp', 'Dr Sophie Lambert');
const DENTIST = ref('Practitioner/demo-dentist', 'Dr Marc Vidal');
const HOSPITAL = ref('Location/demo-hospital-site', 'Centre hospitalier des Tilleuls');

interface Meeting {
  by: 'gp' | 'dentist' | 'hospital' | 'grandmother';
  of: Member[];
  id: string;
  with: Reference;
  status: 'booked' | 'fulfilled';
  /** A negative span lies ahead. */
  when: Span;
  from: string;
  to: string;
  minutes: number;
  title: string;
  /** The slot that it takes. */
  slot?: string;
}

const MEETINGS: Meeting[] = [
  {
    by: 'gp',
    of: ['mother', 'child'],
    id: 'together',
    with: GP,
    status: 'booked',
    when: { days: -7 },
    from: '09:00',
    to: '09:30',
    minutes: 30,
    title: 'Consultation de Claire et vaccin de Léo',
    slot: 'demo-slot-1',
  },
  {
    by: 'dentist',
    of: ['mother'],
    id: 'dental-check',
    with: DENTIST,
    status: 'booked',
    when: { days: -21 },
    from: '17:00',
    to: '17:30',
    minutes: 30,
    title: 'Contrôle dentaire',
  },
  {
    by: 'gp',
    of: ['teen'],
    id: 'sport-certificate',
    with: GP,
    status: 'fulfilled',
    when: { months: 2, days: 12 },
    from: '16:30',
    to: '17:00',
    minutes: 30,
    title: 'Certificat de sport',
  },
  {
    by: 'hospital',
    of: ['grandmother'],
    id: 'cardiology',
    with: HOSPITAL,
    status: 'booked',
    when: { days: -40 },
    from: '10:00',
    to: '10:45',
    minutes: 45,
    title: 'Consultation de cardiologie',
  },
  {
    by: 'grandmother',
    of: ['grandmother'],
    id: 'dietician',
    with: ref('Location/demo-practice-site', 'Maison de santé des Peupliers'),
    status: 'booked',
    when: { days: -12 },
    from: '11:00',
    to: '11:30',
    minutes: 30,
    title: 'Rendez-vous diététique',
  },
];

interface Stay {
  of: Member;
  id: string;
  class: 'IMP' | 'EMER';
  label: string;
  from: Span;
  to: Span;
  reason: string;
}

const STAYS: Stay[] = [
  {
    of: 'father',
    id: 'emergency',
    class: 'EMER',
    label: 'emergency',
    from: { years: 4, months: 2 },
    to: { years: 4, months: 2 },
    reason: 'Douleur abdominale',
  },
  {
    of: 'mother',
    id: 'maternity',
    class: 'IMP',
    label: 'inpatient encounter',
    from: { years: 3, months: 4 },
    to: { years: 3, months: 4, days: -4 },
    reason: 'Accouchement',
  },
  {
    of: 'grandmother',
    id: 'cardiology',
    class: 'IMP',
    label: 'inpatient encounter',
    from: { years: 2, months: 10, days: 3 },
    to: { years: 2, months: 10 },
    reason: 'Hypertension artérielle',
  },
];

function appointment(now: Date, meeting: Meeting): Resource {
  const { by, of, id, status, when, from, to, minutes, title, slot } = meeting;
  const people = [...of.map(patientRef), meeting.with];
  return {
    resourceType: 'Appointment',
    id: `${by}-appointment-${id}`,
    status,
    description: title,
    ...(slot === undefined ? {} : { slot: [ref(`Slot/${slot}`)] }),
    start: at(now, when, from),
    end: at(now, when, to),
    minutesDuration: minutes,
    created: at(now, { ...when, days: (when.days ?? 0) + 60 }),
    participant: people.map((actor) => ({ actor, required: 'required', status: 'accepted' })),
  };
}

function encounter(now: Date, { of, id, class: kind, label, from, to, reason }: Stay): Resource {
  return {
    resourceType: 'Encounter',
    id: `hospital-encounter-${of}-${id}`,
    status: 'finished',
    class: coding('act', kind, label),
    subject: patientRef(of),
    period: { start: at(now, from, '08:00'), end: at(now, to, '15:00') },
    reasonCode: [{ text: reason }],
    location: [{ location: HOSPITAL }],
    serviceProvider: ref('Organization/demo-hospital'),
  };
}

export function agenda(now: Date): Deposited[] {
  return [
    ...MEETINGS.map((row) => ({ caller: row.by, resource: appointment(now, row) })),
    ...STAYS.map((row) => ({ caller: 'hospital' as const, resource: encounter(now, row) })),
  ];
}
