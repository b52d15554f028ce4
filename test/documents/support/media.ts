/** Made-up media of made-up people: complete French headers, INS for tests only. */
import { createHash } from 'node:crypto';
import { insValue } from '../../../src/demo/identity.ts';

export const INS_OID = '1.2.250.1.213.1.4.10';

export interface Person {
  id: string;
  ins: string;
  family: string;
  given: string;
}

export const person = (index: number): Person => ({
  id: `import-${index}`,
  ins: insValue({
    gender: 'female',
    date: '1979-03-05',
    place: '75112',
    order: String(index + 1).padStart(3, '0'),
  }),
  family: `Essai${index}`,
  given: 'Camille',
});

export const patientOf = ({ id, ins, family, given }: Person) => ({
  resourceType: 'Patient',
  id,
  identifier: [{ use: 'official', system: `urn:oid:${INS_OID}`, value: ins }],
  name: [{ use: 'official', family, given: [given] }],
  gender: 'female',
  birthDate: '1979-03-05',
});

/** Of about that many bytes. */
export function pdf(text: string, size = 0): Buffer {
  const start = `%PDF-1.4\n% ${text}\n`;
  return Buffer.from(`${start}${'x'.repeat(Math.max(0, size - start.length - 6))}\n%%EOF`, 'latin1');
}

const header = (
  { ins, family, given }: Person,
  title: string,
  uid: string,
): string => `<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <realmCode code="FR"/>
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <templateId root="2.16.840.1.113883.2.8.2.1"/>
  <templateId root="1.2.250.1.213.1.1.1.1"/>
  <id root="${uid}"/>
  <code code="34112-3" displayName="CR hospitalier (séjour)" codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC"/>
  <title>${title}</title>
  <effectiveTime value="20240612103000+0200"/>
  <confidentialityCode code="N" displayName="Normal" codeSystem="2.16.840.1.113883.5.25"/>
  <languageCode code="fr-FR"/>
  <setId root="${uid}.1"/>
  <versionNumber value="1"/>
  <recordTarget><patientRole>
    <id extension="${ins}" root="${INS_OID}"/>
    <addr use="HP"><streetAddressLine>1 rue des Essais</streetAddressLine><postalCode>75012</postalCode><city>PARIS</city></addr>
    <telecom value="tel:+33123456789" use="HP"/>
    <patient>
      <name><family qualifier="BR">${family}</family><given>${given}</given></name>
      <administrativeGenderCode code="F" displayName="Féminin" codeSystem="2.16.840.1.113883.5.1"/>
      <birthTime value="19790305"/>
      <birthplace><place><addr><county>75112</county></addr></place></birthplace>
    </patient>
  </patientRole></recordTarget>
  <author><time value="20240612103000+0200"/><assignedAuthor>
    <id root="1.2.250.1.71.4.2.1" extension="899700218896"/>
    <code code="G15_10/SM26" displayName="Médecin - Qualifié en Médecine Générale" codeSystem="1.2.250.1.213.1.1.4.5"/>
    <assignedPerson><name><family>LAMBERT</family><given>Sophie</given></name></assignedPerson>
    <representedOrganization><id root="1.2.250.1.71.4.2.2" extension="1750000001"/><name>Centre hospitalier des Essais</name></representedOrganization>
  </assignedAuthor></author>
  <custodian><assignedCustodian><representedCustodianOrganization>
    <id root="1.2.250.1.71.4.2.2" extension="1750000001"/><name>Centre hospitalier des Essais</name>
  </representedCustodianOrganization></assignedCustodian></custodian>
  <legalAuthenticator><time value="20240612103000+0200"/><signatureCode code="S"/><assignedEntity>
    <id root="1.2.250.1.71.4.2.1" extension="899700218896"/>
    <assignedPerson><name><family>LAMBERT</family><given>Sophie</given></name></assignedPerson>
  </assignedEntity></legalAuthenticator>
  <documentationOf><serviceEvent><effectiveTime><low value="20240610"/><high value="20240612"/></effectiveTime></serviceEvent></documentationOf>
  <componentOf><encompassingEncounter><effectiveTime><low value="20240610"/><high value="20240612"/></effectiveTime>
    <location><healthCareFacility><code code="SA01" codeSystem="1.2.250.1.71.4.2.4"/></healthCareFacility></location></encompassingEncounter></componentOf>
`;

export const cda1 = (of: Person, title: string, uid: string, content: Buffer): Buffer =>
  Buffer.from(
    `${header(of, title, uid)}  <component><nonXMLBody><text mediaType="application/pdf" representation="B64">${content.toString('base64')}</text></nonXMLBody></component>
</ClinicalDocument>`,
  );

export const cda3 = (of: Person, title: string, uid: string, sections: string): Buffer =>
  Buffer.from(
    `${header(of, title, uid)}  <component><structuredBody>${sections}</structuredBody></component>
</ClinicalDocument>`,
  );

export interface Described {
  /** Below the METADATA.XML. */
  uri: string;
  uid: string;
  mime: string;
  content: Buffer;
  title?: string;
  status?: string;
  /** In place of the right ones. */
  hash?: string;
  patientId?: string;
  confidentiality?: [code: string, oid: string][];
  authorPerson?: string;
  /** Of TRE_A03; that of the type unless given. */
  class?: string;
  replaces?: string;
}

