/** What was done, in the words that a history is searched by. http://hl7.org/fhir/restful-interaction */
import type { Coding, Json, Reference, Resource } from '../../fhir/resource.ts';

/** What somebody did. */
export const DEEDS = ['read', 'search', 'add', 'change', 'delete', 'history', 'check', 'other'] as const;
/** How it was, beside what was done. */
export const MANNERS = ['emergency', 'consent', 'refused', 'failed'] as const;
export const KINDS = [...DEEDS, ...MANNERS] as const;

export type Deed = (typeof DEEDS)[number];
export type Kind = (typeof KINDS)[number];

export interface Told {
  deed: Deed;
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
  validate: 'check',
};
const BY_ACTION: Readonly<Record<string, Deed>> = { C: 'add', R: 'read', U: 'change', D: 'delete' };
const WRITES: ReadonlySet<Deed> = new Set(['add', 'change', 'delete']);

export function kindsOf(event: Pick<Resource, 'resourceType'> & Json): Told {
  const deed = deedOf(event);
  const references = entitiesOf(event).map(({ what }) => String((what as Reference | undefined)?.reference));
  return {
    deed: deed === 'read' || deed === 'search' ? lookedAt(references, deed) : deed,
    consent: WRITES.has(deed) && references.some((each) => each.startsWith('Consent/')),
    refused: event.outcome === '4',
    failed: event.outcome === '8' || event.outcome === '12',
  };
}

/** Who looks at traces looks at the history, whichever way. */
function lookedAt(references: readonly string[], deed: Deed): Deed {
  const others = references.filter((each) => /^[A-Z]/.test(each) && !each.startsWith('Patient/'));
  return others.length > 0 && others.every((each) => each.startsWith('AuditEvent/')) ? 'history' : deed;
}

function deedOf(event: Json): Deed {
  const codes = (Array.isArray(event.subtype) ? (event.subtype as Coding[]) : []).map(
    ({ code }) => code ?? '',
  );
  const queries = queriesOf(event);
  if (queries.some((path) => /(^|\/)AuditEvent(\/|$)/.test(path))) return 'history';
  const operation = [...codes, ...queries]
    .map((each) => /\$([a-z-]+)/.exec(each)?.[1])
    .find((each) => each !== undefined);
  if (operation !== undefined) return BY_OPERATION[operation] ?? 'other';
  const known = codes.find((code) => Object.hasOwn(BY_INTERACTION, code));
  if (known !== undefined) return BY_INTERACTION[known]!;
  return BY_ACTION[String(event.action)] ?? 'other';
}

/** The addresses that searches and operations were sent to. */
function queriesOf(event: Json): string[] {
  return entitiesOf(event).flatMap(({ query }) =>
    typeof query === 'string' ? [Buffer.from(query, 'base64').toString().split('?', 1)[0]!] : [],
  );
}

function entitiesOf({ entity }: Json): Json[] {
  return Array.isArray(entity) ? (entity as Json[]) : [];
}

/** All kinds that something is. */
export function kindNames({ deed, consent, refused, failed }: Told, isEmergency: boolean): Kind[] {
  return [
    deed,
    ...(isEmergency ? ['emergency' as const] : []),
    ...(consent ? ['consent' as const] : []),
    ...(refused ? ['refused' as const] : []),
    ...(failed ? ['failed' as const] : []),
  ];
}
