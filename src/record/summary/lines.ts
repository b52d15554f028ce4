/** What a patient is told of each resource, in a line. */
import type { Language } from '../../consent/reasons.ts';
import type { Json, Resource } from '../../fhir/resource.ts';
import type { Item } from '../../pdf/tagged.ts';
import { whenOf } from './dates.ts';
import { codesOf, each, isObject, referenceOf, stringOf, textOf } from './elements.ts';
import { SAID, type Said } from './words.ts';

export interface Reader {
  language: Language;
  /** What the document holds, by `Type/id`. */
  pool: ReadonlyMap<string, Resource>;
}

interface Draft {
  what: string | undefined;
  details: (string | undefined)[];
  when: unknown;
}

type Teller = (resource: Resource, reader: Reader) => Draft;

export function lineOf(resource: Resource, reader: Reader): Item {
  const { [resource.resourceType]: teller = other } = TELLERS;
  const { what, details, when } = teller(resource, reader);
  const date = whenOf(when, reader.language);
  return {
    what: what ?? say('unnamed', reader),
    details: details.filter((detail) => detail !== undefined),
    ...(date === undefined ? {} : { when: date }),
  };
}

const say = (said: Said, { language }: Pick<Reader, 'language'>): string => SAID[said][language];
const sayIf = (is: boolean, said: Said, reader: Reader): string | undefined =>
  is ? say(said, reader) : undefined;
const has = (concept: unknown, code: string): boolean =>
  codesOf(concept).some((found) => found.code === code);
const joined = (texts: readonly (string | undefined)[]): string | undefined => {
  const told = texts.filter((text) => text !== undefined);
  return told.length === 0 ? undefined : told.join(', ');
};
const concepts = (value: unknown): string | undefined => joined(each(value).map(textOf));
const other: Teller = ({ code, date }) => ({ what: textOf(code), details: [], when: date });

const TELLERS: Readonly<Record<string, Teller>> = {
  AllergyIntolerance: (resource, reader) => {
    const { code, reaction, criticality, clinicalStatus, verificationStatus } = resource;
    return {
      what: textOf(code),
      details: [
        joined(each(reaction).map(({ manifestation }) => concepts(manifestation))),
        sayIf(criticality === 'high', 'high', reader),
        sayIf(has(clinicalStatus, 'inactive'), 'inactive', reader),
        sayIf(has(verificationStatus, 'unconfirmed'), 'unconfirmed', reader),
      ],
      when: resource.onsetDateTime ?? resource.onsetPeriod ?? resource.recordedDate,
    };
  },
  Condition: (resource, reader) => {
    const { code, severity, bodySite, verificationStatus, onsetDateTime, abatementDateTime } = resource;
    const unsure = ['unconfirmed', 'provisional', 'differential'].some((each) =>
      has(verificationStatus, each),
    );
    const lasted = { start: onsetDateTime, end: abatementDateTime };
    return {
      what: textOf(code),
      details: [textOf(severity), concepts(bodySite), sayIf(unsure, 'unconfirmed', reader)],
      when:
        (onsetDateTime ?? abatementDateTime) === undefined
          ? (resource.onsetPeriod ?? resource.recordedDate)
          : lasted,
    };
  },
  MedicationStatement: (resource, reader) =>
    medication(resource, resource.dosage, whenTaken(resource), reader),
  MedicationRequest: (resource, reader) =>
    medication(resource, resource.dosageInstruction, resource.authoredOn, reader),
  Immunization: (resource, reader) => {
    const dose = each(resource.protocolApplied).flatMap(({ doseNumberPositiveInt: number }) =>
      typeof number === 'number' ? [`${say('dose', reader)} ${number}`] : [],
    );
    return {
      what: textOf(resource.vaccineCode),
      details: [concepts(each(resource.protocolApplied).flatMap((each) => each.targetDisease)), dose[0]],
      when: resource.occurrenceDateTime ?? resource.occurrenceString,
    };
  },
  Observation: (resource, reader) => ({
    what: textOf(resource.code),
    details: [
      valueOf(resource, reader),
      joined(
        each(resource.component).map((part) => {
          const value = valueOf(part, reader);
          return value === undefined ? undefined : `${textOf(part.code) ?? ''} ${value}`;
        }),
      ),
      sayIf(
        each(resource.interpretation).some((concept) =>
          ['H', 'HH', 'L', 'LL', 'A', 'AA'].some((code) => has(concept, code)),
        ),
        'unusual',
        reader,
      ),
    ],
    when: resource.effectiveDateTime ?? resource.effectivePeriod ?? resource.effectiveInstant,
  }),
  DiagnosticReport: ({ code, conclusion, effectiveDateTime, effectivePeriod, issued }) => ({
    what: textOf(code),
    details: [stringOf(conclusion)],
    when: effectiveDateTime ?? effectivePeriod ?? issued,
  }),
  Procedure: (resource) => ({
    what: textOf(resource.code),
    details: [concepts(resource.bodySite), textOf(resource.outcome)],
    when: resource.performedDateTime ?? resource.performedPeriod ?? resource.performedString,
  }),
  DeviceUseStatement: (resource, { pool }) => {
    const device = pool.get(referenceOf(resource.device) ?? '');
    const name = each(device?.deviceName)[0]?.name;
    return {
      what: stringOf(name) ?? textOf(device?.type) ?? displayOf(resource.device),
      details: [textOf(resource.bodySite)],
      when: resource.timingPeriod ?? resource.timingDateTime ?? resource.recordedOn,
    };
  },
  CarePlan: ({ title, description, category, period, created }) => ({
    what: stringOf(title) ?? concepts(category) ?? stringOf(description),
    details: [title === undefined ? undefined : stringOf(description)],
    when: period ?? created,
  }),
  ClinicalImpression: ({ code, description, summary, date, effectiveDateTime }) => ({
    what: textOf(code) ?? stringOf(description),
    details: [stringOf(summary)],
    when: effectiveDateTime ?? date,
  }),
  Flag: ({ code, category, period }) => ({ what: textOf(code), details: [concepts(category)], when: period }),
  DocumentReference: (resource) => {
    const titles = each(resource.content).map(({ attachment }) =>
      isObject(attachment) ? stringOf(attachment.title) : undefined,
    );
    return {
      what: stringOf(resource.description) ?? titles[0] ?? textOf(resource.type),
      details: [resource.description === undefined ? undefined : textOf(resource.type)],
      when: resource.date,
    };
  },
  Consent: ({ category, dateTime }, reader) => ({
    what: concepts(category) ?? say('directive', reader),
    details: [],
    when: dateTime,
  }),
};

