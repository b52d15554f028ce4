/** The engine's decision on one resource, by what the store would keep of it: as a plan for queries, and said with its line. */
import { type Attributes, type Condition, matches } from '../../../src/condition/condition.ts';
import type { Caller } from '../../../src/consent/caller.ts';
import { lettingOf } from '../../../src/consent/letting.ts';
import { type Decision, decide, plan } from '../../../src/consent/lines.ts';
import { compile } from '../../../src/consent/policy.ts';
import { factsOf } from '../../../src/fhir/facts.ts';
import { labelsOf } from '../../../src/fhir/labels.ts';
import type { Resource } from '../../../src/fhir/resource.ts';
import { patientsOf } from '../../../src/fhir/subjects.ts';
import type { Case } from './case.ts';
import { BASE } from './reference-facts.ts';
import type { ReferenceCaller } from './reference-words.ts';
import { rulesWith } from './rules.ts';
import { PATIENT } from './universe.ts';

export function attributesOf(
  resource: Resource,
  by = 'Organization/depositor',
  hiddenSince?: string,
): Attributes {
  const facts = factsOf(resource, BASE);
  return {
    type: resource.resourceType,
    id: resource.id!,
    patients: patientsOf(resource, BASE),
    by,
    labels: labelsOf(resource),
    ...facts,
    codes: [...lettingOf(resource), ...facts.codes],
    ...(hiddenSince === undefined ? {} : { hidden: Date.parse(hiddenSince) }),
  };
}

/** The caller as the engine is told of them. */
export function engineCaller({ emergency, ...caller }: ReferenceCaller): Caller {
  return {
    ...caller,
    emergencies: emergency === undefined ? [] : [{ ...emergency, since: Date.parse(emergency.since) }],
  } as Caller;
}

export const namedIn = (resources: readonly Resource[]): Map<string, Resource> =>
  new Map(resources.map((each) => [`${each.resourceType}/${each.id}`, each]));

export const statedIn = ({ consents, relatedPersons, careTeams, patient }: Question): Resource[] => [
  ...consents,
  ...relatedPersons,
  ...careTeams,
  ...(patient === undefined ? [] : [patient]),
];

export interface Engine {
  /** What the plan's condition says of the resource. */
  planned: 'permit' | 'deny';
  effect: 'permit' | 'deny';
  line: number;
  because: readonly string[];
}

export function engine(each: Case): Engine {
  const asked = askedIn(each);
  const facts = attributesOf(each.resource, each.by, each.hiddenSince);
  return {
    planned: matches(plan(...asked), facts) ? 'permit' : 'deny',
    ...decide(...asked, facts),
  };
}

/** Without the plan. */
export function decision(each: Case): Decision {
  return decisions(each)(each);
}

/** The same question of many resources. */
export function decisions(each: Question): (of: Pick<Case, 'resource' | 'by' | 'hiddenSince'>) => Decision {
  const asked = askedIn(each);
  return ({ resource, by, hiddenSince }) => decide(...asked, attributesOf(resource, by, hiddenSince));
}

/** The condition of a search for what is the patient's. */
export const planned = (each: Question): Condition => plan(...askedIn(each));

/** A case without the resource. */
export type Question = Omit<Case, 'resource' | 'by' | 'hiddenSince'>;

function askedIn(each: Question): Parameters<typeof plan> {
  const rules = rulesWith(each.rules);
  const policy = compile(PATIENT, statedIn(each), rules);
  return [policy, engineCaller(each.caller), rules, Date.parse(each.now), namedIn(each.named)];
}
