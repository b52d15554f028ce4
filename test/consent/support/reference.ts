/**
 * The order of `conformance/consent-rules.md`, evaluated word by word on FHIR JSON. Written from that page alone, for
 * clarity: it shares no code with the engine that it is held against.
 */
import { usual, verdictsOfAll, weigh } from './reference-consents.ts';
import { treats } from './reference-elements.ts';
import { isOpenInEmergency } from './reference-emergency.ts';
import { isBlocked } from './reference-blocks.ts';
import { isOthersWord } from './reference-words-of-patients.ts';
import { isOpen, isSharedWith, isTrusted, linkOf } from './reference-links.ts';
import { carries, isInMatrix, isUnannounced } from './reference-rules.ts';
import { type Effect, isProfessional, object, type Situation } from './reference-words.ts';

export type { ReferenceCaller, Statements, Situation } from './reference-words.ts';
export type { ReferenceRules } from './reference-rules.ts';

export interface Decision {
  effect: Effect;
  line: number;
}

/** What a line says, or nothing where it doesn't apply. */
type Line = (situation: Situation) => Effect | undefined;

const when = (applies: boolean, effect: Effect): Effect | undefined => (applies ? effect : undefined);

/** In their order. */
const LINES: Record<number, Line> = {
  1: ({ caller, rules }) => when(rules.excluded.includes(caller.role), 'deny'),

  2: (situation) => {
    const { said, resource, caller } = situation;
    if (isOpen(situation)) return undefined;
    const isItself = resource.resourceType === 'Patient' && resource.id === said.id;
    const mayKnow = linkOf(situation) === 'patient' || caller.rights.includes('registration.write');
    return isItself && mayKnow ? 'permit' : 'deny';
  },

  3: ({ by, caller }) => when(by === caller.depositor, 'permit'),

  4: (situation) => {
    const link = linkOf(situation);
    return when(link !== 'patient' && link !== 'representative' && isBlocked(situation), 'deny');
  },

  5: (situation) => {
    const { resource, caller, rules } = situation;
    if (caller.role === 'professional' || caller.role === 'system') return undefined;
    const isHidden = carries(resource, rules.labels.hiddenFromRepresentatives);
    const isPatient = linkOf(situation) === 'patient';
    return when(isUnannounced(situation) || (!isPatient && isHidden), 'deny');
  },

  6: (situation) => {
    const link = linkOf(situation);
    if (link === 'patient' || link === 'representative') return 'permit';
    if (link !== 'aidant' || situation.resource.resourceType === 'AuditEvent') return undefined;
    if (isOthersWord(situation)) return undefined;
    const byName = verdictsOfAll(situation, usual).filter(({ level }) => level === 'caller');
    return when(weigh(byName) === 'permit', 'permit');
  },

  7: (situation) => when(isOpenInEmergency(situation), 'permit'),

  8: (situation) => when(isTrusted(situation), 'permit'),

  9: ({ resource, rules }) => when(carries(resource, rules.labels.masked), 'deny'),

  10: (situation) => {
    const word = wordOf(situation);
    return word === 'permit' && exceedsMatrix(situation) ? undefined : word;
  },

  11: (situation) => when(wordOf(situation) === 'permit', 'deny'),

  12: () => 'deny',
};

const GRANTING = [
  'http://terminology.hl7.org/CodeSystem/audit-event-type|rest',
  'http://dicom.nema.org/resources/ontology/DCM|110106',
];

/** After line 6 they are given to nobody, nor at it to an aidant; but line 8 gives those of what was granted here. */
const NOT_FOR_TRACES = [7, 9, 10, 11];
/** After line 6, but for whom a Consent alone lets in. */
const NOT_FOR_WORDS = [7, 8, 9, 10, 11];

function isSkipped(line: number, situation: Situation): boolean {
  const { resource, by } = situation;
  if (NOT_FOR_WORDS.includes(line) && isOthersWord(situation)) return true;
  if (resource.resourceType !== 'AuditEvent') return false;
  return NOT_FOR_TRACES.includes(line) || (line === 8 && !(by === 'carnet' && isGranted(resource)));
}

function isGranted({ outcome, type }: Situation['resource']): boolean {
  const { system, code } = object(type);
  return outcome === '0' && GRANTING.includes(`${String(system)}|${String(code)}`);
}

/** What a resource is for a caller. The first line that applies decides. */
export function decided(situation: Situation): Decision {
  for (const [name, rule] of Object.entries(LINES)) {
    const line = Number(name);
    const effect = isSkipped(line, situation) ? undefined : rule(situation);
    if (effect !== undefined) return { effect, line };
  }
  throw new Error('line 12 applies to whatever is left');
}

/** What line 10 says, the matrix aside. */
function wordOf(situation: Situation): Effect | undefined {
  const { caller, rules } = situation;
  const shared = isSharedWith(situation) ? ([{ effect: 'permit', level: 'group' }] as const) : [];
  const usually = when(rules.default === 'permit' && isProfessional(caller) && treats(caller), 'permit');
  return weigh([...verdictsOfAll(situation, usual), ...shared]) ?? usually;
}

function exceedsMatrix(situation: Situation): boolean {
  return isProfessional(situation.caller) && !isInMatrix(situation);
}