const code = (scheme: string, object: string, [value, system, name]: [string, string, string]): string => `
  <rim:Classification id="${object}-${scheme}-${value}" classificationScheme="urn:uuid:${scheme}" classifiedObject="${object}" nodeRepresentation="${value}">
    <rim:Slot name="codingScheme"><rim:ValueList><rim:Value>${system}</rim:Value></rim:ValueList></rim:Slot>
    <rim:Name><rim:LocalizedString value="${name}"/></rim:Name></rim:Classification>`;
const slot = (name: string, value: string): string =>
  `<rim:Slot name="${name}"><rim:ValueList><rim:Value>${value}</rim:Value></rim:ValueList></rim:Slot>`;
const xml = (text: string): string => text.replaceAll('&', '&amp;');

const AUTHOR = '899700218896^LAMBERT^Sophie^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS';
const HOSPITAL = 'Centre hospitalier des Essais^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1750000001';

/** As ebRIM: a set with these documents. */
export function metadata(of: Person, documents: readonly Described[], set = '1.2.3.4.900'): Buffer {
  const cx = `${of.ins}^^^&${INS_OID}&ISO^NH`;
  const objects = documents.map((each, index) => {
    const id = `Document${index}`;
    const hash = each.hash ?? createHash('sha1').update(each.content).digest('hex');
    return `<rim:ExtrinsicObject id="${id}" mimeType="${each.mime}" objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1" status="urn:oasis:names:tc:ebxml-regrep:StatusType:${each.status ?? 'Approved'}">
  ${slot('creationTime', '20240612083000')}${slot('serviceStartTime', '20240610')}${slot('serviceStopTime', '20240612')}${slot('languageCode', 'fr-FR')}
  ${slot('hash', hash)}${slot('size', String(each.content.length))}${slot('URI', each.uri)}${slot('legalAuthenticator', xml(AUTHOR))}${slot('sourcePatientId', xml(cx))}
  <rim:Name><rim:LocalizedString value="${each.title ?? 'Compte rendu'}"/></rim:Name>
  <rim:Classification id="${id}-a" classificationScheme="urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d" classifiedObject="${id}" nodeRepresentation="">
    ${slot('authorInstitution', xml(HOSPITAL))}${slot('authorPerson', xml(each.authorPerson ?? AUTHOR))}${slot('authorSpecialty', 'G15_10/SM26^Médecin généraliste^1.2.250.1.213.1.1.4.5')}
  </rim:Classification>
  ${code('f0306f51-975f-434e-a61c-c59651d33983', id, ['34112-3', '2.16.840.1.113883.6.1', 'CR hospitalier (séjour)'])}
  ${code('41a5887f-8865-4c09-adf7-e362475b143a', id, [each.class ?? '10', '1.2.250.1.213.1.1.4.1', 'Compte rendu'])}
  ${code('a09d5840-386c-46f2-b5ad-9c3699a4309d', id, ['urn:ihe:iti:xds-sd:pdf:2008', '1.3.6.1.4.1.19376.1.2.3', 'PDF'])}
  ${code('f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1', id, ['SA01', '1.2.250.1.71.4.2.4', 'Etablissement public de santé'])}
  ${code('cccf5598-8b07-4b77-a05e-ae952c785ead', id, ['ETABLISSEMENT', '1.2.250.1.213.1.1.4.9', 'Etablissement de santé'])}
  ${[['N', '2.16.840.1.113883.5.25'] as [string, string], ...(each.confidentiality ?? [])].map(([value, oid]) => code('f4f85eac-e6cb-4883-b524-f2705394840f', id, [value, oid, value])).join('')}
  <rim:ExternalIdentifier id="${id}-p" registryObject="${id}" identificationScheme="urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427" value="${xml(each.patientId ?? cx)}"/>
  <rim:ExternalIdentifier id="${id}-u" registryObject="${id}" identificationScheme="urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab" value="${each.uid}"/>
</rim:ExtrinsicObject>
<rim:Association id="as-${index}" associationType="urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember" sourceObject="Set" targetObject="${id}"/>
${each.replaces === undefined ? '' : `<rim:Association id="r-${index}" associationType="urn:ihe:iti:2007:AssociationType:RPLC" sourceObject="${id}" targetObject="Document${documents.findIndex(({ uid }) => uid === each.replaces)}"/>`}`;
  });
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>
<lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0" xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><rim:RegistryObjectList>
${objects.join('\n')}
<rim:RegistryPackage id="Set">${slot('submissionTime', '20240612090000')}<rim:Name><rim:LocalizedString value="Séjour"/></rim:Name>
  <rim:Classification id="c" classifiedObject="Set" classificationNode="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"/>
  <rim:ExternalIdentifier id="s-p" registryObject="Set" identificationScheme="urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446" value="${xml(cx)}"/>
  <rim:ExternalIdentifier id="s-u" registryObject="Set" identificationScheme="urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8" value="${set}"/>
</rim:RegistryPackage></rim:RegistryObjectList></lcm:SubmitObjectsRequest>`);
}

/** Files of one person's media, by path below the person's folder. */
export function media(of: Person, documents: readonly Described[], set?: string): Map<string, Buffer> {
  const folder = 'IHE_XDM/SUBSET01';
  return new Map([
    ['INDEX.HTM', Buffer.from('<html></html>')],
    ['README.TXT', Buffer.from('Essai')],
    [`${folder}/METADATA.XML`, metadata(of, documents, set)],
    ...documents.map(({ uri, content }) => [`${folder}/${uri}`, content] as const),
  ]);
}
