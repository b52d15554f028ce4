/** Practitioners, organizations and places, which have no patient: https://hl7.org/fhir/R4/administration-module.html */
import type { Resource } from '../fhir/resource.ts';
import { at } from './calendar.ts';
import { concept, ref } from './codes.ts';
import { rpps, structure } from './identity.ts';

interface Place {
  id: string;
  name: string;
  finess: string;
  type: 'prov' | 'govt' | 'other';
  /** Address and telephone of its one site, none for administrations. */
  site?: { line: string; phone: string };
}

const PLACES: Place[] = [
  { id: 'demo-registry', name: 'Registre des espaces de santé', finess: '990000010', type: 'govt' },
  { id: 'demo-loader', name: 'Chargement de données', finess: '990000028', type: 'other' },
  {
    id: 'demo-hospital',
    name: 'Centre hospitalier des Tilleuls',
    finess: '990000036',
    type: 'prov',
    site: { line: '1 avenue des Tilleuls', phone: '+33 1 99 00 10 00' },
  },
  {
    id: 'demo-samu',
    name: 'SAMU, centre de régulation',
    finess: '990000044',
    type: 'prov',
    site: { line: '3 avenue des Tilleuls', phone: '+33 1 99 00 10 15' },
  },
  {
    id: 'demo-lab',
    name: 'Laboratoire du Canal',
    finess: '990000051',
    type: 'prov',
    site: { line: '12 quai du Canal', phone: '+33 1 99 00 20 00' },
  },
  {
    id: 'demo-practice',
    name: 'Maison de santé des Peupliers',
    finess: '990000069',
    type: 'prov',
    site: { line: '8 rue des Peupliers', phone: '+33 1 99 00 30 00' },
  },
  {
    id: 'demo-dental',
    name: 'Cabinet dentaire des Halles',
    finess: '990000077',
    type: 'prov',
    site: { line: '5 place des Halles', phone: '+33 1 99 00 40 00' },
  },
];

interface Person {
  id: string;
  family: string;
  given: string;
  gender: 'female' | 'male';
  /** Those without one are no health professionals. */
  work?: { rpps: string; organization: string; profession: string; label: string; specialty: string };
}

const DOCTOR = { profession: '10', label: 'Médecin' };

const PEOPLE: Person[] = [
  {
    id: 'demo-gp',
    family: 'Lambert',
    given: 'Sophie',
    gender: 'female',
    work: { ...DOCTOR, rpps: '99700000013', organization: 'demo-practice', specialty: 'Médecine générale' },
  },
  {
    id: 'demo-dentist',
    family: 'Vidal',
    given: 'Marc',
    gender: 'male',
    work: {
      rpps: '99700000021',
      organization: 'demo-dental',
      profession: '40',
      label: 'Chirurgien-dentiste',
      specialty: 'Chirurgie dentaire',
    },
  },
  {
    id: 'demo-emergency',
    family: 'Benali',
    given: 'Nadia',
    gender: 'female',
    work: { ...DOCTOR, rpps: '99700000039', organization: 'demo-hospital', specialty: "Médecine d'urgence" },
  },
  {
    id: 'demo-samu',
    family: 'Kerjean',
    given: 'Paul',
    gender: 'male',
    work: { ...DOCTOR, rpps: '99700000047', organization: 'demo-samu', specialty: 'Régulation médicale' },
  },
  { id: 'demo-operator', family: 'Perrin', given: 'Alex', gender: 'male' },
  { id: 'demo-reviewer', family: 'Cadiou', given: 'Inès', gender: 'female' },
  { id: 'demo-security', family: 'Quéré', given: 'Yann', gender: 'male' },
];

function places({ id, name, finess, type, site }: Place): Resource[] {
  const organization: Resource = {
    resourceType: 'Organization',
    id,
    identifier: structure(finess),
    active: true,
    type: [concept('organizationType', type)],
    name,
  };
  if (site === undefined) return [organization];
  const address = {
    use: 'work',
    line: [site.line],
    city: 'Villeneuve-la-Démo',
    postalCode: '99000',
    country: 'FR',
  };
  const telecom = [{ system: 'phone', value: site.phone, use: 'work' }];
  const location: Resource = {
    resourceType: 'Location',
    id: `${id}-site`,
    status: 'active',
    name,
    mode: 'instance',
    telecom,
    address,
    managingOrganization: ref(`Organization/${id}`),
  };
  return [{ ...organization, telecom, address: [address] }, location];
}

function people({ id, family, given, gender, work }: Person): Resource[] {
  const name = [
    { use: 'official', family, given: [given], ...(work === undefined ? {} : { prefix: ['Dr'] }) },
  ];
  const practitioner: Resource = { resourceType: 'Practitioner', id, active: true, name, gender };
  if (work === undefined) return [practitioner];
  const profession = concept('profession', work.profession, work.label);
  const role: Resource = {
    resourceType: 'PractitionerRole',
    id: `${id}-role`,
    active: true,
    practitioner: ref(`Practitioner/${id}`, `Dr ${given} ${family}`),
    organization: ref(`Organization/${work.organization}`),
    code: [profession],
    specialty: [{ text: work.specialty }],
    location: [ref(`Location/${work.organization}-site`)],
  };
  return [{ ...practitioner, identifier: rpps(work.rpps), qualification: [{ code: profession }] }, role];
}

/** Consultations of the GP, with free and taken half hours in the days to come. */
function consultations(now: Date): Resource[] {
  const service: Resource = {
    resourceType: 'HealthcareService',
    id: 'demo-consultations',
    active: true,
    providedBy: ref('Organization/demo-practice'),
    location: [ref('Location/demo-practice-site')],
    name: 'Consultations de médecine générale',
    appointmentRequired: true,
  };
  const schedule: Resource = {
    resourceType: 'Schedule',
    id: 'demo-schedule',
    active: true,
    actor: [ref('Practitioner/demo-gp'), ref('HealthcareService/demo-consultations')],
    planningHorizon: { start: at(now, {}, '00:00'), end: at(now, { months: -3 }, '00:00') },
  };
  const slots = [
    { days: -7, time: '09:00', end: '09:30', status: 'busy' },
    { days: -7, time: '09:30', end: '10:00', status: 'free' },
    { days: -8, time: '14:00', end: '14:30', status: 'free' },
    { days: -9, time: '16:30', end: '17:00', status: 'free' },
  ].map(({ days, time, end, status }, index) => ({
    resourceType: 'Slot',
    id: `demo-slot-${index + 1}`,
    schedule: ref('Schedule/demo-schedule'),
    status,
    start: at(now, { days }, time),
    end: at(now, { days }, end),
  }));
  return [service, schedule, ...slots];
}

function device(id: string, name: string): Resource {
  return { resourceType: 'Device', id, status: 'active', deviceName: [{ name, type: 'user-friendly-name' }] };
}

export function directory(now: Date): Resource[] {
  return [
    ...PLACES.flatMap(places),
    ...PEOPLE.flatMap(people),
    device('demo-app', 'Rythme'),
    device('demo-all', 'Appelant de test'),
    ...consultations(now),
  ];
}
