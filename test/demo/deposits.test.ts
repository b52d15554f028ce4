import { createHash } from 'node:crypto';
import { demoDeposits, demoResources } from '../../src/demo/deposits.ts';
import { INS_TEST, nirKey } from '../../src/demo/identity.ts';
import { patientsOf } from '../../src/fhir/subjects.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { ID } from '../../src/fhir/resource.ts';
import { validate } from '../../src/fhir/validate/index.ts';

const now = new Date('2026-03-31T12:00:00Z');
const resources = demoResources(now);
const byAddress = new Map(resources.map((resource) => [`${resource.resourceType}/${resource.id}`, resource]));

function ofType(type: string): Resource[] {
  return resources.filter(({ resourceType }) => resourceType === type);
}

/** Every object inside, itself included. */
function* objects(value: unknown): Generator<Json> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Json;
  for (const inner of Object.values(value)) yield* objects(inner);
}

function age(date: string): number {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  const before = now.getUTCMonth() + 1 < month || (now.getUTCMonth() + 1 === month && now.getUTCDate() < day);
  return now.getUTCFullYear() - year - (before ? 1 : 0);
}

describe('the demo data', () => {
  it('is the same for the same reference date', () => {
    expect(demoDeposits(new Date(now))).toEqual(demoDeposits(now));
  });

  it('keeps its ids, and the family its ages, whatever the date', () => {
    const later = demoResources(new Date('2031-11-02T00:00:00Z'));
    expect(later.map(({ id }) => id)).toEqual(resources.map(({ id }) => id));
    expect(later.find(({ id }) => id === 'demo-child')?.birthDate).toBe('2028-07-02');
  });

  it('has no two resources with one address, and ids that FHIR allows', () => {
    expect(byAddress.size).toBe(resources.length);
    for (const { id } of resources) expect(id).toMatch(ID);
  });

  it.each([...byAddress])('is valid FHIR: %s', (_, resource) => {
    // profiles of others are named, and known by name only
    const issues = validate(resource).filter(
      ({ severity, expression }) => severity !== 'warning' || expression?.endsWith('.meta.profile') !== true,
    );
    expect(issues).toEqual([]);
  });

  it('refers to nothing but itself', () => {
    const addresses = resources
      .flatMap((resource) => [...objects(resource)])
      .flatMap(({ reference, url }) => [reference, url])
      .filter((address) => typeof address === 'string');
    expect(addresses.length).toBeGreaterThan(resources.length);
    for (const address of addresses) expect(byAddress.has(address)).toBe(true);
  });

  it('names people by INS under the TEST system only, with right keys', () => {
    const national = resources
      .flatMap((resource) => [...objects(resource)])
      .filter(({ system }) => typeof system === 'string' && system.startsWith('urn:oid:1.2.250.1.213.1.4.'));
    expect(national.length).toBe(9);
    for (const { system, value } of national) {
      expect(system).toBe(INS_TEST);
      expect(value).toMatch(/^[12]\d{4}(\d{2}|2[AB])\d{8}$/);
      expect(nirKey(String(value).slice(0, 13))).toBe(String(value).slice(13));
    }
  });

  it('has a matricule for each patient that agrees with sex and birth date', () => {
    for (const { identifier, gender, birthDate } of ofType('Patient')) {
      const [{ value = '' } = {}] = identifier as { value?: string }[];
      const [, year, month] = String(birthDate).match(/^\d\d(\d\d)-(\d\d)/) ?? [];
      expect(value.slice(0, 5)).toBe(`${gender === 'female' ? 2 : 1}${year}${month}`);
    }
    expect(new Set(ofType('Patient').map(({ identifier }) => JSON.stringify(identifier))).size).toBe(5);
  });

  it('is a family of two parents, a child of 3, a girl of 15 and a grandmother', () => {
    expect(
      ofType('Patient').map(({ id, gender, birthDate }) => [id, gender, age(String(birthDate))]),
    ).toEqual([
      ['demo-mother', 'female', 38],
      ['demo-father', 'male', 41],
      ['demo-child', 'male', 3],
      ['demo-teen', 'female', 15],
      ['demo-grandmother', 'female', 72],
    ]);
    expect(ofType('RelatedPerson').map(({ id }) => id)).toEqual([
      'demo-child-mother',
      'demo-child-father',
      'demo-teen-mother',
      'demo-teen-father',
    ]);
  });

  it.each([
    'AllergyIntolerance',
    'Appointment',
    'CareTeam',
    'Condition',
    'Encounter',
    'HealthcareService',
    'Immunization',
    'Location',
    'MedicationRequest',
    'MedicationStatement',
    'Observation',
    'Organization',
    'Practitioner',
    'PractitionerRole',
    'Schedule',
    'Slot',
  ])('has several of type %s, or the one that is needed', (type) => {
    expect(ofType(type).length).toBeGreaterThanOrEqual(
      type === 'HealthcareService' || type === 'Schedule' ? 1 : 3,
    );
  });

  it('has an appointment that two patients share', () => {
    expect(
      ofType('Appointment')
        .map((appointment) => patientsOf(appointment))
        .filter(({ length }) => length > 1),
    ).toEqual([['demo-mother', 'demo-child']]);
  });
});

