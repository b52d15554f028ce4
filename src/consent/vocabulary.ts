/** The code systems that provisions speak in, and which of their codes imply which. */

export const TERMINOLOGY = 'http://terminology.hl7.org/CodeSystem/';
export const ACT_REASON = `${TERMINOLOGY}v3-ActReason`;
export const CONFIDENTIALITY = `${TERMINOLOGY}v3-Confidentiality`;
export const RESOURCE_TYPES = 'http://hl7.org/fhir/resource-types';
/** They may turn a meaning around. https://hl7.org/fhir/R4/conformance-rules.html#isModifier */
export const MODIFIERS = ['modifierExtension', 'implicitRules'];

const OWN = 'https://carnet.example/fhir';
/** What a Consent is for, by its `policy.uri`. */
export const POLICY = {
  block: `${OWN}/policy/block`,
  administrator: `${OWN}/policy/administrator`,
  /** New documents are masked from the start. */
  maskNew: `${OWN}/policy/mask-new-documents`,
  /** Collected by a professional in the patient's presence. */
  collected: `${OWN}/policy/collected`,
};
/** Who deposits the traces of this server. */
export const TRACER = 'carnet';
/** Among the authors of a trace: it is for others than who asked, who is told of all of it by one of their own. */
export const askedBy = (reference: string): string => `!${reference}`;
export const SPACE_STATUS = `${OWN}/StructureDefinition/space-status`;
export const DELEGATION = `${OWN}/CodeSystem/delegation`;
/** https://profiles.ihe.net/ITI/PCF/volume-1.html: implicit policies */
export const PCF = 'https://profiles.ihe.net/ITI/PCF/';

/** Purposes with a line of their own. */
export const EMERGENCIES = ['BTG', 'ETREAT'] as const;

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

/** All that are known. */
export const PURPOSES: readonly string[] = ['PurposeOfUse', ...KIND_OF.keys()];

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
