/** The code systems that provisions speak in, and which of their codes imply which. */

export const TERMINOLOGY = 'http://terminology.hl7.org/CodeSystem/';
export const ACT_REASON = `${TERMINOLOGY}v3-ActReason`;
export const CONFIDENTIALITY = `${TERMINOLOGY}v3-Confidentiality`;
export const RESOURCE_TYPES = 'http://hl7.org/fhir/resource-types';
/** Professions: TRE_G15-ProfessionSante. */
export const PROFESSIONS =
  'https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante';

/** The purpose that each of these is a kind of. https://terminology.hl7.org/ValueSet-v3-PurposeOfUse.html */
const KIND_OF = new Map(
  [
    ['PurposeOfUse', 'HMARKT HOPERAT HPAYMT HRESCH PATRQT PUBHLTH TREAT'],
    ['TREAT', 'CLINTRL COC ETREAT POPHLTH'],
    ['ETREAT', 'BTG ERTREAT'],
    [
      'HOPERAT',
      'CAREMGT DONAT FRAUD GOV HACCRED HCOMPL HDECD HDIRECT HDM HLEGAL HOUTCOMS HPRGRP HQUALIMP HSYSADMIN',
    ],
    ['HOPERAT', 'MEMADMIN MILCDM PATADMIN PATSFTY PERFMSR RECORDMGT SYSDEV TRAIN'],
    ['HSYSADMIN', 'LABELING METAMGT'],
    ['SYSDEV', 'HTEST'],
    ['HPAYMT', 'CLMATTCH COVAUTH COVERAGE REMITADV'],
    ['COVERAGE', 'ELIGDTRM ELIGVER ENROLLM MILDCRG'],
    ['HRESCH', 'BIORCH CLINTRCH DSRCH POARCH TRANSRCH'],
    ['CLINTRCH', 'CLINTRCHNPC CLINTRCHPC PRECLINTRCH'],
    ['PATRQT', 'FAMRQT PWATRNY SUPNWK'],
    ['PUBHLTH', 'DISASTER THREAT'],
  ].flatMap(([wider = '', kinds = '']) => kinds.split(' ').map((kind): [string, string] => [kind, wider])),
);

/** A purpose and all that it is a kind of. */
export function withWider(purpose: string): string[] {
  const wider = KIND_OF.get(purpose);
  return wider === undefined ? [purpose] : [purpose, ...withWider(wider)];
}

export function isPurpose(code: string): boolean {
  return code === 'PurposeOfUse' || KIND_OF.has(code);
}

/** From the least to the most confidential. */
const MARKS = ['U', 'L', 'M', 'N', 'R', 'V'];

/** The marks up to one: what a permit of it covers, since it is a high-water mark. Undefined for no mark. */
export function upTo(mark: string): string[] | undefined {
  const at = MARKS.indexOf(mark);
  return at < 0 ? undefined : MARKS.slice(0, at + 1);
}

/** The marks from one on: what a deny of it covers. */
export function from(mark: string): string[] | undefined {
  const at = MARKS.indexOf(mark);
  return at < 0 ? undefined : MARKS.slice(at);
}

export function above(mark: string): string[] {
  return from(mark)?.slice(1) ?? MARKS;
}