describe('the demo documents', () => {
  const documents = ofType('DocumentReference');
  const typeOf = ({ type }: Resource) => (type as { coding: { code: string }[] }).coding[0]?.code;
  const files = documents.map((document) => {
    const [{ attachment } = { attachment: {} }] = document.content as {
      attachment: Record<string, string>;
    }[];
    const data = attachment.data ?? byAddress.get(attachment.url ?? '')?.data;
    return { document, attachment, file: Buffer.from(String(data), 'base64') };
  });

  it('are of at least eight types, over five years', () => {
    expect(new Set(documents.map(typeOf)).size).toBeGreaterThanOrEqual(8);
    const years = documents.map(({ date }) => now.getTime() - Date.parse(String(date))).sort((a, b) => a - b);
    const year = 365.25 * 86_400_000;
    expect(years[0]).toBeGreaterThan(0);
    expect((years.at(-1) ?? 0) - (years[0] ?? 0)).toBeGreaterThan(4.9 * year);
    expect(new Set(years.map((age) => Math.floor(age / year))).size).toBeGreaterThanOrEqual(5);
  });

  it.each(files)('give the size and hash of a real PDF: $document.id', ({ attachment, file }) => {
    expect(file.subarray(0, 5).toString()).toBe('%PDF-');
    expect(file.toString('latin1')).toMatch(/%%EOF\n$/);
    expect(attachment.contentType).toBe('application/pdf');
    expect(attachment.size).toBe(file.length);
    expect(attachment.hash).toBe(createHash('sha1').update(file).digest('base64'));
  });

  it('are each of one patient, and so is their content', () => {
    for (const { document, attachment } of files) {
      expect(patientsOf(document)).toHaveLength(1);
      const binary = byAddress.get(attachment.url ?? '');
      const masked = (document.securityLabel as unknown[]).length > 1;
      if (binary !== undefined) expect(patientsOf(binary)).toEqual(masked ? [] : patientsOf(document));
    }
  });

  it('carry the masks that the gate will ask about', () => {
    const masks = documents.flatMap(({ securityLabel }) =>
      (securityLabel as { coding: { code: string }[] }[]).map(({ coding }) => coding[0]?.code),
    );
    expect(masks.filter((code) => code !== 'N').sort()).toEqual([
      'INVISIBLE_PATIENT',
      'INVISIBLE_REPRESENTANTS_LEGAUX',
      'MASQUE_PS',
    ]);
  });
});

describe('the demo consents', () => {
  interface Provision {
    type: string;
    period: { start: string; end?: string };
    actor?: { role: { coding: { code: string }[] }; reference: { reference: string } }[];
  }
  const consents = ofType('Consent').map((consent) => ({
    consent,
    patient: patientsOf(consent)[0],
    provision: consent.provision as Provision,
  }));
  const actors = ({ provision }: (typeof consents)[number]) =>
    (provision.actor ?? []).map(({ reference }) => reference.reference);

  it('let the GP read for each of the family', () => {
    const permits = consents.filter((row) => actors(row).includes('Practitioner/demo-gp'));
    expect(permits.map(({ patient }) => patient).sort()).toEqual(
      ofType('Patient')
        .map(({ id }) => id)
        .sort(),
    );
    for (const { provision } of permits) {
      expect(provision).toMatchObject({ type: 'permit', period: { start: expect.any(String) } });
      expect(provision.period.end).toBeUndefined();
    }
  });

  it('have one for the dentist, one that ended, one that denies and one that names nobody', () => {
    const rest = consents.filter((row) => !actors(row).includes('Practitioner/demo-gp'));
    const ended = ({ period }: Provision) => period.end !== undefined && period.end < '2026-03-31';
    expect(rest.map((row) => [row.patient, row.provision.type, actors(row), ended(row.provision)])).toEqual([
      ['demo-mother', 'permit', ['Practitioner/demo-dentist'], false],
      ['demo-father', 'permit', ['Practitioner/demo-emergency'], true],
      ['demo-grandmother', 'permit', [], false],
      ['demo-grandmother', 'deny', ['Practitioner/demo-dentist'], false],
    ]);
  });

  it.each(consents)('have what IHE PCF asks of all consents: $consent.id', ({ consent, provision }) => {
    expect(consent).toMatchObject({
      status: 'active',
      scope: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
      },
      dateTime: expect.any(String),
      organization: [{ reference: 'Organization/demo-registry' }],
      sourceAttachment: { title: expect.any(String) },
      policy: [{ uri: expect.stringMatching(/^https:\/\/profiles\.ihe\.net\/ITI\/PCF\/Policy-/) }],
    });
    expect(consent.performer).toHaveLength(1);
    for (const { role } of provision.actor ?? []) expect(role.coding[0]?.code).toBe('IRCP');
    expect(consent.verification).toBeUndefined();
    const known = ['type', 'period', 'actor', 'purpose'];
    expect(Object.keys(provision).filter((name) => !known.includes(name))).toEqual([]);
  });
});
