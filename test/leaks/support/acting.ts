/** Kinds of hiding from who acts for a patient, from their apps, and from professionals in an emergency. conformance/consent-rules.md */
import { DELEGATION } from '../../../src/consent/vocabulary.ts';
import type { Resource } from '../../../src/fhir/resource.ts';
import { APPOINTMENT } from './cast.ts';
import { SECRET, actor, consent, person } from './content.ts';
import { type Kind, breaking, hiddenPatient, label, permit, row } from './kinds.ts';

const DAY = 86_400_000;
const LABELLED = { system: SECRET, code: 'labelled' };

const adult = (id: string): Resource => person(id, 'Martin', '255069999999934');
const child = (id: string): Resource => ({ ...adult(id), birthDate: '2020-02-03' });
const link = (id: string, of: string, code: string, more: object = {}): Resource => ({
  resourceType: 'RelatedPerson',
  id,
  patient: { reference: `Patient/${of}` },
  relationship: [{ coding: [{ system: DELEGATION, code }] }],
  ...more,
});
const relative = (kind: string, ...links: string[]) => ({
  like: 'patient' as const,
  caller: { reference: `Patient/${kind}-me`, related: links.map((each) => `RelatedPerson/${each}`) },
});
/** All, less what carries a label. */
const permitBut = (id: string, of: string, whom: string): Resource =>
  consent(id, of, {
    type: 'permit',
    actor: [actor(whom)],
    provision: [{ type: 'deny', securityLabel: [LABELLED] }],
  });
const adding = (id: string, of: string, whom: string): Resource => {
  const system = 'http://terminology.hl7.org/CodeSystem/consentaction';
  return consent(id, of, {
    period: { start: '2024-01-01', end: '2099-01-01' },
    actor: [actor(whom)],
    provision: [{ type: 'permit', action: [{ coding: [{ system, code: 'collect' }] }] }],
  });
};
const app = (kind: string) => ({
  like: 'app' as const,
  caller: { reference: `Device/${kind}`, scope: 'patient/*.cruds', idPrefixes: [`own-${kind}-`] },
});
const self = (p: string) => ({ person: { role: 'patient', reference: `Patient/${p}` }, of: p }) as const;

export const ACTING: readonly Kind[] = [
  row('aidant', ({ p }) => ({
    says: 'the Consent of an aidant, less what carries a label',
    ...relative('aidant', 'aidant-link'),
    both: [adult(p), link('aidant-link', p, 'caregiver'), permitBut('aidant-permit', p, 'Patient/aidant-me')],
  })),
  row('aided', ({ p }) => ({
    says: 'INVISIBLE_REPRESENTANTS_LEGAUX, an aidant asking',
    ...relative('aided', 'aided-link'),
    both: [adult(p), link('aided-link', p, 'caregiver'), permit('aided-permit', p, 'Patient/aided-me')],
    puts: label('INVISIBLE_REPRESENTANTS_LEGAUX'),
  })),
  row('ofage', ({ p, q }) => ({
    says: 'majority, a parent of two asking',
    ...relative('ofage', 'ofage-link', 'ofage-other'),
    of: q,
    both: [child(p), link('ofage-link', p, 'legal-representative')],
    alone: [{ ...hiddenPatient(q), birthDate: '2001-02-03' }, link('ofage-other', q, 'legal-representative')],
  })),
  row('siblings', ({ p, q }) => ({
    says: 'one of several patients, a parent of both asking who speaks for one of them no longer',
    manner: APPOINTMENT,
    ...relative('siblings', 'siblings-link', 'siblings-other'),
    of: q,
    subjects: `${p} ${q}`,
    both: [child(p), link('siblings-link', p, 'legal-representative')],
    alone: [
      { ...hiddenPatient(q), birthDate: '2021-02-03' },
      link('siblings-other', q, 'legal-representative'),
    ],
    hides: [link('siblings-other', q, 'legal-representative', { period: { end: '2024-01-01' } })],
  })),
  row('guardian', ({ p }) => ({
    says: 'INVISIBLE_REPRESENTANTS_LEGAUX, a guardian asking',
    like: 'patient',
    caller: { role: 'representative', reference: 'RelatedPerson/guardian-link', related: [] },
    both: [adult(p), link('guardian-link', p, 'legal-protection')],
    puts: label('INVISIBLE_REPRESENTANTS_LEGAUX'),
  })),
  row('unmasked', ({ me, p }) => ({
    says: 'MASQUE_PS, breaking the glass',
    like: 'emergency',
    caller: breaking(p),
    both: [adult(p), permit('unmasked-permit', p, me)],
    puts: label('MASQUE_PS'),
  })),
  row('mended', ({ q }) => ({
    says: 'a glass that was broken a day ago',
    of: q,
    like: 'emergency',
    caller: { ...breaking(q), emergency: { ...breaking(q).emergency!, since: Date.now() - DAY } },
    alone: [hiddenPatient(q)],
  })),
  row('trusted', ({ me, p }) => ({
    says: 'the Consent of the general practitioner, less what carries a label',
    both: [{ ...adult(p), generalPractitioner: [{ reference: me }] }, permitBut('trusted-permit', p, me)],
  })),
  row('tookback', ({ p, q }) => ({
    says: 'a connection that another patient took back, their app asking',
    ...app('tookback'),
    of: q,
    both: [
      adult(p),
      permit('tookback-permit', p, 'Device/tookback'),
      adding('tookback-adds', p, 'Device/tookback'),
    ],
    alone: [hiddenPatient(q), permit('tookback-was', q, 'Device/tookback')],
    hides: [{ ...permit('tookback-was', q, 'Device/tookback'), status: 'inactive' }],
  })),
  row('connected', ({ p }) => ({
    says: 'INVISIBLE_PATIENT, an app asking that they connected',
    ...app('connected'),
    both: [adult(p)],
    puts: label('INVISIBLE_PATIENT'),
    launched: self(p),
  })),
  row('through', ({ p }) => ({
    says: 'INVISIBLE_REPRESENTANTS_LEGAUX, an app asking that a parent connected',
    ...app('through'),
    both: [child(p), adult('through-me'), link('through-link', p, 'legal-representative')],
    puts: label('INVISIBLE_REPRESENTANTS_LEGAUX'),
    launched: {
      person: { role: 'patient', reference: 'Patient/through-me', related: ['RelatedPerson/through-link'] },
      of: p,
    },
  })),
  row('shared', ({ p, q }) => ({
    says: 'another patient of the same app',
    ...app('shared'),
    of: q,
    both: [adult(p)],
    alone: [hiddenPatient(q), permit('shared-lets', q, 'Device/shared')],
    launched: self(p),
  })),
  row('context', ({ me, p, q }) => ({
    says: 'another patient than the one in context, a professional’s app asking',
    of: q,
    alone: [hiddenPatient(q), permit('context-lets', q, me)],
    launched: {
      person: {
        role: 'professional',
        reference: me,
        purposes: ['TREAT'],
        profession: '10',
        organizations: ['Organization/demo-practice'],
      },
      of: p,
    },
  })),
];
