/**
 * The invariants that most resources meet, as functions: FHIRPath takes a hundred times as long. A test holds them
 * against their expressions. By key, and by context where a key means several. https://hl7.org/fhir/R4/datatypes.html
 */
import { dateRange } from '../dates.ts';
import type { Json, Reference } from '../resource.ts';
import { BUNDLE_INVARIANTS } from './native-bundle.ts';
import { FORM_INVARIANTS } from './native-forms.ts';
import { hasDistinctConcepts, isContainedReferred, isRooted } from './native-walk.ts';
import type { Scope } from './scope.ts';

export type Native = (value: Json, scope: Scope) => boolean;

const UCUM = 'http://unitsofmeasure.org';
const TERMINOLOGY = 'http://terminology.hl7.org/CodeSystem/';

/** FHIRPath's exists(): a value or an extension in its place. */
export const has = (value: Json, name: string): boolean =>
  value[name] !== undefined || value[`_${name}`] !== undefined;

const hasChoice = (value: Json, name: string): boolean => {
  for (const key in value)
    if (key.startsWith(name) || (key.startsWith('_') && key.startsWith(name, 1))) return true;
  return false;
};

const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const codings = (concept: unknown): Json[] => list((concept as Json | undefined)?.coding);
const isCoded = (concept: unknown, system: string, codes: readonly string[]): boolean =>
  codings(concept).some(
    (coding) => coding.system === TERMINOLOGY + system && codes.includes(coding.code as string),
  );
const isUcum = (value: Json): boolean => !has(value, 'system') || value.system === UCUM;
const hasUnitCode = (value: Json): boolean => has(value, 'code') || !has(value, 'value');
const allContained = (value: Json, test: (contained: Json) => boolean): boolean =>
  list(value.contained).every(test);
const metaLacks = (value: Json, name: string): boolean =>
  value.meta === undefined || !has(value.meta as Json, name);
const isHome = (value: Json): boolean => value.use === 'home';

/** False only when the one is surely after the other: what is less precise may still be before. */
function inOrder(earlier: unknown, later: unknown): boolean {
  if (typeof earlier !== 'string' || typeof later !== 'string') return true;
  const from = dateRange(earlier);
  const to = dateRange(later);
  return from === undefined || to === undefined || from.lo < to.hi;
}

function isRange(value: Json): boolean {
  const low = value.low as Json | undefined;
  const high = value.high as Json | undefined;
  if (typeof low?.value !== 'number' || typeof high?.value !== 'number') return true;
  const sameUnit =
    low.system === high.system &&
    low.code === high.code &&
    (low.code !== undefined || low.unit === high.unit);
  return !sameUnit || low.value <= high.value;
}

function isObserved(value: Json): boolean {
  if (!hasChoice(value, 'value')) return true;
  const own = new Set(
    codings(value.code).map((coding) =>
      JSON.stringify([coding.system, coding.version, coding.code, coding.display, coding.userSelected]),
    ),
  );
  return !list(value.component).some((component) =>
    codings(component.code).some((coding) =>
      own.has(
        JSON.stringify([coding.system, coding.version, coding.code, coding.display, coding.userSelected]),
      ),
    ),
  );
}

const REASONS_TO_CANCEL = ['noshow', 'cancelled'];
const WITHOUT_TIMES = ['proposed', 'cancelled', 'waitlist'];
const MEALS = ['C', 'CM', 'CD', 'CV'];