function medication(resource: Resource, dosage: unknown, when: unknown, reader: Reader): Draft {
  const { medicationCodeableConcept, medicationReference, status } = resource;
  const named = reader.pool.get(referenceOf(medicationReference) ?? '');
  return {
    what: textOf(medicationCodeableConcept) ?? textOf(named?.code) ?? displayOf(medicationReference),
    details: [
      joined(each(dosage).map(({ text }) => stringOf(text))),
      concepts(resource.reasonCode),
      sayIf(status === 'on-hold', 'on-hold', reader),
    ],
    when,
  };
}

const whenTaken = ({ effectivePeriod, effectiveDateTime, dateAsserted }: Resource): unknown =>
  effectivePeriod ?? effectiveDateTime ?? dateAsserted;

const displayOf = (value: unknown): string | undefined =>
  isObject(value) ? stringOf(value.display) : undefined;

function valueOf(holder: Json, reader: Reader): string | undefined {
  const { valueQuantity, valueCodeableConcept, valueString, valueBoolean, valueInteger, valueDateTime } =
    holder;
  if (isObject(valueQuantity)) return quantityOf(valueQuantity, reader);
  if (valueCodeableConcept !== undefined) return textOf(valueCodeableConcept);
  if (typeof valueBoolean === 'boolean') return say(valueBoolean ? 'yes' : 'no', reader);
  if (typeof valueInteger === 'number') return String(valueInteger);
  if (typeof valueDateTime === 'string') return whenOf(valueDateTime, reader.language);
  return stringOf(valueString);
}

function quantityOf({ value, comparator, unit, code }: Json, { language }: Reader): string | undefined {
  if (typeof value !== 'number') return undefined;
  const format = new Intl.NumberFormat(language === 'fr' ? 'fr-FR' : 'en-GB', {
    maximumSignificantDigits: 15,
  });
  const number = format.format(value).replaceAll('\u202f', ' ');
  return [stringOf(comparator), number, stringOf(unit) ?? stringOf(code)]
    .filter((part) => part !== undefined)
    .join(' ');
}
