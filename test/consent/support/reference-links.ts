/** Lines 2, 4, 6 and 8 of `conformance/consent-rules.md`: the space, Blocks, and what ties a caller to a patient. */
import { type Reading, usual, verdictsOf } from './reference-consents.ts';
import { rangeOfDate, surelyContains } from './reference-dates.ts';
import { mentions } from './reference-facts.ts';
import { treats } from './reference-elements.ts';
import { membersNow } from './reference-members.ts';
import {
  isProfessional,
  items,
  type Json,
  mayMeanOtherwise,
  object,
  policiesOf,
  readReference,
  type Situation,
} from './reference-words.ts';

const SPACE = 'https://carnet.example/fhir/StructureDefinition/space-status';
const ADMINISTRATOR = 'https://carnet.example/fhir/policy/administrator';
const DELEGATION = 'https://carnet.example/fhir/CodeSystem/delegation';

export type Link = 'patient' | 'representative' | 'aidant';

export function isOpen({ said: { patient } }: Situation): boolean {
  if (patient === undefined) return true;
  const statuses = items(patient.extension)
    .map(object)
    .filter(({ url }) => url === SPACE);
  const isReplaced = items(patient.link)
    .map(object)
    .some(({ type }) => type === 'replaced-by');
  return (
    !isReplaced &&
    patient.active !== false &&
    statuses.length < 2 &&
    statuses.every(({ valueCode }) => valueCode === 'open')
  );
}

/** What the caller is to the patient. */
export function linkOf(situation: Situation): Link | undefined {
  const { said, caller } = situation;
  if (caller.role === 'patient' && caller.persons.includes(`Patient/${said.id}`)) return 'patient';
  if (caller.role !== 'patient' && caller.role !== 'representative') return undefined;
  const links = said.relatedPersons
    .filter(({ id }) => caller.persons.includes(`RelatedPerson/${String(id)}`))
    .flatMap((person) => linksOf(person, situation));
  return links.includes('representative') ? 'representative' : links[0];
}

function linksOf(person: Json, situation: Situation): Link[] {
  if (person.active === false || mayMeanOtherwise(person) || !surelyContains(person.period, situation.now))
    return [];
  const codings = items(person.relationship).flatMap((concept) => items(object(concept).coding));
  return codings.flatMap((coding): Link[] => {
    const { system, code } = object(coding);
    if (system !== DELEGATION) return [];
    if (code === 'caregiver') return ['aidant'];
    const represents = code === 'legal-protection' || (code === 'legal-representative' && isMinor(situation));
    return represents ? ['representative'] : [];
  });
}

function isMinor({ said, rules, now }: Situation): boolean {
  const birthDate = said.patient?.birthDate;
  if (typeof birthDate !== 'string' || birthDate.length !== 10) return false;
  const born = rangeOfDate(birthDate);
  if (born === undefined) return false;
  const majority = new Date(born.from);
  majority.setUTCFullYear(majority.getUTCFullYear() + rules.majority);
  return now < majority;
}

/** Line 8: what the Consents that count for them permit by name, each on its own. */
export function isTrusted(situation: Situation): boolean {
  const { said, caller, rules } = situation;
  if (!isProfessional(caller) || !rules.trusted.includes(caller.profession ?? '')) return false;
  const practitioners = items(said.patient?.generalPractitioner).map(readReference);
  const isPractitioner = practitioners.some((each) => each !== undefined && caller.persons.includes(each));
  return said.consents.some(
    (consent) =>
      (isPractitioner || policiesOf(consent).includes(ADMINISTRATOR)) &&
      permitsByName(consent, situation, usual),
  );
}

function permitsByName(consent: Json, situation: Situation, reading: Reading): boolean {
  return verdictsOf(consent, situation, reading).some(
    ({ effect, level }) => effect === 'permit' && level === 'caller',
  );
}

/** Line 10: the members of a team share what is of its encounter. */
export function isSharedWith({ said, resource, caller, rules, now }: Situation): boolean {
  if (!rules.sharing || !isProfessional(caller) || !treats(caller)) return false;
  const names = [...caller.persons, ...caller.groups];
  return said.careTeams.some((team) => {
    const encounter = readReference(team.encounter);
    if (team.status !== 'active' || mayMeanOtherwise(team) || !surelyContains(team.period, now)) return false;
    if (encounter === undefined || !encounter.startsWith('Encounter/')) return false;
    const isOfIt =
      mentions(resource, encounter) ||
      encounter === `${String(resource.resourceType)}/${String(resource.id)}`;
    return isOfIt && membersNow(team, now).some((member) => member !== undefined && names.includes(member));
  });
}
