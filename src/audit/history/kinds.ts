/** What was done, in the words that a history is searched by. http://hl7.org/fhir/restful-interaction */
import type { Coding, Json } from '../../fhir/resource.ts';
import { AUTHORIZED } from '../aside.ts';
import { LIFECYCLE } from '../event.ts';
import { accountDeed } from '../identity/kinds.ts';

/** What somebody did. */
export const DEEDS = [
  'read',
  'search',
  'add',
  'change',
  'delete',
  'history',
  'check',
  'login',
  'logout',
  'connect',
  'disconnect',
  'account',
  'other',
] as const;
/** How it was, beside what was done. */
export const MANNERS = ['emergency', 'consent', 'refused', 'failed'] as const;
export const KINDS = [...DEEDS, ...MANNERS] as const;

export type Deed = (typeof DEEDS)[number];
export type Kind = (typeof KINDS)[number];

export interface Told {
  deed: Deed;
  /** Of what was written together: what else was done, by `Type/id`. */
  beside?: ReadonlyMap<string, Deed>;
  /** A Consent was made, changed or deleted. */
  consent: boolean;
  refused: boolean;
  failed: boolean;
}

const BY_INTERACTION: Readonly<Record<string, Deed>> = {
  read: 'read',
  vread: 'read',
  history: 'read',
  'history-instance': 'read',
  'history-type': 'search',
  'history-system': 'search',
  search: 'search',
  'search-type': 'search',
  'search-system': 'search',
  create: 'add',
  update: 'change',
  patch: 'change',
  delete: 'delete',
  disclose: 'read',
  transaction: 'change',
  batch: 'change',
};
const BY_OPERATION: Readonly<Record<string, Deed>> = {
  'access-history': 'history',
  meta: 'read',
  'meta-add': 'change',
  'meta-delete': 'change',
  'explain-access': 'check',
  'access-preview': 'check',
  'enforcement-status': 'check',
  'access-status': 'check',
  validate: 'check',
  everything: 'read',
  summary: 'read',
  html: 'read',
  docref: 'search',
};
const BY_ACTION: Readonly<Record<string, Deed>> = { C: 'add', R: 'read', U: 'change', D: 'delete' };
const BY_LIFECYCLE: Readonly<Record<string, Deed>> = { '1': 'add', '3': 'change', '14': 'delete' };
const WRITES: ReadonlySet<Deed> = new Set(['add', 'change', 'delete']);

/** @param names references of its entities, the patient and the traces too */
export function kindsOf(event: Json, names: readonly string[]): Told {
  const deed = deedOf(event);
  const beside = WRITES.has(deed) ? besideIn(event, deed) : undefined;
  return {
    deed: (deed === 'read' || deed === 'search') && isOfTraces(names) ? 'history' : deed,
    ...(beside === undefined ? {} : { beside }),
    consent: WRITES.has(deed) && names.some((name) => name.startsWith('Consent/')),
    refused: event.outcome === '4',
    failed: event.outcome === '8' || event.outcome === '12',
  };
}

/** Who looks at traces looks at the history, whichever way. */
function isOfTraces(names: readonly string[]): boolean {
  let found = false;
  for (const name of names) {
    if (name.startsWith('AuditEvent/')) found = true;
    else if (!name.startsWith('Patient/')) return false;
  }
  return found;
}

function deedOf(event: Json): Deed {
  const code = codeOf(event.subtype);
  const happened = codesOf(event.subtype)
    .map(accountDeed)
    .find((each) => each !== undefined);
  if (happened !== undefined) return happened;
  if (code === AUTHORIZED.code) return 'connect';
  const known = code === undefined ? undefined : BY_INTERACTION[code];
  if (known !== undefined && WRITES.has(known)) return doneBy(code!, event.action) ?? known;
  if (code === 'disclose') return 'read';
  const path = known === 'read' || known === 'search' || code === 'operation' ? pathOf(event) : code;
  if (path !== undefined) {
    if (OF_TRACES.test(path)) return 'history';
    const operation = OPERATION.exec(path)?.[1];
    if (operation !== undefined) return BY_OPERATION[operation] ?? 'other';
  }
  return known ?? BY_ACTION[String(event.action)] ?? 'other';
}

/** A write did what its action says: one that found what was there already wrote nothing. */
function doneBy(code: string, action: unknown): Deed | undefined {
  if (action === 'E') return code === 'transaction' || code === 'batch' ? undefined : 'search';
  return BY_ACTION[String(action)];
}

/** Of several that were written together each says how; what doesn't was read on the way. Undefined: all are alike. */
function besideIn({ entity, subtype, action }: Json, deed: Deed): ReadonlyMap<string, Deed> | undefined {
  const entities = Array.isArray(entity) ? (entity as Json[]) : [];
  const isWritten = ({ lifecycle }: Json): boolean => (lifecycle as Coding | undefined)?.system === LIFECYCLE;
  const isForemost = ({ type }: Json): boolean => (type as Coding | undefined)?.code === '2';
  const isTransaction = action !== 'E' && codesOf(subtype).includes('transaction');
  if (!entities.some(isWritten) && !(isTransaction && entities.some(isForemost))) return undefined;
  const beside = new Map<string, Deed>();
  for (const each of entities) {
    const reference = (each.what as { reference?: string } | undefined)?.reference;
    if (reference === undefined || reference.startsWith('Patient/') || isForemost(each)) continue;
    const did = isWritten(each) ? BY_LIFECYCLE[String((each.lifecycle as Coding).code)] : 'read';
    if (did !== undefined && did !== deed) beside.set(reference, did);
  }
  return beside.size === 0 ? undefined : beside;
}

const OF_TRACES = /(?:^|\/)AuditEvent(?:\/|$)/;
const OPERATION = /\$([a-z-]+)/;

function codesOf(subtype: unknown): string[] {
  return Array.isArray(subtype) ? (subtype as Coding[]).map(({ code }) => code ?? '') : [];
}

function codeOf(subtype: unknown): string | undefined {
  const codes = codesOf(subtype);
  return codes.find((code) => Object.hasOwn(BY_INTERACTION, code)) ?? codes[0];
}

/** The address that a search or an operation was sent to. */
function pathOf({ entity }: Json): string | undefined {
  for (const { query } of Array.isArray(entity) ? (entity as Json[]) : []) {
    if (typeof query === 'string') return Buffer.from(query, 'base64').toString('latin1').split('?', 1)[0];
  }
  return undefined;
}

/** All kinds that something is. */
export function kindNames({ deed, beside, consent, refused, failed }: Told, isEmergency: boolean): Kind[] {
  return [
    deed,
    ...new Set(beside?.values()),
    ...(isEmergency ? ['emergency' as const] : []),
    ...(consent ? ['consent' as const] : []),
    ...(refused ? ['refused' as const] : []),
    ...(failed ? ['failed' as const] : []),
  ];
}
