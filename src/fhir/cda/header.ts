/** What a reader must know of a CDA before its text: whose it is, who wrote it, when. */
import { type XmlElement, child, childrenOf, textOf } from '../xml-tree.ts';

/** French labels, and what the header says; what it doesn't say is left out. */
export function headerOf(root: XmlElement): [label: string, value: string][] {
  const role = child(root, 'recordTarget', 'patientRole');
  const patient = child(role, 'patient');
  const author = child(root, 'author', 'assignedAuthor');
  const facts: [string, string | undefined][] = [
    ['Patient', nameOf(child(patient, 'name'))],
    ['Né(e) le', dateOf(child(patient, 'birthTime')?.attributes.value)],
    ['Identifiant', childrenOf(role, 'id')[0]?.attributes.extension],
    ['Auteur', nameOf(child(author, 'assignedPerson', 'name'))],
    ['Établissement', textOf(child(author, 'representedOrganization', 'name'))],
    ['Date', dateOf(child(root, 'effectiveTime')?.attributes.value)],
    ['Validé par', nameOf(child(root, 'legalAuthenticator', 'assignedEntity', 'assignedPerson', 'name'))],
    [
      'Conservé par',
      textOf(child(root, 'custodian', 'assignedCustodian', 'representedCustodianOrganization', 'name')),
    ],
  ];
  return facts.filter((each): each is [string, string] => each[1] !== undefined && each[1] !== '');
}

function nameOf(name: XmlElement | undefined): string | undefined {
  if (name === undefined) return undefined;
  const parts = ['prefix', 'given', 'family']
    .flatMap((each) => childrenOf(name, each))
    .flatMap((each) => textOf(each) ?? []);
  return parts.length > 0 ? parts.join(' ') : textOf(name);
}

/** `20240612103000+0200` as `12/06/2024`. */
function dateOf(value = ''): string | undefined {
  const [, year, month, day] = /^(\d{4})(\d\d)?(\d\d)?/.exec(value) ?? [];
  if (year === undefined) return undefined;
  return [day, month, year].filter((each) => each !== undefined).join('/');
}
