/** People, organizations and patients as HL7 v2 writes them in XDS: https://profiles.ihe.net/ITI/TF/Volume3/ch-4.2.html#4.2.3.1.7 */
import { isQualified } from '../../fhir/identity.ts';
import type { Json, Resource } from '../../fhir/resource.ts';

export interface Ins {
  system: string;
  value: string;
}

const parts = (text: string, mark: string): string[] => text.split(mark).map((each) => each.trim());
const authority = (text = ''): string => parts(text, '&')[1] ?? '';
const oid = (text: string): string => (text === '' ? '' : `urn:oid:${text}`);

/** `279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH`; what isn't a qualified INS is told. */
export function insOf(cx: string | undefined): Ins | string {
  if (cx === undefined || cx === '') return 'the metadata names no patient';
  const [value = '', , , assigner = ''] = parts(cx, '^');
  const system = authority(assigner);
  if (!isQualified(oid(system))) return `\`${brief(system)}\` is no system of a qualified INS`;
  if (!/^[1-478]\d{4}(\d\d|2[AB])\d{6}\d{2}$/.test(value))
    return 'the INS is none: it has 15 characters and a key';
  return keyOf(value.slice(0, 13)) === Number(value.slice(13))
    ? { system: `urn:oid:${system}`, value }
    : 'the key of the INS is wrong';
}

/** 97 − (n mod 97), the Corsican departments read as 19 and 18. */
function keyOf(nir: string): number {
  const digits = nir.replace(/^(.{5})2A/, '$119').replace(/^(.{5})2B/, '$118');
  return 97 - (Number(digits) % 97);
}

/** A patient may be the author of their own document. */
export function isPatient(xcn: string, ins: Ins): boolean {
  const [value, , , , , , , , assigner] = parts(xcn, '^');
  return value === ins.value && oid(authority(assigner)) === ins.system;
}

/** XCN as a Practitioner: `899700218896^LAMBERT^Sophie^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS`. */
export function practitioner(xcn: string, id: string): Resource {
  const [value = '', family = '', given = '', , , prefix = '', , , assigner] = parts(xcn, '^');
  const name = {
    ...(family === '' ? {} : { family }),
    ...(given === '' ? {} : { given: [given] }),
    ...(prefix === '' ? {} : { prefix: [prefix] }),
  };
  return {
    resourceType: 'Practitioner',
    id,
    ...identified(value, authority(assigner)),
    ...(Object.keys(name).length > 0 ? { name: [name] } : {}),
  };
}

/** XON as an Organization: `Centre hospitalier^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1750000001`. */
export function organization(xon: string, id: string): Resource {
  const [name = '', , , , , assigner, , , , value = ''] = parts(xon, '^');
  return {
    resourceType: 'Organization',
    id,
    ...identified(value, authority(assigner)),
    ...(name === '' ? {} : { name }),
  };
}

function identified(value: string, system: string): { identifier?: Json[] } {
  if (value === '') return {};
  return { identifier: [{ ...(system === '' ? {} : { system: oid(system) }), value }] };
}

const brief = (text: string): string => text.slice(0, 64);
