/** The family's consents, in the shape of IHE PCF: https://profiles.ihe.net/ITI/PCF/ITI-108.html */
import { createHash } from 'node:crypto';
import type { Json, Resource } from '../fhir/resource.ts';
import { ago, at } from './calendar.ts';
import type { Span } from './calendar.ts';
import type { CallerName, Deposited } from './callers.ts';
import { coding, concept, ref } from './codes.ts';
import { parentRef, patientRef } from './family.ts';
import type { Member } from './family.ts';

const PCF = 'https://profiles.ihe.net/ITI/PCF';

interface Row {
  by: CallerName;
  of: Member;
  id: string;
  type: 'permit' | 'deny';
  /** Whom it names; nobody means any professional. */
  actor?: string;
  given: Span;
  /** Days ago on which it ended. */
  ended?: Span;
  /** What the patient signed. */
  text: string;
}

const GP = { id: 'gp', type: 'permit', actor: 'Practitioner/demo-gp' } as const;
const READ_BY_GP = "J'autorise le Dr Sophie Lambert, médecin traitant, à consulter mon espace de santé.";
const CHILD_READ_BY_GP = "J'autorise le Dr Sophie Lambert à consulter l'espace de santé de mon enfant.";

const ROWS: Row[] = [
  { ...GP, by: 'patient', of: 'mother', given: { years: 5 }, text: READ_BY_GP },
  { ...GP, by: 'father', of: 'father', given: { years: 5 }, text: READ_BY_GP },
  { ...GP, by: 'child', of: 'child', given: { years: 3, months: 3 }, text: CHILD_READ_BY_GP },
  { ...GP, by: 'teen', of: 'teen', given: { years: 5 }, text: CHILD_READ_BY_GP },
  { ...GP, by: 'grandmother', of: 'grandmother', given: { years: 5 }, text: READ_BY_GP },
  {
    by: 'patient',
    of: 'mother',
    id: 'dentist',
    type: 'permit',
    actor: 'Practitioner/demo-dentist',
    given: { years: 1 },
    text: "J'autorise le Dr Marc Vidal, chirurgien-dentiste, à consulter mon espace de santé.",
  },
  {
    by: 'father',
    of: 'father',
    id: 'emergency-ended',
    type: 'permit',
    actor: 'Practitioner/demo-emergency',
    given: { years: 4 },
    ended: { years: 3, months: 11 },
    text: "J'autorise le Dr Nadia Benali à consulter mon espace de santé pendant un mois.",
  },
  {
    by: 'grandmother',
    of: 'grandmother',
    id: 'anyone',
    type: 'permit',
    given: { years: 2 },
    text: "J'autorise tout professionnel qui me soigne à consulter mon espace de santé.",
  },
  {
    by: 'grandmother',
    of: 'grandmother',
    id: 'dentist-denied',
    type: 'deny',
    actor: 'Practitioner/demo-dentist',
    given: { months: 8 },
    text: "Je m'oppose à ce que le Dr Marc Vidal consulte mon espace de santé.",
  },
];

function signed(now: Date, { text, given }: Row): Json {
  const data = Buffer.from(text, 'utf8');
  return {
    contentType: 'text/plain; charset=utf-8',
    language: 'fr-FR',
    data: data.toString('base64'),
    size: data.length,
    hash: createHash('sha1').update(data).digest('base64'),
    title: 'Consentement recueilli',
    creation: at(now, given),
  };
}

function consent(now: Date, row: Row): Resource {
  const { by, of, id, type, actor, given, ended } = row;
  const plain = type === 'permit' && actor !== undefined;
  const performer = of === 'child' || of === 'teen' ? parentRef(of, 'mother') : patientRef(of);
  return {
    resourceType: 'Consent',
    id: `${by}-consent-${id}`,
    ...(plain ? { meta: { profile: [`${PCF}/StructureDefinition/IHE.PCF.consentBasic`] } } : {}),
    status: 'active',
    scope: { coding: [coding('consentScope', 'patient-privacy')] },
    category: [concept('loinc', '59284-0', 'Attestation de consentement')],
    patient: patientRef(of),
    dateTime: at(now, given),
    performer: [performer],
    organization: [ref('Organization/demo-registry')],
    sourceAttachment: signed(now, row),
    policy: [{ uri: `${PCF}/Policy-${type === 'permit' ? 'basic-normal' : 'deny'}` }],
    provision: {
      type,
      period: { start: ago(now, given), ...(ended === undefined ? {} : { end: ago(now, ended) }) },
      ...(actor === undefined
        ? {}
        : { actor: [{ role: concept('participation', 'IRCP'), reference: ref(actor) }] }),
      // an opposition holds for any purpose
      ...(type === 'permit' ? { purpose: [coding('reason', 'TREAT')] } : {}),
    },
  };
}

export function consents(now: Date): Deposited[] {
  return ROWS.map((row) => ({ caller: row.by, resource: consent(now, row) }));
}
