/**
 * By which parameter it is known when care took place; what has no such date is of all times.
 * https://hl7.org/fhir/R4/patient-operation-everything.html
 */
import { definitionsOf } from '../search/definitions.ts';
import { type Filter, all, any } from '../search/filter.ts';

/** `date` where a type has none of its own. */
const OWN: Readonly<Record<string, string>> = {
  Claim: 'created',
  Communication: 'sent',
  CommunicationRequest: 'authored',
  Condition: 'onset-date',
  CoverageEligibilityRequest: 'created',
  CoverageEligibilityResponse: 'created',
  DeviceRequest: 'authored-on',
  ExplanationOfBenefit: 'created',
  Goal: 'start-date',
  ImagingStudy: 'started',
  MeasureReport: 'date',
  Media: 'created',
  MedicationAdministration: 'effective-time',
  MedicationDispense: 'whenhandedover',
  MedicationRequest: 'authoredon',
  MedicationStatement: 'effective',
  NutritionOrder: 'datetime',
  Provenance: 'recorded',
  QuestionnaireResponse: 'authored',
  RequestGroup: 'authored',
  ServiceRequest: 'authored',
  Specimen: 'collected',
  Task: 'authored-on',
  VisionPrescription: 'datewritten',
};

export function careDateOf(type: string): string | undefined {
  const { [type]: param = 'date' } = OWN;
  return definitionsOf(type).get(param)?.type === 'date' ? param : undefined;
}

/** What took place within, as far as is known. Milliseconds UTC, from <= t < until. */
export function careWithin(
  types: readonly string[],
  { from, until }: { from?: number; until?: number },
): Filter {
  const test = {
    ...(until === undefined ? {} : { lo: { lt: until } }),
    ...(from === undefined ? {} : { hi: { gt: from } }),
  };
  return any(
    types.map((type) => {
      const param = careDateOf(type);
      const ofType: Filter[] = types.length === 1 ? [] : [{ op: 'type', type }];
      if (param === undefined) return all(ofType);
      const dated: Filter = { op: 'term', terms: [`${param}:present`] };
      const within: Filter = { op: 'range', param, test: [test] };
      return all([...ofType, { op: 'or', of: [within, { op: 'not', of: dated }] }]);
    }),
  );
}
