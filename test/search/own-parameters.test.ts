/** The parameters that this server defines beside R4's, as MHD and PDSm ask for them. */
import { readConformance } from '../../src/fhir/conformance/files.ts';
import { validate } from '../../src/fhir/validate/index.ts';
import { definitionsOf } from '../../src/search/definitions.ts';
import { finds } from './support/search.ts';

const MHD = 'https://profiles.ihe.net/ITI/MHD/StructureDefinition/';
const ARCHIVED = 'https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived';
const archived = (valueBoolean: boolean) => ({ extension: [{ url: ARCHIVED, valueBoolean }] });

const document = (more = {}) => ({
  resourceType: 'DocumentReference',
  content: [{ attachment: { creation: '2024-03-15T10:00:00Z' } }],
  context: { period: { start: '2024-03-10', end: '2024-03-20' } },
  ...more,
});
const list = (more = {}) => ({ resourceType: 'List', status: 'current', mode: 'working', ...more });
const submission = list({
  extension: [
    {
      url: `${MHD}ihe-designationType`,
      valueCodeableConcept: { coding: [{ system: 'urn:oid:1.2', code: 'AMBULATOIRE' }] },
    },
    { url: `${MHD}ihe-sourceId`, valueIdentifier: { system: 'urn:ietf:rfc:3986', value: 'urn:oid:1.2.3' } },
  ],
  source: {
    reference: 'Practitioner/p',
    extension: [{ url: `${MHD}ihe-authorOrg`, valueReference: { reference: 'Organization/o' } }],
  },
});

it.each([
  ['creation=2024-03-15', document(), true],
  ['creation=lt2024', document(), false],
  ['period-start=2024-03-10', document(), true],
  ['period-start=ge2024-03-11', document(), false],
  ['period-end=le2024-03-20', document(), true],
  ['period-end=2024-03-10', document(), false],
  ['isArchived=true', document(archived(true)), true],
  ['isArchived=true', document(archived(false)), false],
  ['isArchived=true', document(), false],
  ['isArchived=false', document(archived(true)), false],
  ['isArchived=false', document(archived(false)), true],
  ['isArchived=false', document(), true],
  ['isArchived=true', list(archived(true)), true],
  ['isArchived=false', list(), true],
  ['designationType=urn:oid:1.2|AMBULATOIRE', submission, true],
  ['DesignationType=AMBULATOIRE', submission, true],
  ['designationType=EXTERNE', submission, false],
  ['sourceId=urn:ietf:rfc:3986|urn:oid:1.2.3', submission, true],
  ['SourceId=urn:oid:1.2.3', submission, true],
  ['SourceId=urn:oid:1.2.4', submission, false],
  ['authorOrg=Organization/o', submission, true],
  ['authorOrg=Organization/p', submission, false],
])('%s', (query, resource, found) => {
  expect(finds(query, resource)).toBe(found);
});

it.each(readConformance('SearchParameter').map((each) => [each.id, each] as const))(
  '%s is a valid SearchParameter under its own address, and names the one that it stands for',
  (id, parameter) => {
    expect(validate(parameter)).toEqual([]);
    expect(parameter).toMatchObject({
      url: `https://carnet.example/fhir/SearchParameter/${id}`,
      derivedFrom: expect.stringMatching(/^https:\/\/(profiles\.ihe\.net|interop\.esante\.gouv\.fr)\//),
    });
    for (const type of parameter.base as string[]) {
      expect(definitionsOf(type).get(parameter.code as string)?.url).toBe(parameter.url);
    }
  },
);
