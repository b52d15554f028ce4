/**
 * A professional as the directory has them: Practitioner, PractitionerRole, Organization. Pure.
 * https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-practitioner
 */
import { createHash } from 'node:crypto';
import type { Resource } from '../../fhir/resource.ts';
import type { Professional, Situation, Structure } from './pro-sante-connect.ts';

export const RPPS = 'https://rpps.esante.gouv.fr';
const NATIONAL_PERSON = 'urn:oid:1.2.250.1.71.4.2.1';
const NATIONAL_STRUCTURE = 'urn:oid:1.2.250.1.71.4.2.2';
/** Numbers of the directory of health, of structures that have no other. */
const TECHNICAL_STRUCTURE = 'https://carnet.example/fhir/NamingSystem/structure-of-directory';
const ID_TYPE = 'https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203';
const PROFESSION = 'urn:oid:1.2.250.1.71.1.2.7';
const NOS = 'https://mos.esante.gouv.fr/NOS';
const SPECIALTY = `${NOS}/TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale`;
const SETTING = `${NOS}/TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite`;

/** `system|value` */
export function personIdentifier({ rpps }: Pick<Professional, 'rpps'>): string {
  return `${RPPS}|${rpps}`;
}

/** `system|value` */
export function structureIdentifier({ national, technical }: Structure): string {
  return national === undefined ? `${TECHNICAL_STRUCTURE}|${technical}` : `${NATIONAL_STRUCTURE}|${national}`;
}

/** The id of what is made here: the same whenever, and by whichever process, it is made. */
export function idOf(what: 'practitioner' | 'role' | 'structure', ...of: readonly string[]): string {
  return `${what}-${createHash('sha256').update(of.join(' ')).digest('hex').slice(0, 32)}`;
}

export function practitionerOf({ rpps, family, given, situations }: Professional, id: string): Resource {
  return {
    resourceType: 'Practitioner',
    id,
    identifier: [
      { use: 'official', type: typeOf('RPPS'), system: RPPS, value: rpps },
      { type: typeOf('IDNPS'), system: NATIONAL_PERSON, value: `8${rpps}` },
    ],
    active: true,
    name: [{ use: 'official', family, ...(given === '' ? {} : { given: [given] }) }],
    qualification: [...new Set(situations.map(({ profession }) => profession))].map((code) => ({
      code: { coding: [{ system: PROFESSION, code }] },
    })),
  };
}

export function structureOf(structure: Structure, setting: string | undefined, id: string): Resource {
  const [system, value] = structureIdentifier(structure).split('|');
  return {
    resourceType: 'Organization',
    id,
    identifier: [{ use: 'official', system, value }],
    active: true,
    ...(setting === undefined ? {} : { type: [{ coding: [{ system: SETTING, code: setting }] }] }),
    ...(structure.name === undefined ? {} : { name: structure.name }),
  };
}

/** @param organization `Organization/x` */
export function roleOf(
  { profession, specialty }: Situation,
  { id, practitioner, organization }: { id: string; practitioner: string; organization?: string },
): Resource {
  return {
    resourceType: 'PractitionerRole',
    id,
    active: true,
    practitioner: { reference: practitioner },
    ...(organization === undefined ? {} : { organization: { reference: organization } }),
    code: [{ coding: [{ system: PROFESSION, code: profession }] }],
    ...(specialty === undefined ? {} : { specialty: [{ coding: [{ system: SPECIALTY, code: specialty }] }] }),
  };
}

function typeOf(code: string) {
  return { coding: [{ system: ID_TYPE, code }] };
}
