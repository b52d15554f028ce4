/** The summary as a FHIR document: https://hl7.org/fhir/R4/documents.html and https://hl7.org/fhir/uv/ips/ */
import type { Language } from '../../consent/reasons.ts';
import type { Json, Resource } from '../../fhir/resource.ts';
import type { Item } from '../../pdf/tagged.ts';
import type { Gathered, Told } from './gather.ts';
import { codesOf, each, isObject } from './elements.ts';
import { type Reader, lineOf } from './lines.ts';
import { narrative } from './narrative.ts';
import { namedIn, resolved } from './references.ts';
import { SAID } from './words.ts';

export const COMPOSITION = 'http://hl7.org/fhir/uv/ips/StructureDefinition/Composition-uv-ips';
export const BUNDLE = 'http://hl7.org/fhir/uv/ips/StructureDefinition/Bundle-uv-ips';
const LOINC = 'http://loinc.org';
const REASON = 'http://terminology.hl7.org/CodeSystem/list-empty-reason';
const CONFIDENTIALITY = ['N', 'R', 'V'];

export interface Made {
  base: string;
  language: Language;
  /** Milliseconds. */
  now: number;
  newId(): string;
}

/** What a section says, in words. */
export interface Chapter {
  title: string;
  items: Item[];
  notes: string[];
}

export function chapterOf({ section, entries, isCut, empty }: Told, reader: Reader): Chapter {
  const { language } = reader;
  return {
    title: section.title[language],
    items: entries.map((resource) => lineOf(resource, reader)),
    notes: [
      ...(empty === undefined ? [] : [SAID[empty][language]]),
      ...(isCut && entries.length > 0 ? [SAID.cut[language]] : []),
    ],
  };
}

/** The sections that say something, and those that every summary has. */
export function chaptered({ told }: Gathered): Told[] {
  return told.filter(({ entries, empty }) => entries.length > 0 || empty !== undefined);
}

export function documentOf(gathered: Gathered, { base, language, now, newId }: Made): Resource {
  const { patient, pool } = gathered;
  const told = chaptered(gathered);
  const parts = partsOf(gathered, told, base);
  const [composition, author, bundle] = [newId(), newId(), newId()];
  const addressOf = (name: string): string | undefined => (parts.has(name) ? `${base}/${name}` : undefined);
  const reader = { language, pool };
  const head: Resource = {
    resourceType: 'Composition',
    id: composition,
    ...(isWhole(patient) ? { meta: { profile: [`${COMPOSITION}|2.0.0`] } } : {}),
    language: language === 'fr' ? 'fr-FR' : 'en-GB',
    text: narrative([], [SAID.title[language], `${SAID.from[language]}`], language),
    status: 'final',
    type: { coding: [{ system: LOINC, code: '60591-5', display: 'Patient summary Document' }] },
    subject: { reference: `Patient/${patient.id}` },
    date: new Date(now).toISOString(),
    author: [{ reference: `urn:uuid:${author}` }],
    title: SAID.title[language],
    confidentiality: confidentialityOf([...parts.values()]),
    section: told.map((each) => sectionOf(each, reader)),
  };
  const device: Resource = {
    resourceType: 'Device',
    id: author,
    deviceName: [{ name: 'Carnet', type: 'user-friendly-name' }],
    type: { text: language === 'fr' ? 'Résumé établi automatiquement' : 'Automatically generated summary' },
  };
  const known = (name: string): string | undefined =>
    addressOf(name) ?? (name === `urn:uuid:${author}` ? name : undefined);
  return {
    resourceType: 'Bundle',
    id: bundle,
    ...(isWhole(patient) ? { meta: { profile: [`${BUNDLE}|2.0.0`] } } : {}),
    language: head.language,
    identifier: { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${bundle}` },
    type: 'document',
    timestamp: new Date(now).toISOString(),
    entry: [
      { fullUrl: `urn:uuid:${composition}`, resource: resolved(head, base, known) },
      ...[...parts].map(([name, resource]) => ({
        fullUrl: `${base}/${name}`,
        resource: resolved(resource, base, addressOf),
      })),
      { fullUrl: `urn:uuid:${author}`, resource: device },
    ],
  };
}

/** The patient, the entries, and what they lead to. */
function partsOf({ patient, pool }: Gathered, told: readonly Told[], base: string): Map<string, Resource> {
  const parts = new Map<string, Resource>();
  const wanted = [patient, ...told.flatMap(({ entries }) => entries)].map(
    ({ resourceType, id }) => `${resourceType}/${id}`,
  );
  for (let name = wanted.shift(); name !== undefined; name = wanted.shift()) {
    const resource = parts.has(name) ? undefined : pool.get(name);
    if (resource === undefined) continue;
    parts.set(name, resource);
    wanted.push(...namedIn(resource, base));
  }
  return parts;
}

function sectionOf(told: Told, reader: Reader): Json {
  const { section, entries, empty } = told;
  const { title, items, notes } = chapterOf(told, reader);
  return {
    title,
    code: { coding: [{ system: LOINC, code: section.code, display: section.display }] },
    text: narrative(items, notes, reader.language),
    ...(entries.length === 0
      ? {}
      : { entry: entries.map(({ resourceType, id }) => ({ reference: `${resourceType}/${id}` })) }),
    ...(empty === undefined ? {} : { emptyReason: { coding: [{ system: REASON, code: empty }] } }),
  };
}

/** It has what the profile of the patient wants. */
function isWhole({ name, birthDate }: Resource): boolean {
  return (
    typeof birthDate === 'string' &&
    each(name).some(({ family, given, text }) => (family ?? given ?? text) !== undefined)
  );
}

/** As confidential as the most confidential part. */
function confidentialityOf(parts: readonly Resource[]): string {
  const found = parts.flatMap(({ meta }) => (isObject(meta) ? codesOf({ coding: meta.security }) : []));
  const level = Math.max(0, ...found.map(({ code }) => CONFIDENTIALITY.indexOf(code)));
  return CONFIDENTIALITY[level]!;
}
