/** Whose document a CDA R2 is: http://www.hl7.org/implement/standards/product_brief.cfm?product_id=7, recordTarget. */
import { type XmlElement, child, childrenOf, parseXml } from '../../fhir/xml-tree.ts';
import type { Ins } from '../xds/people.ts';

const CDA = 'urn:hl7-org:v3';

export const isCda = ({ name, namespace }: XmlElement): boolean =>
  name === 'ClinicalDocument' && namespace === CDA;

/** What keeps XML from being a CDA of this patient. @throws FhirError when it is no XML */
export function cdaFault(bytes: Buffer, ins: Ins): string | undefined {
  const root = parseXml(bytes);
  if (!isCda(root)) return 'the XML is no CDA document';
  const ids = childrenOf(child(root, 'recordTarget', 'patientRole'), 'id').map(
    ({ attributes }) => attributes,
  );
  const isTheirs = ids.some(
    ({ root: oid, extension }) => `urn:oid:${oid}` === ins.system && extension === ins.value,
  );
  return isTheirs ? undefined : 'the CDA is of another patient than its metadata';
}
