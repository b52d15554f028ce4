/** The demo's data, each resource with the caller that it comes from, in the order in which to load it. */
import type { Resource } from '../fhir/resource.ts';
import { agenda } from './agenda.ts';
import type { CallerName } from './callers.ts';
import { consents } from './consents.ts';
import { directory } from './directory.ts';
import { documents } from './documents.ts';
import { family } from './family.ts';
import { immunizations } from './immunizations.ts';
import { measures } from './measures.ts';
import { record } from './record.ts';

/** Who deposits when: places and people first, then what the patients allow, then what others and they themselves add. */
const ORDER: CallerName[] = [
  'registrar',
  'patient',
  'father',
  'child',
  'teen',
  'grandmother',
  'gp',
  'dentist',
  'hospital',
  'lab',
];

export interface Deposit {
  caller: CallerName;
  /** All with an id that this caller may create by PUT. */
  resources: Resource[];
}

/** The same for the same `now`, whose day is the reference of all dates. */
export function demoDeposits(now: Date): Deposit[] {
  const registered = [...directory(now), ...family(now)].map((resource) => ({
    caller: 'registrar',
    resource,
  }));
  const rows = [
    registered,
    consents(now),
    record(now),
    immunizations(now),
    measures(now),
    documents(now),
    agenda(now),
  ];
  return ORDER.map((caller) => ({
    caller,
    resources: rows.flatMap((list) =>
      list.filter((row) => row.caller === caller).map(({ resource }) => resource),
    ),
  }));
}

export function demoResources(now: Date): Resource[] {
  return demoDeposits(now).flatMap(({ resources }) => resources);
}
