/** CDA R2 documents with complete French headers, made by the tests: level 1 around a PDF, and level 3. */

export interface Cda {
  id: string;
  ins: string;
  type?: [code: string, system: string];
  replaces?: string;
  body?: string;
}

const LOINC = '2.16.840.1.113883.6.1';

export const LEVEL1 = (pdf: string): string =>
  `<component><nonXMLBody><text mediaType="application/pdf" representation="B64">${pdf}</text></nonXMLBody></component>`;
export const LEVEL3 =
  '<component><structuredBody><component><section><code code="11369-6" codeSystem="2.16.840.1.113883.6.1"/><title>Vaccinations</title><text><table><tbody><tr><td>DTP</td></tr></tbody></table></text><entry><act classCode="ACT" moodCode="EVN"/></entry></section></component></structuredBody></component>';

export function cda({ id, ins, type = ['34112-3', LOINC], replaces, body = LEVEL3 }: Cda): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <realmCode code="FR"/>
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <templateId root="2.16.840.1.113883.2.8.2.1"/>
  <templateId root="1.2.250.1.213.1.1.1.1"/>
  <id root="${id}"/>
  <code code="${type[0]}" codeSystem="${type[1]}" displayName="CR hospitalier"/>
  <title>Compte rendu d'hospitalisation</title>
  <effectiveTime value="20260502101500+0200"/>
  <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25" displayName="Normal"/>
  <languageCode code="fr-FR"/>
  <setId root="1.2.250.1.213.1.1.9" extension="lot-1"/>
  <versionNumber value="1"/>
  <recordTarget>
    <patientRole>
      <id root="1.2.250.1.213.1.4.10" extension="${ins}"/>
      <id root="1.2.3.4.5" extension="IPP-77"/>
      <patient>
        <name><family qualifier="BR">ROUSSELOT</family><family qualifier="SP">DELAUNAY</family><given qualifier="BR">CLAIRE</given></name>
        <administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/>
        <birthTime value="19790302"/>
      </patient>
    </patientRole>
  </recordTarget>
  <author>
    <time value="20260502101500+0200"/>
    <assignedAuthor>
      <id root="1.2.250.1.71.4.2.1" extension="810000000001"/>
      <assignedPerson><name><family>LAMBERT</family><given>Sophie</given></name></assignedPerson>
      <representedOrganization><id root="1.2.250.1.71.4.2.2" extension="1690000001"/><name>CH des Tilleuls</name></representedOrganization>
    </assignedAuthor>
  </author>
  <custodian>
    <assignedCustodian><representedCustodianOrganization><id root="1.2.250.1.71.4.2.2" extension="1690000001"/><name>CH des Tilleuls</name></representedCustodianOrganization></assignedCustodian>
  </custodian>
  <legalAuthenticator>
    <time value="20260502101600+0200"/>
    <signatureCode code="S"/>
    <assignedEntity><id root="1.2.250.1.71.4.2.1" extension="810000000001"/><assignedPerson><name><family>LAMBERT</family><given>Sophie</given></name></assignedPerson></assignedEntity>
  </legalAuthenticator>
  <documentationOf>
    <serviceEvent>
      <code code="HHFA001" codeSystem="1.2.250.1.213.2.5" displayName="Appendicectomie"/>
      <effectiveTime><low value="20260428"/><high value="20260502"/></effectiveTime>
      <performer typeCode="PRF"><assignedEntity><id root="1.2.250.1.71.4.2.1" extension="810000000001"/><representedOrganization><standardIndustryClassCode code="AMBULATOIRE" codeSystem="1.2.250.1.213.1.1.4.9"/></representedOrganization></assignedEntity></performer>
    </serviceEvent>
  </documentationOf>
  ${replaces === undefined ? '' : `<relatedDocument typeCode="RPLC"><parentDocument><id root="${replaces}"/></parentDocument></relatedDocument>`}
  <componentOf>
    <encompassingEncounter>
      <effectiveTime><low value="20260428"/></effectiveTime>
      <location><healthCareFacility><code code="SA01" codeSystem="1.2.250.1.71.4.2.4"/></healthCareFacility></location>
    </encompassingEncounter>
  </componentOf>
  ${body}
</ClinicalDocument>`;
}