export const NATIVE: ReadonlyMap<string, Native> = new Map(
  Object.entries<Native>({
    ...BUNDLE_INVARIANTS,
    ...FORM_INVARIANTS,
    'ext-1@Extension': (value) => (value.extension !== undefined) !== hasChoice(value, 'value'),
    'dom-2': (value) => allContained(value, (contained) => contained.contained === undefined),
    'dom-3': (value) => isContainedReferred(value),
    'dom-4': (value) =>
      allContained(
        value,
        (contained) => metaLacks(contained, 'versionId') && metaLacks(contained, 'lastUpdated'),
      ),
    'dom-5': (value) => allContained(value, (contained) => metaLacks(contained, 'security')),
    'ref-1@Reference': ({ reference }, { contained, root, resource }) =>
      typeof reference !== 'string' ||
      !reference.startsWith('#') ||
      contained.has(reference.slice(1)) ||
      (reference === '#' && root !== resource),

    'age-1@Age': (value) =>
      hasUnitCode(value) && isUcum(value) && (typeof value.value !== 'number' || value.value > 0),
    'att-1@Attachment': (value) => !has(value, 'data') || has(value, 'contentType'),
    'cpt-2@ContactPoint': (value) => !has(value, 'value') || has(value, 'system'),
    'dis-1@Distance': (value) => hasUnitCode(value) && isUcum(value),
    'drt-1@Duration': (value) => !has(value, 'code') || (value.system === UCUM && has(value, 'value')),
    'per-1@Period': (value) => inOrder(value.start, value.end),
    'rat-1@Ratio': (value) =>
      has(value, 'numerator') === has(value, 'denominator') &&
      (has(value, 'numerator') || value.extension !== undefined),
    'rng-2@Range': isRange,
    'sqty-1': (value) => !has(value, 'comparator'),
    ...Object.fromEntries(
      ['Age', 'Count', 'Distance', 'Duration', 'Quantity'].map((type) => [
        `qty-3@${type}`,
        (value: Json) => !has(value, 'code') || has(value, 'system'),
      ]),
    ),
    'tim-1@Timing.repeat': (value) => !has(value, 'duration') || has(value, 'durationUnit'),
    'tim-2@Timing.repeat': (value) => !has(value, 'period') || has(value, 'periodUnit'),
    'tim-4@Timing.repeat': ({ duration }) => typeof duration !== 'number' || duration >= 0,
    'tim-5@Timing.repeat': ({ period }) => typeof period !== 'number' || period >= 0,
    'tim-6@Timing.repeat': (value) => !has(value, 'periodMax') || has(value, 'period'),
    'tim-7@Timing.repeat': (value) => !has(value, 'durationMax') || has(value, 'duration'),
    'tim-8@Timing.repeat': (value) => !has(value, 'countMax') || has(value, 'count'),
    'tim-9@Timing.repeat': (value) =>
      !has(value, 'offset') ||
      (has(value, 'when') && !list(value.when).some((when) => MEALS.includes(when as unknown as string))),
    'tim-10@Timing.repeat': (value) => !has(value, 'timeOfDay') || !has(value, 'when'),

    'ait-1@AllergyIntolerance': (value) =>
      isCoded(value.verificationStatus, 'allergyintolerance-verification', ['entered-in-error']) ||
      value.clinicalStatus !== undefined,
    'ait-2@AllergyIntolerance': (value) =>
      !isCoded(value.verificationStatus, 'allergyintolerance-verification', ['entered-in-error']) ||
      value.clinicalStatus === undefined,
    'app-1@Appointment.participant': (value) => value.type !== undefined || value.actor !== undefined,
    'app-2@Appointment': (value) => has(value, 'start') === has(value, 'end'),
    'app-3@Appointment': (value) =>
      (has(value, 'start') && has(value, 'end')) || WITHOUT_TIMES.includes(value.status as string),
    'app-4@Appointment': (value) =>
      value.cancelationReason === undefined || REASONS_TO_CANCEL.includes(value.status as string),
    'con-4@Condition': (value) =>
      !hasChoice(value, 'abatement') ||
      isCoded(value.clinicalStatus, 'condition-clinical', ['resolved', 'remission', 'inactive']),
    'con-5@Condition': (value) =>
      !isCoded(value.verificationStatus, 'condition-ver-status', ['entered-in-error']) ||
      value.clinicalStatus === undefined,
    'csd-1@CodeSystem': (value) => hasDistinctConcepts(value),
    // the member is not resolved: its reference tells what it is
    'ctm-1@CareTeam.participant': ({ onBehalfOf, member }) =>
      onBehalfOf === undefined ||
      !/^(?!Practitioner\/)[A-Z]\w+\//.test((member as Reference | undefined)?.reference ?? ''),
    'grp-1@Group': (value) => value.member === undefined || value.actual === true,
    'imm-1@Immunization.education': (value) => has(value, 'documentType') || has(value, 'reference'),
    'inv-1@Task': (value) => inOrder(value.authoredOn, value.lastModified),
    'lst-1@List': (value) => value.emptyReason === undefined || value.entry === undefined,
    'lst-2@List': (value) =>
      value.mode === 'changes' || !list(value.entry).some((entry) => has(entry, 'deleted')),
    'lst-3@List': (value) =>
      value.mode === 'working' || !list(value.entry).some((entry) => has(entry, 'date')),
    'mdd-1@MedicationDispense': (value) => inOrder(value.whenPrepared, value.whenHandedOver),
    'obs-3@Observation.referenceRange': (value) =>
      value.low !== undefined || value.high !== undefined || has(value, 'text'),
    'obs-6@Observation': (value) => value.dataAbsentReason === undefined || !hasChoice(value, 'value'),
    'obs-7@Observation': isObserved,
    'org-1@Organization': (value) => value.identifier !== undefined || has(value, 'name'),
    'org-2@Organization.address': (value) => !isHome(value),
    'org-3@Organization.telecom': (value) => !isHome(value),
    'pat-1@Patient.contact': (value) =>
      ['name', 'telecom', 'address', 'organization'].some((name) => value[name] !== undefined),
    'ppc-1@Consent': (value) => value.policy !== undefined || value.policyRule !== undefined,
    'sdf-8@StructureDefinition.snapshot': (value, { resource }) =>
      isRooted(value, resource, (path) => path === resource.type),
    'sdf-8a@StructureDefinition.differential': (value, { resource }) =>
      isRooted(value, resource, (path) => path.startsWith(resource.type as string)),
    'sev-1@AuditEvent.entity': (value) => !has(value, 'name') || !has(value, 'query'),
  }),
);
